"""The searches for an explanation, as records, the simplest first."""

from __future__ import annotations

import enum
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import numpy as np
from msgspec import Struct

from trainspec.conformance.basics.float_types import FloatArray
from trainspec.conformance.basics.names import join_form
from trainspec.conformance.basics.tensors import map_tensors, to_array
from trainspec.conformance.cases.case import Case
from trainspec.conformance.derivation.values import compute_values
from trainspec.conformance.diagnosis.adapter_mistakes import MISREADINGS, MISTAKES, Misreading
from trainspec.conformance.diagnosis.evidence import NEAR, Evidence
from trainspec.conformance.diagnosis.hyperparameter_searches import find_mixed_up
from trainspec.conformance.diagnosis.input_searches import find_by_inputs
from trainspec.conformance.diagnosis.layer_searches import (
    find_inputs_of_layers,
    find_slips_of_layers,
)
from trainspec.conformance.diagnosis.matching import (
    Match,
    list_complete,
    list_mistakable,
    match_sets,
    measure_distances,
    measure_form,
)
from trainspec.conformance.diagnosis.mistaken_loop import StateMistake, run_mistake
from trainspec.conformance.diagnosis.narrow_searches import find_narrower, find_rounded_constants
from trainspec.conformance.diagnosis.other_ways import find_lost_digits, find_slips_of_ways
from trainspec.conformance.diagnosis.output_searches import find_by_output, find_slips_by_output
from trainspec.conformance.diagnosis.slip_searches import (
    find_errors_and_slips,
    find_other_steps,
    find_places,
    find_slips,
    find_two_slips,
    find_wider_slips,
)
from trainspec.conformance.diagnosis.stale_outputs import find_stale_outputs
from trainspec.conformance.diagnosis.state_mistakes import STATE_BY_SHAPE, list_mistakes
from trainspec.conformance.diagnosis.wording import describe_form
from trainspec.conformance.pages.forms import (
    Form,
    find_factors,
    find_literals,
    find_slots,
    list_flawed,
    list_pairs,
    list_published,
    list_several,
    list_single,
    list_with_literals,
)
from trainspec.conformance.pages.rule import Rule


class Tier(enum.IntEnum):
    """How much a search assumes. Little evidence is enough for the first tier only."""

    SIMPLE = 0  # one edit, or one mistake of the adapter's
    PUBLISHED = 1  # constants, and several published variants
    COMBINED = 2  # several changes with errors among them, or a narrower type


class Search(Struct, frozen=True):
    """One way to look for an explanation."""

    find: Callable[[Evidence], Iterator[Match]]
    tier: Tier


def _find_canonical(evidence: Evidence) -> Iterator[Match]:
    return match_sets(evidence, [()])


def _find_single(evidence: Evidence) -> Iterator[Match]:
    return match_sets(evidence, list_single(evidence.page.technique))


def _find_constants(evidence: Evidence) -> Iterator[Match]:
    return match_sets(evidence, [()], slots=find_slots)


def _find_factors(evidence: Evidence) -> Iterator[Match]:
    """The rule with one of its lines multiplied by a constant."""
    return match_sets(evidence, [()], slots=find_factors)


def _find_literals(evidence: Evidence) -> Iterator[Match]:
    """A known error that holds a number, with another number in its place."""
    sets = list_with_literals(evidence.page.technique)
    for match in match_sets(evidence, sets, slots=find_literals):
        # With 0 there it is another error, and so it is where some answers differ.
        if match.form and all(match.form.constants.values()) and not match.unexplained:
            yield match


def _find_several(evidence: Evidence) -> Iterator[Match]:
    return match_sets(evidence, list_several(evidence.page.technique))


def _find_variants_and_constant(evidence: Evidence) -> Iterator[Match]:
    return match_sets(evidence, list_published(evidence.page.technique)[1:], slots=find_slots)


def _find_pairs(evidence: Evidence) -> Iterator[Match]:
    return match_sets(evidence, list_pairs(evidence.page.technique))


def _find_flawed(evidence: Evidence) -> Iterator[Match]:
    return match_sets(evidence, list_flawed(evidence.page.technique))


def _find_adapter_faults(evidence: Evidence) -> Iterator[Match]:
    """Mistakes of the adapter, not of the formula: stale arrays, an early snapshot."""
    if not evidence.page.is_update_rule:
        return
    pairs = [(evidence.cases[i], evidence.answers[i]) for i in evidence.answered]
    if any(answer.shape != case.expected.shape for case, answer in pairs):
        return
    for fault in MISTAKES:
        if all(fault.explains(case, answer, evidence.kind) for case, answer in pairs):
            yield Match(None, fault.name, fault.text, [0.0] * len(pairs))


def _find_misreadings(evidence: Evidence) -> Iterator[Match]:
    """The rule, or a variant of it, over inputs that are misread: transposed, reversed …"""
    for form in list_mistakable(evidence):
        for misreading in MISREADINGS:
            distances = measure_distances(evidence, _read_so(misreading, form.rule), form.edits)
            if distances is not None:
                yield _match_mistake(evidence, form, misreading, distances)


def _find_shared_state(evidence: Evidence) -> Iterator[Match]:
    """The rule, or a variant of it, with one state for all tensors of a shape."""
    yield from _match_state_mistakes(evidence, list_mistakable(evidence), [STATE_BY_SHAPE])


def _match_mistake(
    evidence: Evidence,
    form: Form,
    mistake: Misreading | StateMistake,
    distances: Sequence[float],
) -> Match:
    """A mistake around a form; the form is named with it where it is not the declared one."""
    if form.edits in evidence.declared:
        return Match(None, mistake.name, mistake.text, distances)
    text = f"{mistake.text}; and {describe_form(evidence.page, form)}"
    return Match(None, join_form((*form.edits, mistake.name)), text, distances, form.edits)


def _find_state_mistakes(evidence: Evidence) -> Iterator[Match]:
    """The canonical rule, or the declared form, with a mistake around the formula."""
    return _search_state_mistakes(evidence, list(dict.fromkeys((*evidence.declared, ()))))


def _find_variants_and_state_mistakes(evidence: Evidence) -> Iterator[Match]:
    return _search_state_mistakes(evidence, list_published(evidence.page.technique)[1:])


def _search_state_mistakes(evidence: Evidence, sets: Sequence[tuple[str, ...]]) -> Iterator[Match]:
    """The first form of these edits, with the first mistake, that explains the answers."""
    if evidence.page.is_update_rule:
        mistakes = list(list_mistakes(evidence.first_wrong_step))
        found = _match_state_mistakes(evidence, list_complete(evidence, sets), mistakes)
        yield from itertools.islice(found, 1)


def _match_state_mistakes(
    evidence: Evidence, forms: Iterable[Form], mistakes: Sequence[StateMistake]
) -> Iterator[Match]:
    probe = evidence.probe
    for form in forms:
        for mistake in mistakes:
            values = run_mistake(mistake, evidence.cases[probe], form.rule)
            if not evidence.distance(probe, values, form.edits) <= NEAR:
                continue
            distances = measure_distances(
                evidence, partial(run_mistake, mistake, rule=form.rule), form.edits
            )
            # Without the mistake the form must not explain the answers too.
            if distances is not None and measure_form(evidence, form) is None:
                yield _match_mistake(evidence, form, mistake, distances)


def _read_so(misreading: Misreading, rule: Rule) -> Callable[[Case], FloatArray]:
    """The values of a rule over inputs that are misread."""

    def compute(case: Case) -> FloatArray:
        inputs = map_tensors(lambda t: to_array(t, np.float64), case.inputs)
        changed = misreading.change(inputs)
        return compute_values(case, rule, {}, changed)

    return compute


#: Every search, in the order in which they are tried.
SEARCHES = (
    Search(_find_canonical, Tier.SIMPLE),
    Search(_find_single, Tier.SIMPLE),
    Search(_find_adapter_faults, Tier.SIMPLE),
    Search(find_stale_outputs, Tier.SIMPLE),
    Search(_find_misreadings, Tier.SIMPLE),
    Search(_find_shared_state, Tier.SIMPLE),
    Search(find_mixed_up, Tier.SIMPLE),
    Search(_find_state_mistakes, Tier.PUBLISHED),
    Search(find_by_output, Tier.PUBLISHED),
    Search(_find_constants, Tier.PUBLISHED),
    Search(_find_several, Tier.PUBLISHED),
    Search(_find_factors, Tier.PUBLISHED),
    Search(_find_literals, Tier.PUBLISHED),
    Search(_find_variants_and_state_mistakes, Tier.COMBINED),
    Search(find_lost_digits, Tier.COMBINED),
    Search(_find_pairs, Tier.COMBINED),
    Search(_find_variants_and_constant, Tier.COMBINED),
    Search(find_other_steps, Tier.COMBINED),
    Search(find_slips, Tier.COMBINED),
    Search(find_wider_slips, Tier.COMBINED),
    Search(find_slips_of_ways, Tier.COMBINED),
    Search(find_inputs_of_layers, Tier.COMBINED),
    Search(find_slips_of_layers, Tier.COMBINED),
    Search(find_places, Tier.COMBINED),
    Search(find_by_inputs, Tier.COMBINED),
    Search(find_slips_by_output, Tier.COMBINED),
    Search(find_rounded_constants, Tier.COMBINED),
    Search(_find_flawed, Tier.COMBINED),
    Search(find_narrower, Tier.COMBINED),
    Search(find_errors_and_slips, Tier.COMBINED),
    Search(find_two_slips, Tier.COMBINED),
)
