"""The check itself: `implementation, cases -> results`. Smoke first, then the mathematics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from trainspec.conformance.cases import Case, CaseError
from trainspec.conformance.compare import compared, flattened
from trainspec.conformance.implementations import Implementation
from trainspec.conformance.outcome import CallError, Outcome, Result


def checked(
    implementation: Implementation,
    cases: Sequence[Case],
    types: Iterable[str] = (),
    variants: Mapping[str, str] | None = None,
    tick: Callable[[], None] = lambda: None,
) -> Iterator[Result]:
    """The result of every case in every type that both sides serve, in the cases' order.

    `variants` (operation -> variant, "" for the canonical form) overrides what the
    implementation says of itself. Raises `CaseError` for a variant that does not exist.
    """
    declared = {**implementation.variants, **(variants or {})}
    kinds = [k for k in (types or implementation.types) if k in implementation.types]
    for operation, own in _by_operation(cases).items():
        if not implementation.offers(operation):
            for case in own:
                yield Result(case, "", Outcome.UNSUPPORTED, "not offered")
                tick()
            continue
        forms = [as_declared(case, declared.get(operation, "")) for case in own]
        broken = _smoke(implementation, forms, kinds)
        for case in forms:
            for kind in kinds:
                if kind not in case.types:
                    continue
                if broken:
                    result = Result(case, kind, broken.outcome, str(broken))
                else:
                    result = _one(implementation, case, kind)
                yield _judged(implementation, result)
            tick()


def as_declared(case: Case, variant: str) -> Case:
    """The case as the declared variant's.

    Raises `CaseError` where the technique has no such variant.
    """
    if variant and not case.rejects and variant not in case.variants:
        known = ", ".join(case.variants) or "none"
        raise CaseError(
            f"{case.technique} has no variant {variant!r}; its variants are: {known}"
        )
    return case.as_variant(variant)


def _by_operation(cases: Sequence[Case]) -> dict[str, list[Case]]:
    grouped: dict[str, list[Case]] = {}
    for case in cases:
        grouped.setdefault(case.operation, []).append(case)
    return grouped


def _one(implementation: Implementation, case: Case, kind: str) -> Result:
    try:
        return compared(case, kind, implementation.call(case, kind))
    except CallError as error:
        if case.rejects and error.outcome is Outcome.REJECTED:
            return Result(case, kind, Outcome.PASS, str(error))
        return Result(case, kind, error.outcome, str(error))


def _judged(implementation: Implementation, result: Result) -> Result:
    """The result in the light of the clause's strength and of the failures that are known."""
    known = implementation.known_failures
    reason = known.get(f"{result.case.id} in {result.kind}", known.get(result.case.id))
    fails = result.outcome.fails
    if reason is not None:
        if fails:
            return replace(result, outcome=Outcome.KNOWN_FAILURE, message=reason)
        specific = f"{result.case.id} in {result.kind}" in known
        if specific and result.outcome is Outcome.PASS:
            message = "passes, but is listed among the known failures: take it off the list"
            return replace(result, outcome=Outcome.STALE, message=message)
        return result
    if fails and not result.outcome.breaks and result.case.requirement != "MUST":
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
            return None
        if not np.array_equal(first, again, equal_nan=True):
            return CallError(
                Outcome.MALFORMED,
                f"the same request got two different answers ({case.id}): "
                "start every call from a fresh state",
            )
        return None
    return None
