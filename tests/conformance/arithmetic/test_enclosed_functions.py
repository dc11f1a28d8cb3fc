"""The rule language over enclosed arrays: every function of a page is there."""

from __future__ import annotations

import numpy as np

from enclosed_expressions import ROUNDINGS
from trainspec.conformance.arithmetic.enclosed import enclose_exact
from trainspec.conformance.arithmetic.enclosed_functions import (
    ENCLOSED_FUNCTIONS,
    follow_roundings,
)
from trainspec.conformance.arithmetic.float64 import FLOAT64_FUNCTIONS
from trainspec.conformance.arithmetic.interval import enclose_all
from trainspec.conformance.arithmetic.interval_functions import INTERVAL_FUNCTIONS


def test_every_function_of_the_rule_language_is_certified():
    assert ENCLOSED_FUNCTIONS.keys() == INTERVAL_FUNCTIONS.keys()


def test_a_factor_is_the_same_in_every_arithmetic():
    a = np.array([[4.0, 2.0], [2.0, 3.0]])
    lower = FLOAT64_FUNCTIONS["cholesky"](a)
    certain = INTERVAL_FUNCTIONS["cholesky"](enclose_all(a))
    value, decided = ENCLOSED_FUNCTIONS["cholesky"](enclose_exact(ROUNDINGS, a)).nearest()
    assert np.all(decided)
    assert lower.tolist() == value.tolist() == [[2.0, 0.0], [1.0, 2**0.5]]
    assert [certain[1, k].nearest() for k in range(2)] == [1.0, 2**0.5]


def test_a_bare_number_is_enclosed_first():
    value, certain = follow_roundings(ROUNDINGS)["sqrt"](2).nearest()
    assert certain
    assert value == 2**0.5
