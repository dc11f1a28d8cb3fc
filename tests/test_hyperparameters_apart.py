"""No hyperparameter stands in for another one in all golden cases: a mix-up always shows."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from msgspec.structs import replace

from trainspec.conformance.basics.paths import list_techniques
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.checking.distance import measure_distance
from trainspec.conformance.derivation.values import compute_values
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.parts import TRAINING


def list_pairs():
    for technique in list_techniques():
        page = load_page(technique)
        read = page.rule.free | (page.parameters.keys() if page.kind == TRAINING else set())
        names = [name for name, p in page.parameters.items() if p.numeric and name in read]
        for one, other in itertools.permutations(names, 2):
            yield technique, one, other


def is_seen(technique, one, other):
    """Whether a case shows `other` in place of `one`."""
    page = load_page(technique)
    for case in load_cases([technique]):
        given = case.hyperparameters
        if case.rejects or case.is_long or "float64" not in case.tolerance:
            continue
        value = given[other][0] if isinstance(given[other], list) else given[other]
        if isinstance(given[one], list):
            value = [value] * len(given[one])
        mixed = replace(case, hyperparameters={**given, one: value})
        with np.errstate(all="ignore"):
            values = compute_values(mixed, page.rule)
        allowed = case.tolerance["float64"]
        if values.shape != case.expected.shape:
            return True
        if not measure_distance(case.expected, values, case.expected, allowed, "float64") <= 1:
            return True
    return False


@pytest.mark.parametrize(("technique", "one", "other"), list(list_pairs()))
def test_another_hyperparameter_in_its_place_shows(technique, one, other):
    assert is_seen(technique, one, other)
