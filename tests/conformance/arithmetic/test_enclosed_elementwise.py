"""The rule language over enclosed arrays: roots, comparisons, choices, and what is left to Arb."""

from __future__ import annotations

import numpy as np
import pytest

from enclosed_expressions import ROUNDINGS
from trainspec.conformance.arithmetic.enclosed import enclose_exact
from trainspec.conformance.arithmetic.enclosed_functions import ENCLOSED_FUNCTIONS
from trainspec.conformance.basics.float_types import TYPES

F = ENCLOSED_FUNCTIONS


def exact(*values):
    return enclose_exact(ROUNDINGS, np.array(values))


def test_roots_and_extremes_of_special_values_follow_ieee_754():
    value, certain = F["sqrt"](exact(-1.0, 0.0)).nearest()
    assert np.array_equal(value, [np.nan, 0.0], equal_nan=True)
    assert certain.all()
    value, _ = F["maximum"](exact(np.nan, 1.0), exact(0.0, np.inf)).nearest()
    assert np.array_equal(value, [np.nan, np.inf], equal_nan=True)


def test_a_comparison_that_a_type_may_decide_otherwise_widens():
    close = exact(1.0) + exact(2.0**-12)
    chosen = F["where"](F["greater"](close, 1), exact(5.0), exact(2.0))
    bounds = dict(zip(TYPES, chosen.bounds()[:, 0]))
    assert bounds["float64"] == 0
    assert bounds["bfloat16"] >= 3


def test_what_is_not_certified_here_says_so():
    with pytest.raises(TypeError, match="not certified"):
        F["sqrt"](2.0)
