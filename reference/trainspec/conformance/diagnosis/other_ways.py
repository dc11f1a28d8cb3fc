"""A small change in other lines that compute the same: `answers -> way of writing, change`.

Code that writes a technique in lines of its own has slips of its own: a staged backward pass, a
running mean, a logarithm of a sum. A page lists such ways of writing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from trainspec.conformance.basics.float_types import TYPES
from trainspec.conformance.basics.tensors import map_tensors, to_array
from trainspec.conformance.checking.distance import measure_distance
from trainspec.conformance.derivation.values import compute_values
from trainspec.conformance.diagnosis.evidence import NEAR, Evidence
from trainspec.conformance.diagnosis.matching import Match
from trainspec.conformance.diagnosis.slip_searches import (
    list_all_wider_slips,
    try_slip,
    try_wider_slip,
)
from trainspec.conformance.pages.rule import Rule
from trainspec.conformance.pages.slips import Slip, list_slips

#: Two errors of one making are of one size; which digits remain depends on a library's functions.
ALIKE = 8.0


def find_slips_of_ways(evidence: Evidence) -> Iterator[Match]:
    """The first way of writing the canonical rule that explains the answers with one change."""
    for way, lines in evidence.page.ways.items():
        rule = evidence.page.rule.with_edit(lines)
        held = _list_held(evidence, rule)
        known = evidence.take(held)
        own = [line.name for line in (*lines.start, *lines.body)]
        for slip, distances in _try_slips(known, rule, own) if known.failing else ():
            text = f"this is canonical, written as {way}, with one change: {slip.words}"
            every = {**dict.fromkeys(evidence.answered, 0.0), **dict(zip(held, distances))}
            yield Match(
                None,
                "canonical with one change",
                text,
                list(every.values()),
                lines=_list_lines_of_page(evidence, slip, own),
                rule=None if slip.more else slip.rule,
            )
            return


def find_lost_digits(evidence: Evidence) -> Iterator[Match]:
    """Ways of writing the canonical rule that are right, and lose digits where answers are wrong.

    Every wrong number is about as far off as the way is in the type.
    """
    page = evidence.page
    ways = {
        way: lines
        for way, lines in page.ways.items()
        if all(_loses_alike(evidence, i, page.rule.with_edit(lines)) for i in evidence.answered)
    }
    if ways and evidence.failing:
        called = " or as ".join(ways)
        text = f"the formula is right, and digits are lost, as where it is written as {called}"
        names = [line.name for lines in ways.values() for line in lines.body]
        kept = tuple(dict.fromkeys(name for name in names if name in page.rule.assigns))
        distances = [0.0] * len(evidence.answered)
        yield Match(None, "canonical with lost digits", text, distances, lines=kept)


def _loses_alike(evidence: Evidence, index: int, rule: Rule) -> bool:
    """Whether the answer to a case is wrong only where a rule in the type is, and no further."""
    case, answer = evidence.cases[index], evidence.answers[index]
    inputs = map_tensors(lambda t: to_array(t, TYPES[evidence.kind].dtype), case.inputs)
    native = compute_values(case, rule, None, inputs)
    if not native.shape == answer.shape == case.expected.shape:
        return False
    allowed = case.tolerance[evidence.kind]
    error, own = np.abs(answer - case.expected), np.abs(native - case.expected)
    same = (answer == case.expected) | (np.isnan(answer) & np.isnan(case.expected))
    right = same | (error <= allowed)
    lost = np.isnan(answer) & np.isnan(native)
    return bool(np.all(right | lost | ((own > allowed) & (error <= ALIKE * own))))


def _list_held(evidence: Evidence, rule: Rule) -> list[int]:
    """The cases on which a way of writing, as it is, returns the expected values.

    On others it loses digits, and a changed line says nothing there.
    """
    held = []
    for index in evidence.answered:
        case = evidence.cases[index]
        values, allowed = compute_values(case, rule), case.tolerance[evidence.kind]
        if values.shape == case.expected.shape and (
            measure_distance(case.expected, values, case.expected, allowed, evidence.kind) <= 1
        ):
            held.append(index)
    return held


def _try_slips(
    evidence: Evidence, rule: Rule, own: Sequence[str]
) -> Iterator[tuple[Slip, list[float]]]:
    """The changes of a rule's `own` lines that explain all answers, and how far off each is."""
    small = list_slips(evidence.page, rule, evidence.kind) if evidence.sample.judges(rule) else ()
    for slips, attempt in (
        (small, try_slip),
        (list_all_wider_slips(evidence, rule), try_wider_slip),
    ):
        for slip in slips:
            distances = attempt(evidence, slip) if slip.line in own else None
            if distances is not None and max(distances) <= NEAR:
                yield slip, distances


def _list_lines_of_page(evidence: Evidence, slip: Slip, own: Sequence[str]) -> tuple[str, ...]:
    """The lines of the page's rule that a change is in: its own, or those that its way replaces."""
    assigned = evidence.page.rule.assigns
    return tuple(n for n in ((slip.line,) if slip.line in assigned else own) if n in assigned)
