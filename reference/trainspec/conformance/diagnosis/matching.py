"""Comparing the answers with one form: whether it explains them, and how far they are from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from msgspec import Struct

from trainspec.conformance.basics.float_types import TYPES, FloatArray
from trainspec.conformance.basics.tensors import map_tensors, to_array
from trainspec.conformance.cases.case import Case
from trainspec.conformance.derivation.values import compute_values
from trainspec.conformance.diagnosis.constants import solve_constants
from trainspec.conformance.diagnosis.evidence import NEAR, Evidence
from trainspec.conformance.diagnosis.wording import describe_form
from trainspec.conformance.pages.forms import (
    ConstantSlot,
    Form,
    change_constants,
    compose_rule,
)
from trainspec.conformance.pages.page import Page
from trainspec.conformance.pages.rule import Rule

#: Where a constant may stand in a rule of a page, beside the hyperparameters that are given.
Slots = Callable[[Page, Rule, Iterable[str]], Sequence[ConstantSlot]]


class Match(Struct, frozen=True):
    """An explanation: what it is called, its words, and the distance of every answer from it.

    `form` is None where it is not one form of the page: a mistake of the adapter's, or outputs
    that follow several forms, whose edits are `edits` then. `lines` are those of the rule that are
    another, `rule` is the rule with them.
    """

    form: Form | None
    name: str
    text: str
    distances: Sequence[float]
    edits: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    rule: Rule | None = None

    @property
    def unexplained(self) -> int:
        """The number of answers that it does not explain."""
        return sum(not d <= NEAR for d in self.distances)

    @property
    def largest(self) -> float:
        """The largest distance of any answer."""
        return max(self.distances, default=0.0)


def match_form(evidence: Evidence, form: Form) -> Match | None:
    """The form as an explanation, or None if it does not explain all ordinary answers."""
    distances = measure_form(evidence, form)
    if distances is None:
        return None
    return Match(form, form.display, describe_form(evidence.page, form), distances)


def match_sets(
    evidence: Evidence, sets: Sequence[tuple[str, ...]], *, slots: Slots | None = None
) -> Iterator[Match]:
    """The sets of edits that explain the answers, where constants are missing with their values.

    With `slots`, a constant of the implementation's own is searched for besides, in each of them.
    """
    for edits in sets:
        for solution in _complete_form(evidence, edits, slots):
            for form in solution:
                match = match_form(evidence, form)
                if match is None:
                    continue
                if _is_idle(evidence, form):
                    break  # whatever the constant is
                yield match
                if not match.unexplained:
                    break  # more digits say no more


def _complete_form(
    evidence: Evidence, edits: tuple[str, ...], slots: Slots | None
) -> Iterator[Iterable[Form]]:
    """The forms with these edits: a series of forms for every solution of its constants."""
    base = make_form(evidence.page, edits)
    missing = evidence.page.variant_hyperparameters(base.rule) - evidence.given
    if not evidence.short and (slots or missing):
        return  # a case of a thousand steps alone: each constant that is tried takes long
    if slots:
        for slot in slots(evidence.page, base.rule, evidence.given):
            yield from solve_constants(evidence, base, slot)
    elif missing:
        yield from solve_constants(evidence, base, None)
    else:
        yield [base]


def _is_idle(evidence: Evidence, form: Form) -> bool:
    """Whether a constant of the form does nothing: another one explains the answers too."""
    return any(measure_form(evidence, other) is not None for other in change_constants(form))


def make_form(page: Page, edits: tuple[str, ...]) -> Form:
    """The form that these edits make, without constants of its own."""
    return Form(edits, compose_rule(page.technique, edits))


def list_complete(evidence: Evidence, sets: Sequence[tuple[str, ...]]) -> Iterator[Form]:
    """The forms of these edits whose hyperparameters are all passed to the implementation."""
    for edits in sets:
        form = make_form(evidence.page, edits)
        if not evidence.page.variant_hyperparameters(form.rule) - evidence.given:
            yield form


def measure_form(evidence: Evidence, form: Form) -> list[float] | None:
    """The distance of every answer from a form, or None where an ordinary one is far from it."""
    sample = evidence.sample
    if sample.judges(form.rule) and not (
        sample.distance(sample.values(form.rule, form.more)) <= NEAR
    ):
        return None
    return measure_distances(
        evidence, lambda case: compute_values(case, form.rule, form.more), form.edits, form
    )


def measure_distances(
    evidence: Evidence,
    values: Callable[[Case], FloatArray],
    edits: Sequence[str] = (),
    form: Form | None = None,
) -> list[float] | None:
    """The distance of every answer from `values`, or None where an ordinary one is far from them.

    A combination of edits may have larger rounding errors than each edit alone: a run in the type
    itself shows how large.
    """
    found: dict[int, float] = {}
    for index in evidence.shortest_first:
        exact = values(evidence.cases[index])
        distance = evidence.distance(index, exact, edits)
        if distance > NEAR and form is not None and len(edits) > 1:
            distance = min(distance, _measure_in_type(evidence, index, exact, form))
        if not distance <= NEAR and evidence.ordinary(index):
            return None
        found[index] = distance
    only_edges = not any(evidence.ordinary(index) for index in evidence.answered)
    if only_edges and max(found.values(), default=0.0) > NEAR:
        return None
    return [found[index] for index in evidence.answered]


def _measure_in_type(evidence: Evidence, index: int, exact: FloatArray, form: Form) -> float:
    """The distance of an answer from a form's values, in roundings that the form itself shows."""
    case, answer = evidence.cases[index], evidence.answers[index]
    if evidence.kind == "float64" or exact.shape != answer.shape:
        return np.inf  # nothing wider is there to see float64's roundings by
    inputs = map_tensors(lambda t: to_array(t, TYPES[evidence.kind].dtype), case.inputs)
    native = compute_values(case, form.rule, form.more, inputs)
    if native.shape != answer.shape:
        return np.inf
    # Numbers that are all right set no scale, and one may be right by luck: the largest counts.
    lost = np.abs(native - exact) / np.abs(exact)
    scale = float(np.max(lost[np.isfinite(lost)], initial=0.0))
    if not scale < 2.0**-8:
        return np.inf
    same = (answer == exact) | (np.isnan(answer) & np.isnan(exact))
    off = np.where(same, 0.0, np.abs(answer - exact) / (scale * np.abs(exact)))
    return float(np.max(np.where(np.isnan(off), np.inf, off), initial=0.0))


def list_mistakable(evidence: Evidence) -> Iterator[Form]:
    """The declared form, the canonical one and every variant alone, of an update rule."""
    page = evidence.page
    if page.is_update_rule:
        sets = dict.fromkeys((*evidence.declared, (), *((name,) for name in page.variants)))
        yield from list_complete(evidence, list(sets))
