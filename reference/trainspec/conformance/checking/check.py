"""The check: `implementation, cases -> results`. A smoke test first, then the mathematics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np
from msgspec.structs import replace

from trainspec.conformance.basics.names import CaseInType, Subject, whole_case
from trainspec.conformance.cases.case import Case
from trainspec.conformance.cases.result import CallError, Outcome, Result
from trainspec.conformance.checking.answer import flatten_answer, judge_answer
from trainspec.conformance.checking.declarations import iterate_offerings, read_declarations
from trainspec.conformance.checking.random_draws import check_draws
from trainspec.conformance.checking.steps import check_step_case, list_step_cases
from trainspec.conformance.implementations.implementation import Implementation

#: After this number of cases in a row without an answer in time, an operation is asked no more.
PATIENCE = 3
STALE = "passes, but is listed among the known failures: take it off the list"


def check_cases(
    implementation: Implementation,
    cases: Sequence[Case],
    types: Iterable[str] = (),
    forms: Mapping[str, str] | None = None,
    tick: Callable[[], None] = lambda: None,
    *,
    known: Mapping[str, str] | None = None,
    draws_of: Sequence[str] = (),
    steps_of: Sequence[str] = (),
) -> Iterator[Result]:
    """The result of every case in every type that both sides serve, in the cases' order.

    `forms` (operation -> form, "" for the canonical one) overrides what the implementation
    declares; `known` (case, or ``case in type`` -> reason) adds to its known failures. Its own
    draws are judged for the techniques in `draws_of`, runs step by step for those in `steps_of`.
    Raises `CaseError` for a form that does not exist.
    """
    declared = {**read_declarations(implementation), **(forms or {})}
    kinds = [k for k in (types or implementation.types) if k in implementation.types]
    reasons = {**implementation.known_failures, **(known or {})}
    own_list = not implementation.undeclared
    for own in iterate_offerings(implementation, cases, declared):
        if not own[0].offered and not implementation.offers(own[0].operation):
            for case in own:
                yield Result(case, "", Outcome.UNSUPPORTED, "not offered")
                tick()
            continue
        yield from _check_offering(implementation, own, kinds, reasons, tick)
    for result in check_draws(implementation, draws_of, kinds, declared):
        yield apply_known_failures(result, reasons, own=own_list)
    for case, kind in list_step_cases(implementation, steps_of, kinds, declared):
        yield apply_known_failures(
            check_step_case(implementation, case, kind), reasons, own=own_list
        )


def _check_offering(
    implementation: Implementation,
    cases: Sequence[Case],
    kinds: Sequence[str],
    reasons: Mapping[str, str],
    tick: Callable[[], None],
) -> Iterator[Result]:
    """The results of one operation in one form."""
    own_list = not implementation.undeclared
    broken, lost = _smoke_test(implementation, cases, kinds)
    late = 0
    for case in cases:
        found = []
        for kind in kinds:
            if kind not in case.types:
                continue
            if late >= PATIENCE:
                message = f"not asked: {PATIENCE} cases in a row had no answer in time"
                result = Result(case, kind, Outcome.TIMED_OUT, message)
            elif lost is not None and (lost.case is case and lost.kind == kind):
                result = lost
            else:
                result = _check_answer(implementation, case, kind, broken)
                late = late + 1 if result.outcome is Outcome.TIMED_OUT else 0
            found.append(apply_known_failures(result, reasons, own=own_list))
            yield found[-1]
        outcomes = {result.outcome for result in found}
        every = len(kinds) == len(implementation.types)
        if (
            own_list
            and case.label in reasons
            and every
            and outcomes & {Outcome.PASS}
            and not outcomes & {Outcome.KNOWN_FAILURE}
        ):
            yield Result(case, kinds[0], Outcome.STALE, STALE)
        tick()


def check_one(
    implementation: Implementation,
    case: Case,
    kind: str,
    known: Mapping[str, str] | None = None,
) -> Result:
    """The result of one case, already as it is declared, in one type."""
    reasons = {**implementation.known_failures, **(known or {})}
    own_list = not implementation.undeclared
    if case.script is not None:
        return apply_known_failures(
            check_step_case(implementation, case, kind), reasons, own=own_list
        )
    broken, lost = _smoke_test(implementation, [case], [kind])
    result = lost or _check_answer(implementation, case, kind, broken)
    return apply_known_failures(result, reasons, own=own_list)


def _check_answer(
    implementation: Implementation, case: Case, kind: str, broken: CallError | None
) -> Result:
    if broken and (broken.outcome is not Outcome.REJECTED or case.rejects):
        return Result(case, kind, broken.outcome, str(broken))
    try:
        return judge_answer(case, kind, implementation.call(case, kind))
    except CallError as error:
        if case.rejects and error.outcome is Outcome.REJECTED:
            return Result(case, kind, Outcome.PASS, str(error))
        return Result(case, kind, error.outcome, str(error), fault=error.fault)


def apply_known_failures(result: Result, reasons: Mapping[str, str], *, own: bool = True) -> Result:
    """Adjust a result: a failure of a SHOULD becomes advice, a listed failure a known failure. A
    listed case that passes is stale if the list is the implementation's `own`; an object without an
    adapter has the list of its library, of which not every entry applies to it.
    """
    fails = result.outcome.fails
    if not reasons and not fails:
        return result
    case = CaseInType(result.case.offering, result.case.name, result.kind)
    reason = reasons.get(str(case), reasons.get(case.label))
    if reason is None and fails and result.subject is Subject.STEPS:
        # What fails when it is asked at once fails when it is asked step by step.
        whole = replace(case, case=whole_case(case.case))
        reason = reasons.get(str(whole), reasons.get(whole.label))
    if reason is not None:
        if fails:
            return replace(result, outcome=Outcome.KNOWN_FAILURE, message=reason)
        if own and str(case) in reasons and result.outcome is Outcome.PASS:
            return replace(result, outcome=Outcome.STALE, message=STALE)
        return result
    # Bad hyperparameters may well crash what does not look at them: that is advice too.
    weak = not result.outcome.breaks or (
        result.case.rejects and result.outcome is not Outcome.MALFORMED
    )
    if fails and weak and result.case.requirement != "MUST":
        return replace(result, outcome=Outcome.ADVICE)
    return result


def _smoke_test(
    implementation: Implementation, cases: Sequence[Case], kinds: Sequence[str]
) -> tuple[CallError | None, Result | None]:
    """Whether the adapter works at all: names, shapes, and the same answer twice.

    Returns what is wrong with it, or nothing, and the result of the case that was asked where it
    crashed or hung: it may not do so a second time. Judges no number.
    """
    case, kind = next(
        ((c, k) for c in cases if not c.rejects for k in kinds if k in c.types), (None, "")
    )
    if case is None:
        return None, None
    try:
        first, _ = flatten_answer(case, kind, implementation.call(case, kind))
        again, _ = flatten_answer(case, kind, implementation.call(case, kind))
    except CallError as error:
        if error.outcome is Outcome.MALFORMED:
            message = f"{error} (asked for {case.id} in {kind})"
            return CallError(Outcome.MALFORMED, message), None
        if error.outcome is Outcome.REJECTED:
            # What rejects a valid request does not reject an invalid one for a reason.
            text = f"valid requests are rejected as well: {error}"
            return CallError(Outcome.REJECTED, text), None
        if error.outcome.breaks:
            return None, Result(case, kind, error.outcome, str(error))
        return None, None
    if not np.array_equal(first, again, equal_nan=True):
        text = (
            f"the same request got two different answers ({case.id}): "
            "start every call from a fresh state"
        )
        return CallError(Outcome.MALFORMED, text), None
    return None, None
