"""Two implementations side by side: `A, B -> where they agree, where they differ, and why`.

Both are asked the same cases of every operation that both offer: the main form of the one with
the main form of the other, every further form with its namesake, and where both accept
hyperparameters that only variants have, with these too. Where they differ, each is identified,
and the page says how to set one so that it does what the other does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from trainspec.conformance.basics.float_types import TYPES
from trainspec.conformance.basics.names import Offering, Place, display_form, join_form, split_form
from trainspec.conformance.basics.tensors import spell_number
from trainspec.conformance.cases.case import Case
from trainspec.conformance.cases.result import CallError, Result
from trainspec.conformance.checking.answer import judge_answer
from trainspec.conformance.checking.declarations import (
    as_declared,
    group_by_operation,
    read_declarations,
)
from trainspec.conformance.checking.distance import find_first_difference, locate
from trainspec.conformance.diagnosis.diagnose import Diagnosis, explain
from trainspec.conformance.diagnosis.evidence import NEAR, Evidence, gather_evidence
from trainspec.conformance.implementations.implementation import Implementation, list_offerings
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.page import Page
from trainspec.conformance.pages.parts import VARIANT_HYPERPARAMETER
from trainspec.conformance.pages.profiles import load_profile


class Difference(Struct, frozen=True):
    """The first place where two answers differ, and the answers there.

    If the answers have different numbers of elements, `place` is None, and `one` and `other` hold
    those numbers instead of values.
    """

    case: str
    place: Place | None
    one: float
    other: float
    tolerances: float

    @property
    def where(self) -> str:
        """The place in words."""
        return str(self.place) if self.place else "number of elements"


class Comparison(Struct, frozen=True):
    """One offering of two implementations.

    `forms` says what each was found to be; `cases` how many both answered, and `agreeing` in how
    many they agree; `passed` the hyperparameters that both were given beyond the cases' own.
    `advice` says how to set one to do what the other does. An offering that one of them lacks, or
    that has no common case, has no forms, and a `reason`.
    """

    offering: Offering
    kind: str
    cases: int = 0
    agreeing: int = 0
    difference: Difference | None = None
    forms: tuple[Diagnosis, ...] = ()
    advice: tuple[str, ...] = ()
    defaults: tuple[str, ...] = ()
    passed: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""

    @property
    def agree(self) -> bool:
        """Whether they agree in every case that both answer."""
        return bool(self.cases) and self.agreeing == self.cases


class _Side(Struct, frozen=True):
    """One implementation in one of its offerings, and the form that it declares there."""

    implementation: Implementation
    offering: Offering
    form: str

    def prepare(self, case: Case, passed: Mapping[str, float]) -> Case:
        """The case as this side is asked it."""
        own = replace(as_declared(case, self.form), offered=self.offering.form)
        return replace(own, hyperparameters={**own.hyperparameters, **passed})

    def ask(self, cases: Sequence[Case], kind: str) -> dict[str, Result]:
        """The results of the cases that it answers, by id."""
        found = {}
        for case in cases:
            try:
                answer = self.implementation.call(case, kind)
                found[case.id] = judge_answer(case, kind, answer)
            except CallError:
                continue
        return found


def compare_implementations(
    one: Implementation,
    other: Implementation,
    cases: Sequence[Case],
    kind: str = "",
    tick: Callable[[], None] = lambda: None,
) -> Iterator[Comparison]:
    """The comparison of every operation of `cases` that either offers, in `kind` or the widest."""
    kinds = [k for k in TYPES if k in one.types and k in other.types and kind in ("", k)]
    declared = read_declarations(one), read_declarations(other)
    for operation, own in group_by_operation(cases).items():
        asked = [case for case in own if not case.rejects]
        offered = [
            _list_sides(implementation, operation, forms.get(operation, ""))
            for implementation, forms in zip((one, other), declared)
        ]
        if all(offered):
            for pair in _pair_sides(*offered):
                yield from _compare_sides(pair, asked, kinds)
        elif any(offered):
            name = one.name if offered[0] else other.name
            yield Comparison(Offering(operation), "", reason=f"only {name} offers it")
        tick()


def _list_sides(implementation: Implementation, operation: str, form: str) -> list[_Side]:
    """What an implementation offers of an operation, its main form first."""
    main = [_Side(implementation, Offering(operation), form)]
    further = [
        _Side(implementation, offering, join_form(split_form(offering.form)))
        for offering in list_offerings(implementation, operation)
    ]
    return [*(main if implementation.offers(operation) else []), *further]


def _pair_sides(ones: Sequence[_Side], others: Sequence[_Side]) -> Iterator[tuple[_Side, _Side]]:
    """The first offering of each, and every form that both offer under whatever name."""
    yield ones[0], others[0]
    seen = {ones[0].form} if ones[0].form == others[0].form else set()
    by_form = {side.form: side for side in reversed(others)}
    for side in ones:
        if side.form in by_form and side.form not in seen:
            seen.add(side.form)
            yield side, by_form[side.form]


def _compare_sides(
    pair: tuple[_Side, _Side], cases: Sequence[Case], kinds: Sequence[str]
) -> Iterator[Comparison]:
    """Compare a pair; if both accept further hyperparameters, compare them again with those."""
    page = load_page(cases[0].technique)
    yield _compare_pair(pair, page, cases, kinds, {})
    extra = set[str]().union(
        *(page.variant_hyperparameters(page.rule_of_form(name)) for name in page.variants)
    )
    own = set[str]().union(
        *(side.prepare(case, {}).hyperparameters for side in pair for case in cases[:1])
    )
    for side in pair:
        extra &= side.implementation.accepts(side.offering)
    if extra - own:
        passed = dict.fromkeys(sorted(extra - own), VARIANT_HYPERPARAMETER)
        yield _compare_pair(pair, page, cases, kinds, passed)


def _compare_pair(
    pair: tuple[_Side, _Side],
    page: Page,
    cases: Sequence[Case],
    kinds: Sequence[str],
    passed: Mapping[str, float],
) -> Comparison:
    one, other = pair
    offering = one.offering if one.offering == other.offering else Offering(page.name, one.form)
    kind, prepared = _prepare(pair, cases, kinds, passed)
    answers = [side.ask([both[i] for both in prepared], kind) for i, side in enumerate(pair)]
    asked = [one for one, _ in prepared]
    common = [case for case in asked if all(case.id in found for found in answers)]
    if not common:
        reason = "they have no type and case in common"
        return Comparison(offering, kind, passed=passed, reason=reason)
    evidence = [gather_evidence([found[case.id] for case in common]) for found in answers]
    assert evidence[0] is not None
    assert evidence[1] is not None
    forms = explain(evidence[0]), explain(evidence[1])
    differences = {c.id: _find_difference(page, c, kind, answers, forms) for c in common}
    apart = [case for case in common if differences[case.id]]
    apart.sort(key=lambda c: (c.level == "edge", c.steps or 0))
    steady = [c for c in common if _has_constant_rate(c)]
    only_rate = len(steady) < len(common) and not any(differences[c.id] for c in steady)
    names = one.implementation.name, other.implementation.name
    advice = list(_advise(page, *names, *forms)) if apart else []
    if apart and only_rate:
        advice.append("they agree as long as the learning rate does not change")
    return Comparison(
        offering,
        kind,
        len(common),
        len(common) - len(apart),
        differences[apart[0].id] if apart else None,
        forms,
        tuple(advice),
        () if passed else tuple(_compare_defaults(one, other)),
        passed,
    )


def _prepare(
    pair: tuple[_Side, _Side],
    cases: Sequence[Case],
    kinds: Sequence[str],
    passed: Mapping[str, float],
) -> tuple[str, list[tuple[Case, Case]]]:
    """The widest type in which both forms have cases, and the cases in it, for each side."""
    prepared = [(pair[0].prepare(c, passed), pair[1].prepare(c, passed)) for c in cases]
    for kind in kinds:
        served = [cs for cs in prepared if all(kind in c.tolerance for c in cs)]
        if served:
            return kind, served
    return "", []


def _has_constant_rate(case: Case) -> bool:
    rates = case.hyperparameters.get("learning_rate")
    return not isinstance(rates, list) or len(set(rates)) < 2


def _find_difference(
    page: Page,
    case: Case,
    kind: str,
    answers: Sequence[Mapping[str, Result]],
    forms: tuple[Diagnosis, Diagnosis],
) -> Difference | None:
    """Where the answers to a case differ by more than both may be off, or None."""
    one, other = (found[case.id].answer for found in answers)
    if one.shape != other.shape:
        return Difference(case.id, None, float(one.size), float(other.size), float("inf"))
    asked = answers[0][case.id].case
    evidence = Evidence(page, kind, [asked], [one], 0, frozenset())
    allowed = evidence.allowed(0, [name for form in forms for name in form.edits])
    off = find_first_difference(one, other, asked.expected, allowed, kind, NEAR)
    if off is None:
        return None
    index, distance = off
    place = locate(asked, index)
    return Difference(case.id, place, float(one[index]), float(other[index]), distance)


def _advise(page: Page, one: str, other: str, mine: Diagnosis, theirs: Diagnosis) -> Iterator[str]:
    """How to set each of the two so that it does what the other does, where the page knows."""
    common = set(mine.edits) & set(theirs.edits)
    source, target = (
        display_form(join_form(n for n in d.edits if n not in common)) for d in (mine, theirs)
    )
    for name, a, b in ((one, source, target), (other, target, source)):
        for conversion in page.conversions:
            if (conversion.source, conversion.target) == (a, b):
                whose = other if name == one else one
                setting = conversion.text.replace("<br>", ", ")
                yield f"to make {name} do what {whose} does, set {setting}"


def _compare_defaults(one: _Side, other: _Side) -> Iterator[str]:
    """Default hyperparameters in which the profiles of the two differ."""
    names = [side.implementation.name for side in (one, other)]
    profiles = [side.implementation.profile for side in (one, other)]
    if not all(profiles):
        return
    mine, theirs = (
        load_profile(profile).defaults.get(Offering(side.offering.operation), {})
        for profile, side in zip(profiles, (one, other))
    )
    for name in mine:
        if name in theirs and mine[name] != theirs[name]:
            yield (f"default {name}: {mine[name]:g} in {names[0]}, {theirs[name]:g} in {names[1]}")


def comparison_data(comparison: Comparison) -> dict[str, Any]:
    """A comparison as JSON data."""
    d = comparison.difference
    return {
        "operation": str(comparison.offering),
        "type": comparison.kind,
        "passed": dict(comparison.passed),
        "agree": comparison.agree,
        "cases": comparison.cases,
        "agreeing": comparison.agreeing,
        "forms": [form.form for form in comparison.forms],
        "parting": d
        and {
            "case": d.case,
            "place": d.where,
            "one": spell_number(d.one),
            "other": spell_number(d.other),
            "tolerances": spell_number(d.tolerances),
        },
        "advice": list(comparison.advice),
        "defaults": list(comparison.defaults),
        "reason": comparison.reason,
    }
