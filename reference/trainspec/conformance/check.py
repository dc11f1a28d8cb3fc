"""The check itself: `implementation, cases -> results`. Smoke first, then the mathematics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from trainspec.conformance import profiles
from trainspec.conformance.cases import Case, CaseError
from trainspec.conformance.cases import load as load_cases
from trainspec.conformance.combine import checked_name
from trainspec.conformance.compare import compared, flattened
from trainspec.conformance.draws import drawn
from trainspec.conformance.files import techniques
from trainspec.conformance.implementations import Implementation
from trainspec.conformance.outcome import CallError, Outcome, Result
from trainspec.conformance.page import PageError, load
from trainspec.conformance.types import TYPES


def checked(
    implementation: Implementation,
    cases: Sequence[Case],
    types: Iterable[str] = (),
    variants: Mapping[str, str] | None = None,
    tick: Callable[[], None] = lambda: None,
    *,
    draws_of: Sequence[str] = (),
) -> Iterator[Result]:
    """The result of every case in every type that both sides serve, in the cases' order.

    `variants` (operation -> variant, "" for the canonical form) overrides what the
    implementation says of itself. Its own draws are judged for the techniques in
    `draws_of`. Raises `CaseError` for a variant that does not exist.
    """
    declared = {**declarations(implementation), **(variants or {})}
    kinds = [k for k in (types or implementation.types) if k in implementation.types]
    known = {name for name in implementation.known_failures if " in " not in name}
    for forms in rows(implementation, cases, declared):
        if not forms[0].form and not implementation.offers(forms[0].operation):
            for case in forms:
                yield Result(case, "", Outcome.UNSUPPORTED, "not offered")
                tick()
            continue
        broken = _smoke(implementation, forms, kinds)
        late = 0
        for case in forms:
            passed = False
            for kind in kinds:
                if kind not in case.types:
                    continue
                if late >= PATIENCE:
                    message = f"not asked: {PATIENCE} cases in a row had no answer in time"
                    result = Result(case, kind, Outcome.TIMED_OUT, message)
                else:
                    result = _one(implementation, case, kind, broken)
                    late = late + 1 if result.outcome is Outcome.TIMED_OUT else 0
                result = _judged(implementation, result)
                passed = passed or result.outcome is Outcome.PASS
                if result.outcome is Outcome.KNOWN_FAILURE:
                    known.discard(case.label)
                yield result
            if passed and case.label in known and len(kinds) == len(implementation.types):
                yield Result(case, kinds[0], Outcome.STALE, STALE)
            tick()
    for result in drawn(implementation, draws_of, kinds):
        yield _judged(implementation, result)


#: After so many cases in a row without an answer in time the rest of an operation is not asked.
PATIENCE = 3
STALE = "passes, but is listed among the known failures: take it off the list"


def declarations(implementation: Implementation) -> dict[str, str]:
    """The variants that the implementation declares; "canonical" is a word for none.

    Raises `CaseError` for a declaration, of a variant or a known failure, that names nothing.
    """
    who = implementation.name
    given = {o: _named(f"{who}: variants", o, v) for o, v in implementation.variants.items()}
    for row in implementation.forms:
        operation, _, form = row.partition(":")
        _named(f"{who}: forms", operation, form)
    followed = profiles.load(implementation.profile).main if implementation.profile else {}
    ids = {case.id for case in load_cases()} if implementation.known_failures else set()
    for name in implementation.known_failures:
        label, _, kind = name.partition(" in ")
        row, slash, last = label.partition("/")
        named = f"{row.partition(':')[0]}{slash}{last}"
        if not (named in ids or "/draws-" in named) or kind not in ("", *TYPES):
            raise CaseError(
                f"{implementation.name}: known_failures names {name!r}, which is no case, "
                "nor a case “in” a type; `trainspec list --cases` names them all"
            )
    return {**followed, **given}


def _named(who: str, operation: str, variant: str) -> str:
    """The variant's name as it is written.

    Raises `CaseError` where there is no such operation or variant.
    """
    operations = {t.rpartition("/")[2]: t for t in techniques()}
    if operation not in operations:
        known = ", ".join(operations)
        raise CaseError(f"{who} names the operation {operation!r}; there are {known}")
    try:
        return checked_name(load(operations[operation]), variant)
    except PageError as error:
        raise CaseError(str(error)) from None


def as_declared(case: Case, variant: str) -> Case:
    """The case as the declared variant's.

    Raises `CaseError` where the technique has no such variant.
    """
    return case.as_variant(_named("", case.operation, variant)) if variant else case


def rows(
    implementation: Implementation, cases: Sequence[Case], declared: Mapping[str, str]
) -> Iterator[list[Case]]:
    """The cases of each operation in its main form, then in each further one that is offered."""
    for operation, own in by_operation(cases).items():
        yield [as_declared(case, declared.get(operation, "")) for case in own]
        for row in implementation.forms:
            name, _, form = row.partition(":")
            if name == operation:
                yield [
                    replace(as_declared(case, form), form=form) for case in own if not case.rejects
                ]


def by_operation(cases: Sequence[Case]) -> dict[str, list[Case]]:
    """The cases of each operation."""
    grouped: dict[str, list[Case]] = {}
    for case in cases:
        grouped.setdefault(case.operation, []).append(case)
    return grouped


def single(implementation: Implementation, case: Case, kind: str) -> Result:
    """The result of one case, already as it is declared, in one type."""
    broken = _smoke(implementation, [case], [kind])
    return _judged(implementation, _one(implementation, case, kind, broken))


def _one(implementation: Implementation, case: Case, kind: str, broken: CallError | None) -> Result:
    if broken and (broken.outcome is not Outcome.REJECTED or case.rejects):
        return Result(case, kind, broken.outcome, str(broken))
    try:
        return compared(case, kind, implementation.call(case, kind))
    except CallError as error:
        if case.rejects and error.outcome is Outcome.REJECTED:
            return Result(case, kind, Outcome.PASS, str(error))
        return Result(case, kind, error.outcome, str(error))


def _judged(implementation: Implementation, result: Result) -> Result:
    """The result in the light of the clause's strength and of the failures that are known."""
    known = implementation.known_failures
    label = result.case.label
    reason = known.get(f"{label} in {result.kind}", known.get(label))
    fails = result.outcome.fails
    if reason is not None:
        if fails:
            return replace(result, outcome=Outcome.KNOWN_FAILURE, message=reason)
        specific = f"{label} in {result.kind}" in known
        if specific and result.outcome is Outcome.PASS:
            return replace(result, outcome=Outcome.STALE, message=STALE)
        return result
    # Bad hyperparameters may well crash what does not look at them: that is advice too.
    weak = not result.outcome.breaks or (
        result.case.rejects and result.outcome is not Outcome.MALFORMED
    )
    if fails and weak and result.case.requirement != "MUST":
        return replace(result, outcome=Outcome.ADVICE)
    return result


def _smoke(
    implementation: Implementation, cases: Sequence[Case], kinds: Sequence[str]
) -> CallError | None:
    """Whether the adapter works at all: names, form, shapes, and the same answer twice.

    Gives what is wrong with it, or nothing. Judges no number.
    """
    for case in cases:
        serving = [kind for kind in kinds if kind in case.types]
        if case.rejects or not serving:
            continue
        try:
            first, _ = flattened(case, serving[0], implementation.call(case, serving[0]))
            again, _ = flattened(case, serving[0], implementation.call(case, serving[0]))
        except CallError as error:
            if error.outcome is Outcome.MALFORMED:
                message = f"{error} (asked for {case.id} in {serving[0]})"
                return CallError(Outcome.MALFORMED, message)
            if error.outcome is Outcome.REJECTED:
                # What refuses a good request does not refuse a bad one for a reason.
                return CallError(Outcome.REJECTED, f"good requests are refused too: {error}")
            return None
        if not np.array_equal(first, again, equal_nan=True):
            return CallError(
                Outcome.MALFORMED,
                f"the same request got two different answers ({case.id}): "
                "start every call from a fresh state",
            )
        return None
    return None
