"""Intervals: enclosures of true values, rounding to the nearest float, radii."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainspec.conformance.arithmetic.interval import Interval, UnboundedError, enclose, rounding_as
from trainspec.conformance.arithmetic.interval_functions import INTERVAL_FUNCTIONS
from trainspec.conformance.basics.float_types import TYPES

numbers = st.floats(0.0625, 16.0).map(lambda x: float(np.float16(x)))


@given(x=numbers, y=numbers)
def test_exact_arithmetic_gives_the_nearest_float(x, y):
    exact = enclose(x) * y + enclose(x) / y
    assert exact.nearest() == pytest.approx(x * y + x / y, rel=4 * 2**-53)
    assert (enclose(x) * y).nearest() == x * y  # a product of two float16 numbers is exact


def test_special_values_follow_ieee_754():
    zero, one, infinite = enclose(0), enclose(1), enclose(math.inf)
    assert (one / zero).nearest() == math.inf
    assert (-one / zero).nearest() == -math.inf
    assert math.isnan((zero / zero).nearest())
    assert math.isnan((infinite - infinite).nearest())
    assert (one / infinite).nearest() == 0
    assert math.isnan((infinite * zero).nearest())
    assert math.isnan(INTERVAL_FUNCTIONS["sqrt"](-one).nearest())
    assert INTERVAL_FUNCTIONS["exp"](-infinite).nearest() == 0
    assert math.isnan(INTERVAL_FUNCTIONS["maximum"](one, enclose(math.nan)).nearest())
    assert INTERVAL_FUNCTIONS["where"](True, one, math.nan).nearest() == 1


def test_what_has_no_bound_is_refused():
    with rounding_as(TYPES["float16"]):
        near = enclose(1.0) / 3 * 3 - 1
        with pytest.raises(UnboundedError):
            enclose(1.0) / near
        with pytest.raises(UnboundedError):
            enclose(300.0) * 300.0


def test_a_value_between_two_floats_is_not_rounded_by_chance():
    with rounding_as(TYPES["float32"]):
        wide = enclose(1.0) / 3
    with pytest.raises(ArithmeticError, match="does not round to one float64"):
        wide.nearest()


def test_radius_is_zero_only_for_the_centre_itself():
    assert Interval(enclose(2).x).radius(enclose(2).x) == 0
    with rounding_as(TYPES["float32"]):
        third = enclose(1.0) / 3
    assert 2**-26 / 3 < third.radius(third.x.mid()) < 2**-23 / 3
