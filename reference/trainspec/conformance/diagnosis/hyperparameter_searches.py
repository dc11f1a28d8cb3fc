"""One hyperparameter where another one belongs: `answers -> which`."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from msgspec.structs import replace

from trainspec.conformance.basics.float_types import FloatArray
from trainspec.conformance.cases.case import Case
from trainspec.conformance.derivation.values import compute_values
from trainspec.conformance.diagnosis.evidence import NEAR, Evidence
from trainspec.conformance.diagnosis.matching import Match, measure_distances
from trainspec.conformance.pages.rule import Rule


def find_mixed_up(evidence: Evidence) -> Iterator[Match]:
    """The canonical rule, given one hyperparameter in the place of another, or two exchanged."""
    page = evidence.page
    if () not in evidence.declared:
        return
    numeric = [name for name, parameter in page.parameters.items() if parameter.numeric]
    tried: dict[str, Mapping[str, str]] = {
        f"{other} is used in place of {one}": {one: other}
        for one, other in itertools.permutations(numeric, 2)
    }
    tried |= {
        f"{one} and {other} are exchanged": {one: other, other: one}
        for one, other in itertools.combinations(numeric, 2)
    }
    probe = evidence.probe
    for words, taken in tried.items():
        compute = partial(_compute, page.rule, taken)
        values = compute(evidence.cases[probe])
        if not evidence.distance(probe, values) <= NEAR or not evidence.has_numbers(values, probe):
            continue
        distances = measure_distances(evidence, compute)
        if distances is not None:
            lines = tuple(line.name for line in page.rule.body if line.reads & taken.keys())
            yield Match(None, "hyperparameters-mixed-up", words, distances, lines=lines)
            return


def _compute(rule: Rule, taken: Mapping[str, str], case: Case) -> FloatArray:
    """What the rule returns where each hyperparameter of `taken` has another one's value."""
    given = case.hyperparameters
    mixed = {one: _take(given, one, other) for one, other in taken.items() if one in given}
    return compute_values(replace(case, hyperparameters={**given, **mixed}), rule)


def _take(given: Mapping[str, Any], one: str, other: str) -> Any:
    """The value of `other`, as a list with an entry for each step where `one` is that."""
    value, own = given.get(other, given[one]), given[one]
    value = value[0] if isinstance(value, list) and not isinstance(own, list) else value
    return [value] * len(own) if isinstance(own, list) and not isinstance(value, list) else value
