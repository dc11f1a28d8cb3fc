"""Functions of intervals: they contain what every type computes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainspec.conformance.arithmetic.interval import enclose, rounding_as
from trainspec.conformance.arithmetic.interval_functions import INTERVAL_FUNCTIONS
from trainspec.conformance.basics.float_types import TYPES

OPERATIONS = {
    "add": lambda x, y, f: x + y,
    "subtract": lambda x, y, f: x - y,
    "multiply": lambda x, y, f: x * y,
    "divide": lambda x, y, f: x / y,
    "square": lambda x, y, f: x**2 + y,
    "root": lambda x, y, f: f["sqrt"](x * x) - y,
    "lerp": lambda x, y, f: x + 0.3 * (y - x),
    "tanh": lambda x, y, f: f["tanh"](x) * f["exp"](-f["abs"](y)),
    "extremes": lambda x, y, f: f["maximum"](x, y) - f["minimum"](x, 0.5),
}

numbers = st.floats(0.0625, 16.0).map(lambda x: float(np.float16(x)))


FLOATS = {
    "sqrt": np.sqrt,
    "tanh": np.tanh,
    "exp": np.exp,
    "abs": abs,
    "maximum": np.maximum,
    "minimum": np.minimum,
}


@pytest.mark.parametrize("operation", OPERATIONS)
@given(x=numbers, y=numbers)
def test_intervals_hold_what_each_type_computes(operation, x, y):
    function = OPERATIONS[operation]
    for name in ("float64", "float32", "float16"):
        kind = TYPES[name]
        with rounding_as(kind):
            interval = enclose(function(enclose(x), enclose(y), INTERVAL_FUNCTIONS))
        computed = float(function(kind.dtype.type(x), kind.dtype.type(y), FLOATS))
        # NumPy's exp and tanh may be off by a last place more than correct rounding.
        slack = 4 * kind.roundoff * abs(computed) if operation == "tanh" else 0.0
        low, high = float(interval.x.lower()) - slack, float(interval.x.upper()) + slack
        assert low <= computed <= high


def test_undecided_comparisons_join_both_sides():
    with rounding_as(TYPES["bfloat16"]):
        near = enclose(1.0) / 3 * 3
        joined = INTERVAL_FUNCTIONS["where"](INTERVAL_FUNCTIONS["greater"](near, 1), 5.0, 7.0)
    assert joined.x.contains(5)
    assert joined.x.contains(7)


def test_what_a_function_returns_of_an_infinity_is_a_number_to_compute_with():
    end = INTERVAL_FUNCTIONS["tanh"](enclose(math.inf))
    assert (end * 1.75).nearest() == 1.75
    assert (1 - end * end).nearest() == 0
