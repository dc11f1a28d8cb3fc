"""The rule language over float64: every function of the language is there."""

from __future__ import annotations

import math

import pytest

from trainspec.conformance.arithmetic.float64 import FLOAT64_FUNCTIONS
from trainspec.conformance.arithmetic.interval_functions import INTERVAL_FUNCTIONS
from trainspec.conformance.pages.rule import FUNCTIONS

COMPARISONS = {"greater", "greater_equal", "less", "less_equal", "equal"}


@pytest.mark.parametrize("functions", [FLOAT64_FUNCTIONS, INTERVAL_FUNCTIONS])
def test_the_whole_language_is_there(functions):
    assert functions.keys() == FUNCTIONS | COMPARISONS


def test_erf_takes_arrays():
    assert FLOAT64_FUNCTIONS["erf"]([0.0, 0.5])[1] == math.erf(0.5)
