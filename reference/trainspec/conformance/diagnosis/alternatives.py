"""Forms beside the one that was found: `evidence, form -> the closest, and others that fit`."""

from __future__ import annotations

import math

from msgspec import Struct

from trainspec.conformance.derivation.separating_case import find_separating_case
from trainspec.conformance.derivation.values import compute_values
from trainspec.conformance.diagnosis.evidence import NEAR, Evidence
from trainspec.conformance.diagnosis.wording import describe_first_difference
from trainspec.conformance.pages.forms import Form, find_neighbours


class Alternative(Struct, frozen=True):
    """The closest other form: the case that rules it out most clearly, and what differs there.

    `separating` is the number of cases that rule it out.
    """

    form: str
    case: str
    difference: str
    tolerances: float
    separating: int


class Alike(Struct, frozen=True):
    """Another form that explains the answers, and the golden case that would tell them apart.

    `why` says what that case shows; both are empty where no case does.
    """

    form: str
    case: str = ""
    why: str = ""


def find_alternatives(
    evidence: Evidence, form: Form | None
) -> tuple[Alternative | None, list[Alike]]:
    """Of the forms that differ by one edit, the one that is hardest to rule out, and those that
    explain every answer.
    """
    page = evidence.page
    second: tuple[float, Form] | None = None
    fitting: list[Form] = []
    for other in find_neighbours(page, form) if form else ():
        if page.variant_hyperparameters(other.rule) - evidence.given - other.more.keys():
            continue
        farthest = 0.0
        for index in evidence.short:
            farthest = max(farthest, _measure(evidence, index, other))
            if second is not None and farthest >= second[0]:
                break
        if farthest > NEAR and (second is None or farthest < second[0]):
            second = farthest, other
        if farthest <= 1 and all(_measure(evidence, i, other) <= 1 for i in evidence.answered):
            fitting.append(other)
    alike = [_describe_alike(evidence, form, other) for other in fitting] if form else []
    return _describe_second(evidence, second[1]) if second else None, alike


def _describe_second(evidence: Evidence, form: Form) -> Alternative:
    distances = {i: _measure(evidence, i, form) for i in evidence.short}
    index = max(distances, key=distances.__getitem__)
    values = compute_values(evidence.cases[index], form.rule, form.more)
    return Alternative(
        form.display,
        evidence.cases[index].label,
        describe_first_difference(evidence, index, values, form.edits),
        distances[index],
        sum(d > NEAR for d in distances.values()),
    )


def _describe_alike(evidence: Evidence, form: Form, other: Form) -> Alike:
    asked = {evidence.cases[index].label for index in evidence.answered}
    case = find_separating_case(evidence.page, form.rule, other.rule, asked)
    return Alike(other.display, case.label, case.why) if case else Alike(other.display)


def _measure(evidence: Evidence, index: int, form: Form) -> float:
    values = compute_values(evidence.cases[index], form.rule, form.more)
    found = evidence.distance(index, values, form.edits)
    return math.inf if math.isnan(found) else found
