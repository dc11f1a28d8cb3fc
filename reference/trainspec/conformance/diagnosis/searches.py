"""The searches for an explanation, as records, the simplest first."""

from __future__ import annotations

import enum
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from trainspec.conformance.basics.float_types import TYPES, FloatArray
from trainspec.conformance.basics.names import display_form, join_form
from trainspec.conformance.basics.tensors import map_tensors, to_array
from trainspec.conformance.cases.case import Case
from trainspec.conformance.checking.distance import measure_distance
from trainspec.conformance.derivation.values import compute_values
from trainspec.conformance.diagnosis.adapter_mistakes import FAULTS, MISREADINGS, Misreading
from trainspec.conformance.diagnosis.evidence import NEAR, Evidence, widest_tolerance
from trainspec.conformance.diagnosis.matching import (
    Match,
    list_complete,
    make_form,
    match_form,
    match_sets,
    measure_distances,
    measure_form,
)
from trainspec.conformance.diagnosis.state_mistakes import (
    STATE_BY_SHAPE,
    StateMistake,
    list_mistakes,
    run_mistake,
)
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


@dataclass(frozen=True)
class Search:
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
    return match_sets(evidence, list_with_literals(evidence.page.technique), slots=find_literals)


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
    for fault in FAULTS:
        if all(fault.explains(case, answer, evidence.kind) for case, answer in pairs):
            yield Match(None, fault.name, fault.text, [0.0] * len(pairs))


def _find_misreadings(evidence: Evidence) -> Iterator[Match]:
    """The rule, or a variant of it, over inputs that are misread: transposed, reversed …"""
    for form in _list_mistakable(evidence):
        for misreading in MISREADINGS:
            distances = measure_distances(evidence, _read_so(misreading, form.rule), form.edits)
            if distances is not None:
                yield _match_mistake(evidence, form, misreading, distances)


def _find_shared_state(evidence: Evidence) -> Iterator[Match]:
    """The rule, or a variant of it, with one state for all tensors of a shape."""
    yield from _match_state_mistakes(evidence, _list_mistakable(evidence), [STATE_BY_SHAPE])


def _list_mistakable(evidence: Evidence) -> Iterator[Form]:
    """The declared form, the canonical one and every variant alone, of an update rule."""
    page = evidence.page
    if page.is_update_rule:
        sets = dict.fromkeys((*evidence.declared, (), *((name,) for name in page.variants)))
        yield from list_complete(evidence, list(sets))


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


def _find_by_output(evidence: Evidence) -> Iterator[Match]:
    """A form for each output: those of a function that is wrong in one output only."""
    page, parts = evidence.page, evidence.parts
    if page.is_update_rule or len(page.outputs) < 2 or not all(parts):
        return
    technique = page.technique
    sets = dict.fromkeys(
        (*evidence.declared, (), *list_single(technique), *list_several(technique))
    )
    found: dict[str, tuple[Form, list[float]]] = {}
    for form in list_complete(evidence, list(sets)):
        values = [compute_values(case, form.rule) for case in evidence.cases]
        for name in page.outputs:
            if name in found:
                continue
            distances = [
                evidence.distance(i, values[i], form.edits, parts[i][name])
                for i in evidence.answered
            ]
            if all(d <= NEAR for d in distances):
                found[name] = form, distances
        if len(found) == len(page.outputs):
            break
    if len(found) < len(page.outputs):
        return
    by_form: dict[tuple[str, ...], list[str]] = {}
    for name in page.outputs:
        by_form.setdefault(found[name][0].edits, []).append(name)
    edits = tuple(dict.fromkeys(edit for names in by_form for edit in names))
    together = match_form(evidence, make_form(page, edits)) if edits in sets else None
    if together is not None and not together.unexplained:
        yield together  # one form after all: its changes are each of one output
        return
    words = [
        f"{' and '.join(names)}: {describe_form(page, make_form(page, edits))}"
        for edits, names in by_form.items()
    ]
    called = ", ".join(
        f"{' and '.join(names)} {display_form(join_form(edits))}"
        for edits, names in by_form.items()
    )
    distances = [max(pair) for pair in zip(*(distances for _, distances in found.values()))]
    yield Match(
        None, called, "the outputs follow several forms: " + "; ".join(words), distances, edits
    )


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


def _find_rounded_constants(evidence: Evidence) -> Iterator[Match]:
    """The rule, or a variant of it, with hyperparameters that went through float32."""
    if evidence.kind != "float64":
        return
    page = evidence.page
    for form in list_complete(evidence, list_published(page.technique)):
        own = [name for name in page.parameters if name in form.rule.free]
        subsets = [
            own,
            [name for name in own if name != "learning_rate"],
            *([name] for name in own),
        ]
        for rounded in filter(None, subsets):
            distances = measure_distances(evidence, _round_constants(form, rounded), form.edits)
            if distances is not None:
                text = f"{', '.join(rounded)} are held in float32; {describe_form(page, form)}"
                yield Match(form, join_form([*form.edits, "constants-in-float32"]), text, distances)
                return


def _round_constants(form: Form, rounded: Sequence[str]) -> Callable[[Case], FloatArray]:
    """The values of a form with some of its hyperparameters rounded to float32."""

    def compute(case: Case) -> FloatArray:
        given = {
            name: _round_to_float32(value) if name in rounded else value
            for name, value in case.numbers().items()
        }
        return compute_values(replace(case, hyperparameters=given), form.rule)

    return compute


def _round_to_float32(value: Any) -> Any:
    if isinstance(value, list):
        return [_round_to_float32(v) for v in value]
    return float(np.float32(value)) if isinstance(value, float) else value


def _find_narrower(evidence: Evidence) -> Iterator[Match]:
    """A form that is right but for the digits of a narrower type.

    Failing cases must serve that type; most numbers must be off, or none have more digits.
    """
    page = evidence.page
    failing = [i for i in evidence.answered if i < evidence.failing]
    for narrow, kind in TYPES.items():
        if kind.precision >= TYPES[evidence.kind].precision or not failing:
            continue
        if not any(narrow in evidence.cases[i].tolerance for i in failing):
            continue
        for form in list_complete(evidence, list_published(page.technique)):
            if _is_narrow(evidence, failing, form, narrow):
                text = (
                    f"the formula is right but the digits are {narrow}'s: an input, a constant or "
                    f"a state is held in {narrow} on the way"
                )
                text += f"; {describe_form(page, form)}" if form.edits else ""
                name = join_form([*form.edits, f"computed-in-{narrow}"])
                yield Match(form, name, text, [0.0] * len(evidence.answered))
                return


def _is_narrow(evidence: Evidence, failing: Sequence[int], form: Form, narrow: str) -> bool:
    """Whether all answers agree with a form as far as the narrow type does, and failing ones no
    better.
    """
    kind = TYPES[narrow]
    shares, exact, farthest = [], True, 0.0
    for index in evidence.answered:
        case, answer = evidence.cases[index], evidence.answers[index]
        if narrow not in case.tolerance or not (index in failing or evidence.ordinary(index)):
            continue
        values = compute_values(case, form.rule)
        tolerance = widest_tolerance(case, form.edits, narrow)
        distance = measure_distance(answer, values, case.expected, tolerance, narrow)
        if distance > 1 or values.shape != answer.shape:
            return False
        if index not in failing:
            continue
        with np.errstate(all="ignore"):
            rounded = answer.astype(kind.dtype).astype(np.float64)
            off = np.abs(answer - values) > case.tolerance[evidence.kind]
        farthest = max(farthest, distance)
        exact = exact and np.array_equal(rounded, answer, equal_nan=True)
        judged = np.isfinite(case.tolerance[evidence.kind]) & (case.expected != 0)
        shares.append(float(off[judged].mean()) if judged.any() else 0.0)
    # Digits of the narrow type are lost, not a few of the wide one's last.
    lost = bool(shares) and max(shares) > 0 and farthest > 0.01
    # The shortest types are so coarse that only digits which are theirs prove them.
    return lost and (exact or (narrow == "float32" and min(shares) > 0.1))


#: Every search, in the order in which they are tried.
SEARCHES = (
    Search(_find_canonical, Tier.SIMPLE),
    Search(_find_single, Tier.SIMPLE),
    Search(_find_adapter_faults, Tier.SIMPLE),
    Search(_find_misreadings, Tier.SIMPLE),
    Search(_find_shared_state, Tier.SIMPLE),
    Search(_find_state_mistakes, Tier.PUBLISHED),
    Search(_find_by_output, Tier.PUBLISHED),
    Search(_find_constants, Tier.PUBLISHED),
    Search(_find_several, Tier.PUBLISHED),
    Search(_find_factors, Tier.PUBLISHED),
    Search(_find_literals, Tier.PUBLISHED),
    Search(_find_variants_and_state_mistakes, Tier.COMBINED),
    Search(_find_pairs, Tier.COMBINED),
    Search(_find_variants_and_constant, Tier.COMBINED),
    Search(_find_rounded_constants, Tier.COMBINED),
    Search(_find_flawed, Tier.COMBINED),
    Search(_find_narrower, Tier.COMBINED),
)
