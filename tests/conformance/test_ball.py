"""Interval arithmetic: it holds what float types do, and follows IEEE 754 at the edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainspec.conformance import ball
from trainspec.conformance.ball import Ball, UnboundedError
from trainspec.conformance.types import TYPES

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
FLOATS = {
    "sqrt": np.sqrt,
    "tanh": np.tanh,
    "exp": np.exp,
    "abs": abs,
    "maximum": np.maximum,
    "minimum": np.minimum,
}
numbers = st.floats(0.0625, 16.0).map(lambda x: float(np.float16(x)))


@pytest.mark.parametrize("operation", OPERATIONS)
@given(x=numbers, y=numbers)
def test_intervals_hold_what_each_type_computes(operation, x, y):
    function = OPERATIONS[operation]
    for name in ("float64", "float32", "float16"):
        kind = TYPES[name]
        with ball.arithmetic(kind):
            interval = ball.number(function(ball.number(x), ball.number(y), ball.FUNCTIONS))
        computed = float(function(kind.dtype.type(x), kind.dtype.type(y), FLOATS))
        # NumPy's exp and tanh may be off by a last place more than correct rounding.
        slack = 4 * kind.roundoff * abs(computed) if operation == "tanh" else 0.0
        low, high = float(interval.x.lower()) - slack, float(interval.x.upper()) + slack
        assert low <= computed <= high


@given(x=numbers, y=numbers)
def test_exact_arithmetic_gives_the_nearest_float(x, y):
    exact = ball.number(x) * y + ball.number(x) / y
    assert exact.nearest() == pytest.approx(x * y + x / y, rel=4 * 2**-53)
    assert (ball.number(x) * y).nearest() == x * y  # a product of two float16 numbers is exact


def test_special_values_follow_ieee_754():
    zero, one, infinite = ball.number(0), ball.number(1), ball.number(math.inf)
    assert (one / zero).nearest() == math.inf
    assert (-one / zero).nearest() == -math.inf
    assert math.isnan((zero / zero).nearest())
    assert math.isnan((infinite - infinite).nearest())
    assert (one / infinite).nearest() == 0
    assert math.isnan((infinite * zero).nearest())
    assert math.isnan(ball.FUNCTIONS["sqrt"](-one).nearest())
    assert ball.FUNCTIONS["exp"](-infinite).nearest() == 0
    assert math.isnan(ball.FUNCTIONS["maximum"](one, ball.number(math.nan)).nearest())
    assert ball.FUNCTIONS["where"](True, one, math.nan).nearest() == 1


def test_undecided_comparisons_join_both_sides():
    with ball.arithmetic(TYPES["bfloat16"]):
        near = ball.number(1.0) / 3 * 3
        joined = ball.FUNCTIONS["where"](ball.FUNCTIONS["greater"](near, 1), 5.0, 7.0)
    assert joined.x.contains(5)
    assert joined.x.contains(7)


def test_what_has_no_bound_is_refused():
    with ball.arithmetic(TYPES["float16"]):
        near = ball.number(1.0) / 3 * 3 - 1
        with pytest.raises(UnboundedError):
            ball.number(1.0) / near
        with pytest.raises(UnboundedError):
            ball.number(300.0) * 300.0


def test_a_value_between_two_floats_is_not_rounded_by_chance():
    with ball.arithmetic(TYPES["float32"]):
        wide = ball.number(1.0) / 3
    with pytest.raises(ArithmeticError, match="does not round to one float64"):
        wide.nearest()


def test_radius_is_zero_only_for_the_centre_itself():
    assert Ball(ball.number(2).x).radius(ball.number(2).x) == 0
    with ball.arithmetic(TYPES["float32"]):
        third = ball.number(1.0) / 3
    assert 2**-26 / 3 < third.radius(third.x.mid()) < 2**-23 / 3
