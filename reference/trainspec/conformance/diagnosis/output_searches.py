"""Searches for a form of each output, where a function has several."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial

from msgspec import Struct

from trainspec.conformance.basics.float_types import FloatArray
from trainspec.conformance.basics.names import display_form, join_form
from trainspec.conformance.cases.case import Case
from trainspec.conformance.derivation.values import compute_values
from trainspec.conformance.diagnosis.evidence import NEAR, Evidence
from trainspec.conformance.diagnosis.matching import (
    Match,
    list_complete,
    make_form,
    match_form,
)
from trainspec.conformance.diagnosis.wording import describe_form
from trainspec.conformance.pages.forms import (
    Form,
    list_float_products,
    list_several,
    list_single,
)
from trainspec.conformance.pages.formula_slips import list_formula_slips
from trainspec.conformance.pages.page import Page
from trainspec.conformance.pages.parts import TRAINING
from trainspec.conformance.pages.slips import list_slips
from trainspec.conformance.pages.wider_slips import list_wider_slips


class Own(Struct, frozen=True):
    """What explains one output: a form, and the change that it has besides, if it has one.

    `line` is the line that is another.
    """

    form: Form
    distances: Sequence[float]
    change: str = ""
    line: str = ""


def find_by_output(evidence: Evidence) -> Iterator[Match]:
    """A form for each output: those of a function that is wrong in one output only."""
    page = evidence.page
    if page.is_update_rule or len(evidence.outputs) < 2 or not all(evidence.parts):
        return
    found = explain_outputs(evidence)
    if len(found) < len(evidence.outputs):
        return
    edits = tuple(dict.fromkeys(edit for own in found.values() for edit in own.form.edits))
    together = match_form(evidence, make_form(page, edits)) if edits in _list_sets(page) else None
    if together is not None and not together.unexplained:
        yield together  # one form after all: its changes are each of one output
        return
    yield match_outputs(evidence, found)


def find_slips_by_output(evidence: Evidence) -> Iterator[Match]:
    """A form for each output, and for those that no form explains one with a small change."""
    page = evidence.page
    if page.is_update_rule or len(evidence.outputs) < 2 or not all(evidence.parts):
        return
    if page.kind == TRAINING:
        return
    found = explain_outputs(evidence)
    probe = evidence.answered[0]
    for form in list_complete(evidence, list_bases(evidence, found)):
        small = list_slips(page, form.rule, evidence.kind)
        wider = list_wider_slips(page, form.rule, evidence.kind)
        for slip in itertools.chain(list_formula_slips(page, form.rule), small, wider):
            missing = [name for name in evidence.outputs if name not in found]
            if not missing:
                break
            compute = partial(compute_values, rule=slip.rule, more=slip.more)
            values = compute(evidence.cases[probe])
            for name in missing:
                part = evidence.parts[probe][name]
                if evidence.distance(probe, values, form.edits, part) <= NEAR:
                    distances = measure_output(evidence, name, compute, form.edits)
                    plain = evidence.plain
                    said = evidence.has_numbers(compute(evidence.cases[plain]), plain, [name])
                    if said and max(distances) <= NEAR:
                        found[name] = Own(form, distances, slip.words, slip.line)
    if len(found) == len(evidence.outputs):
        yield match_outputs(evidence, found)


def list_bases(evidence: Evidence, found: Mapping[str, Own]) -> list[tuple[str, ...]]:
    """The edits that an output may have beside a change: none, those of the other outputs, or a
    product that is rounded before its whole part is taken.
    """
    known = (own.form.edits for own in found.values())
    rounded = ((name,) for name in list_float_products(evidence.page.technique))
    return list(dict.fromkeys((*evidence.declared, (), *known, *rounded)))


def _list_sets(page: Page) -> dict[tuple[str, ...], None]:
    """The edits that an output alone may have: one, or several published ones."""
    return dict.fromkeys(((), *list_single(page.technique), *list_several(page.technique)))


def explain_outputs(evidence: Evidence) -> dict[str, Own]:
    """For the outputs that a form explains, the first that does."""
    found: dict[str, Own] = {}
    sets = dict.fromkeys((*evidence.declared, *_list_sets(evidence.page)))
    for form in list_complete(evidence, list(sets)):
        compute = cache(partial(compute_values, rule=form.rule))
        for name in evidence.outputs:
            if name not in found:
                distances = measure_output(evidence, name, compute, form.edits)
                if all(d <= NEAR for d in distances):
                    found[name] = Own(form, distances)
        if len(found) == len(evidence.outputs):
            break
    return found


def measure_output(
    evidence: Evidence, name: str, compute: Callable[[Case], FloatArray], edits: tuple[str, ...]
) -> list[float]:
    """The distance of one output of every answer from what is computed."""
    return [
        evidence.distance(i, compute(evidence.cases[i]), edits, evidence.parts[i][name])
        for i in evidence.answered
    ]


def match_outputs(evidence: Evidence, found: Mapping[str, Own]) -> Match:
    """The outputs with the form, or the change, of each."""
    page = evidence.page
    by_words: dict[str, list[str]] = {}
    by_name: dict[str, list[str]] = {}
    for name in evidence.outputs:
        own = found[name]
        called = display_form(join_form(own.form.edits))
        words = describe_form(page, own.form)
        if own.change:
            words = f"this is {called} with one change: {own.change}"
            called += " with one change"
        by_words.setdefault(words, []).append(name)
        by_name.setdefault(called, []).append(name)
    said = [f"{' and '.join(names)}: {words}" for words, names in by_words.items()]
    called = ", ".join(f"{' and '.join(names)} {called}" for called, names in by_name.items())
    return Match(
        None,
        called,
        "the outputs follow several forms: " + "; ".join(said),
        [max(each) for each in zip(*(own.distances for own in found.values()))],
        tuple(dict.fromkeys(edit for own in found.values() for edit in own.form.edits)),
        tuple(own.line for own in found.values() if own.line),
    )
