"""Two implementations side by side: `A, B -> where they agree, where they part, and why`.

Both are asked the same cases of every operation that both offer. Where they part, each is
identified, and the page is asked how to set one so that it does what the other does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trainspec.conformance import profiles
from trainspec.conformance.cases import Case
from trainspec.conformance.check import as_declared, by_operation, declarations
from trainspec.conformance.compare import compared, first_off, place
from trainspec.conformance.diagnose import Diagnosis, explained
from trainspec.conformance.evidence import NEAR, Evidence, gathered
from trainspec.conformance.implementations import Implementation
from trainspec.conformance.nest import spelled
from trainspec.conformance.outcome import CallError, Result
from trainspec.conformance.page import Page, load
from trainspec.conformance.types import TYPES


@dataclass(frozen=True)
class Parting:
    """The first place where two answers differ, and the answers there."""

    case: str
    place: str
    one: float
    other: float
    tolerances: float


@dataclass(frozen=True)
class Comparison:
    """One operation of two implementations.

    `forms` says what each was found to be; `cases` how many both answered, and `agreeing` in how
    many they agree. `advice` tells how to set one to do what the other does. An operation that
    one of them does not offer, or that has no common case, has no forms, and a `reason`.
    """

    operation: str
    kind: str
    cases: int
    agreeing: int
    parting: Parting | None
    forms: tuple[Diagnosis, ...]
    advice: tuple[str, ...]
    defaults: tuple[str, ...]
    reason: str = ""

    @property
    def agree(self) -> bool:
        """Whether they agree in every case that both answer."""
        return bool(self.cases) and self.agreeing == self.cases


def compared_with(
    one: Implementation,
    other: Implementation,
    cases: Sequence[Case],
    kind: str = "",
    tick: Callable[[], None] = lambda: None,
) -> Iterator[Comparison]:
    """The comparison of every operation of `cases` that either offers, in `kind` or the widest."""
    kinds = [k for k in TYPES if k in one.types and k in other.types and kind in ("", k)]
    declared = declarations(one), declarations(other)
    for operation, own in by_operation(cases).items():
        offering = [i.name for i in (one, other) if i.offers(operation)]
        if len(offering) == 1:
            reason = f"only {offering[0]} offers it"
            yield Comparison(operation, "", 0, 0, None, (), (), (), reason)
        elif offering:
            mine = next((k for k in kinds if any(k in c.types for c in own)), "")
            yield _comparison(one, other, own, mine, declared)
        tick()


def _comparison(
    one: Implementation,
    other: Implementation,
    cases: Sequence[Case],
    kind: str,
    declared: tuple[Mapping[str, str], Mapping[str, str]],
) -> Comparison:
    page = load(cases[0].technique)
    asked = [case for case in cases if kind in case.types and not case.rejects]
    answers: list[dict[str, Result]] = []
    for implementation, forms_of in zip((one, other), declared):
        found = {}
        for case in asked:
            try:
                answer = implementation.call(case, kind)
                found[case.id] = compared(
                    as_declared(case, forms_of.get(page.name, "")), kind, answer
                )
            except CallError:
                continue
        answers.append(found)
    common = [case for case in asked if all(case.id in found for found in answers)]
    if not common:
        reason = "they have no type and case in common"
        return Comparison(page.name, kind, 0, 0, None, (), (), (), reason)
    evidence = [gathered([found[case.id] for case in common]) for found in answers]
    assert evidence[0] is not None
    assert evidence[1] is not None
    forms = explained(evidence[0]), explained(evidence[1])
    partings = {c.id: _parting(c, kind, answers, forms) for c in common}
    apart = [case for case in common if partings[case.id]]
    apart.sort(key=lambda c: (c.level == "edge", c.steps or 0))
    steady = [c for c in common if _steady(c)]
    only_rate = (
        bool(apart) and len(steady) < len(common) and not any(partings[c.id] for c in steady)
    )
    advice = list(_advice(page, one.name, other.name, *forms)) if apart else []
    if only_rate:
        advice.append("they agree as long as the learning rate does not change")
    return Comparison(
        page.name,
        kind,
        len(common),
        len(common) - len(apart),
        partings[apart[0].id] if apart else None,
        forms,
        tuple(advice),
        tuple(_defaults(page.name, one, other)),
    )


def _steady(case: Case) -> bool:
    rates = case.hyperparameters.get("learning_rate")
    return not isinstance(rates, list) or len(set(rates)) < 2


def _parting(
    case: Case,
    kind: str,
    answers: Sequence[Mapping[str, Result]],
    forms: tuple[Diagnosis, Diagnosis],
) -> Parting | None:
    """Where the answers to a case differ by more than both may be off, or None."""
    one, other = (found[case.id].answer for found in answers)
    if one.shape != other.shape:
        return Parting(case.id, "its shape", float(one.size), float(other.size), float("inf"))
    evidence = Evidence(load(case.technique), kind, [case], [one], 0, frozenset())
    allowed = evidence.allowed(0, [name for form in forms for name in form.edits])
    off = first_off(one, other, case.expected, allowed, kind, NEAR)
    if off is None:
        return None
    index, distance = off
    return Parting(case.id, place(case, index), float(one[index]), float(other[index]), distance)


def _advice(page: Page, one: str, other: str, mine: Diagnosis, theirs: Diagnosis) -> Iterator[str]:
    """How to set each of the two so that it does what the other does, where the page knows."""
    common = set(mine.edits) & set(theirs.edits)
    source, target = (
        "+".join(n for n in d.edits if n not in common) or "canonical" for d in (mine, theirs)
    )
    for name, a, b in ((one, source, target), (other, target, source)):
        for conversion in page.conversions:
            if (conversion.source, conversion.target) == (a, b):
                whose = other if name == one else one
                setting = conversion.text.replace("<br>", ", ")
                yield f"to make {name} do what {whose} does, set {setting}"


def _defaults(operation: str, one: Implementation, other: Implementation) -> Iterator[str]:
    """Default hyperparameters in which the profiles of the two differ."""
    if not (one.profile and other.profile):
        return
    mine, theirs = (profiles.load(i.profile).defaults.get(operation, {}) for i in (one, other))
    for name in mine:
        if name in theirs and mine[name] != theirs[name]:
            yield (
                f"left out, {name} is {mine[name]:g} in {one.name} and {theirs[name]:g} in "
                f"{other.name}"
            )


def as_data(comparison: Comparison) -> dict[str, Any]:
    """A comparison as JSON data."""
    p = comparison.parting
    return {
        "operation": comparison.operation,
        "type": comparison.kind,
        "agree": comparison.agree,
        "cases": comparison.cases,
        "agreeing": comparison.agreeing,
        "forms": [d.form for d in comparison.forms],
        "parting": p
        and {
            "case": p.case,
            "place": p.place,
            "one": spelled(p.one),
            "other": spelled(p.other),
            "tolerances": spelled(p.tolerances),
        },
        "advice": list(comparison.advice),
        "defaults": list(comparison.defaults),
        "reason": comparison.reason,
    }
