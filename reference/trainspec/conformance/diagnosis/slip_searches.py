"""Searches for one small change of a form: of a line, of a number in it, of the steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import numpy as np

from trainspec.conformance.basics.names import display_form, join_form
from trainspec.conformance.derivation.values import compute_values
from trainspec.conformance.diagnosis.evidence import NEAR, Evidence
from trainspec.conformance.diagnosis.matching import (
    Match,
    list_complete,
    list_mistakable,
    match_sets,
    measure_distances,
)
from trainspec.conformance.diagnosis.step_factors import find_step_factors
from trainspec.conformance.diagnosis.wording import describe_form
from trainspec.conformance.pages.constant_places import list_places
from trainspec.conformance.pages.forms import ConstantSlot
from trainspec.conformance.pages.formula_slips import list_formula_slips
from trainspec.conformance.pages.page import Page
from trainspec.conformance.pages.parts import TRAINING
from trainspec.conformance.pages.rule import Rule
from trainspec.conformance.pages.slips import LONG, Slip, list_plain_slips, list_slips
from trainspec.conformance.pages.wider_slips import list_wider_slips

#: So many wrong numbers must agree on a constant before it is named.
FEW = 3
#: Errors times slips, or slips times slips: of more pairs than this none are tried.
MOST_PAIRS = 20_000


def find_other_steps(evidence: Evidence) -> Iterator[Match]:
    """The rule, or a variant of it, whose steps are right but for a factor."""
    for form in list_mistakable(evidence):
        words = find_step_factors(evidence, form)
        if words is None:
            return  # of another form the factor would be that constant in other words
        if words:
            name = display_form(join_form(form.edits))
            text = f"this is {name} with other steps: {words}"
            distances = [0.0] * len(evidence.answered)
            yield Match(None, f"{name} with other steps", text, distances, form.edits)
            return


def try_slip(evidence: Evidence, slip: Slip, edits: tuple[str, ...] = ()) -> list[float] | None:
    """The distance of every answer from a rule with a slip, or None where it is not that."""
    if not evidence.sample.allows(slip.rule, slip.more):
        return None
    return _measure_slip(evidence, slip, edits)


def _measure_slip(evidence: Evidence, slip: Slip, edits: tuple[str, ...]) -> list[float] | None:
    compute = partial(compute_values, rule=slip.rule, more=slip.more)
    distances = measure_distances(evidence, compute, edits)
    if distances is None:
        return None
    plain = evidence.plain
    return distances if evidence.has_numbers(compute(evidence.cases[plain]), plain) else None


def find_slips(evidence: Evidence) -> Iterator[Match]:
    """The rule, or a variant of it, with one small change of one line."""

    def list_own(rule: Rule) -> Iterable[Slip]:
        judges = evidence.sample.judges(rule)
        return list_slips(evidence.page, rule, evidence.kind) if judges else ()

    return _find_one_change(evidence, list_own, try_slip)


def find_wider_slips(evidence: Evidence) -> Iterator[Match]:
    """The rule, or a variant of it, with one change that reaches beyond one place."""
    list_own = partial(list_all_wider_slips, evidence)
    return _find_one_change(evidence, list_own, try_wider_slip)


def list_all_wider_slips(evidence: Evidence, rule: Rule) -> Iterator[Slip]:
    """The changes of a rule that reach beyond one place."""
    yield from list_formula_slips(evidence.page, rule)
    yield from list_wider_slips(evidence.page, rule, evidence.kind)


def _find_one_change(
    evidence: Evidence,
    list_own: Callable[[Rule], Iterable[Slip]],
    attempt: Callable[[Evidence, Slip, tuple[str, ...]], list[float] | None],
) -> Iterator[Match]:
    """The forms with one change that explain the answers, up to the first that explains all."""
    page = evidence.page
    if page.kind == TRAINING:
        return  # its rule is a network's over many steps: there each change takes too long
    sets = dict.fromkeys((*evidence.declared, (), *((name,) for name in page.variants)))
    for form in list_complete(evidence, list(sets)):
        for slip in list_own(form.rule):
            distances = attempt(evidence, slip, form.edits)
            if distances is not None:
                name = display_form(join_form(form.edits))
                text = f"this is {name} with one change: {slip.words}"
                own = None if slip.more else slip.rule
                called = f"{name} with one change"
                match = Match(None, called, text, distances, form.edits, (slip.line,), own)
                yield match
                if not match.unexplained:
                    return


def try_wider_slip(
    evidence: Evidence, slip: Slip, edits: tuple[str, ...] = ()
) -> list[float] | None:
    """As `try_slip`; what depends on a whole tensor shows in a whole case only."""
    if not slip.more and evidence.sample.judges(slip.rule):
        return try_slip(evidence, slip, edits)
    compute = partial(compute_values, rule=slip.rule, more=slip.more)
    probe = evidence.probe
    if not evidence.distance(probe, compute(evidence.cases[probe]), edits) <= NEAR:
        return None
    return _measure_slip(evidence, slip, edits)


def find_errors_and_slips(evidence: Evidence) -> Iterator[Match]:
    """An update rule with a named error and a small change, where there are not too many."""
    page, sample = evidence.page, evidence.sample
    if not page.is_update_rule:
        return
    plain = len(list(list_plain_slips(page, page.rule)))
    if plain * len(page.errors) > MOST_PAIRS:
        return
    for form in list_complete(evidence, [(name,) for name in page.errors]):
        for slip in list_plain_slips(page, form.rule) if sample.judges(form.rule) else ():
            distances = try_slip(evidence, slip, form.edits)
            if distances is not None:
                words = f"two changes together: {describe_form(page, form)}, and {slip.words}"
                called = f"{form.display} with one change"
                yield Match(None, called, words, distances, form.edits, (slip.line,))
                return


def find_two_slips(evidence: Evidence) -> Iterator[Match]:
    """The canonical rule with two small changes, where there are not too many pairs."""
    page, sample = evidence.page, evidence.sample
    plain = list(list_plain_slips(page, page.rule))
    if page.kind == TRAINING or len(plain) ** 2 > MOST_PAIRS or not sample.judges(page.rule):
        return
    for one in plain:
        for other in list_plain_slips(page, one.rule):
            distances = try_slip(evidence, other)
            if distances is not None and max(distances) <= NEAR:
                words = f"this is canonical with two changes: {one.words}, and {other.words}"
                lines = (one.line, other.line)
                own = None if other.more else other.rule
                yield Match(None, "canonical with two changes", words, distances, (), lines, own)
                return


def find_places(evidence: Evidence) -> Iterator[Match]:
    """The rule, or a variant of it, with a number in one place: for a term, as a limit, a power."""
    page = evidence.page
    if page.kind == TRAINING or len(page.rule.body) > LONG:
        return
    if _count_wrong(evidence) < FEW:
        return  # a constant may explain so few numbers by chance
    sets = dict.fromkeys((*evidence.declared, (), *((name,) for name in page.variants)))
    yield from match_sets(evidence, list(sets), slots=_list_place_slots)


def _count_wrong(evidence: Evidence) -> int:
    """How many numbers of the answers are out of tolerance."""
    return sum(
        int(np.sum(np.abs(answer - case.expected) > case.tolerance[evidence.kind]))
        for case, answer in zip(evidence.cases, evidence.answers)
        if answer.shape == case.expected.shape
    )


def _list_place_slots(page: Page, rule: Rule, given: Iterable[str]) -> list[ConstantSlot]:
    return [
        ConstantSlot(name, text, words, passed=False)
        for name, text, words in list_places(page, rule)
    ]
