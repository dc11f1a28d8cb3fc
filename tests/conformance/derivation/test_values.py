"""A form's values on a case in float64: close to the golden ones, never an exception."""

from __future__ import annotations

import numpy as np
import pytest

from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.derivation.values import compute_values
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.rule import parse_rule


@pytest.mark.parametrize("name", ["adam/changing-rate", "adam/thousand-steps"])
def test_the_rule_in_float64_is_the_golden_value_up_to_rounding(name):
    (case,) = load_cases(ids=[name])
    values = compute_values(case, load_page(case.technique).rule)
    assert (np.abs(values - case.expected) <= case.tolerance["float64"]).all()


def test_a_rule_that_cannot_be_run_is_no_number():
    (case,) = load_cases(ids=["sgd/changing-rate"])
    assert np.isnan(compute_values(case, parse_rule("W = W - missing"))).all()
