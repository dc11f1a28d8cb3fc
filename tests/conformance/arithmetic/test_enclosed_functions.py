"""The rule language over enclosed arrays: every function of a page is there."""

from __future__ import annotations

from enclosed_expressions import ROUNDINGS
from trainspec.conformance.arithmetic.enclosed_functions import (
    ENCLOSED_FUNCTIONS,
    follow_roundings,
)
from trainspec.conformance.arithmetic.interval_functions import INTERVAL_FUNCTIONS


def test_every_function_of_the_rule_language_is_certified():
    assert ENCLOSED_FUNCTIONS.keys() == INTERVAL_FUNCTIONS.keys()


def test_a_bare_number_is_enclosed_first():
    value, certain = follow_roundings(ROUNDINGS)["sqrt"](2).nearest()
    assert certain
    assert value == 2**0.5
