"""Enclosed arithmetic: bit for bit Arb's values, bounds that hold, and the golden files."""

from __future__ import annotations

import numpy as np
import pytest

from enclosed_expressions import ROUNDINGS, Tally, compare
from trainspec.conformance.arithmetic.enclosed import (
    Enclosed,
    enclose_constants,
    enclose_exact,
)
from trainspec.conformance.basics.float_types import TYPES


def exact(*values):
    return enclose_exact(ROUNDINGS, np.array(values))


@pytest.mark.parametrize("seed", range(4))
def test_random_expressions_against_arb_and_against_bad_rounding(seed):
    draws, tally = np.random.default_rng(seed), Tally()
    for _ in range(120):
        compare(draws, tally)
    assert tally.wrong == []
    assert tally.outside == []
    assert tally.certified > 0.8 * tally.numbers > 300
    assert tally.rounded > 3000


def test_a_sum_that_cancels_is_certain_to_the_last_bit():
    a = exact(1.0) + exact(2.0**-40) - exact(1.0)
    value, certain = a.nearest()
    assert value[0] == 2.0**-40
    assert certain[0]
    assert np.isfinite(a.bounds()).all()
    assert (a.bounds()[0] > 2.0**-54).all()  # and float64 itself may lose most of it


def test_what_is_exact_has_no_bound_to_speak_of():
    zero = exact(0.0, 3.0) + exact(0.0, 0.0)
    assert (zero.bounds() == 0).all()
    assert (exact(2.0) ** 1).bounds().max() == 0
    assert ((exact(1.5) - exact(1.5)) * 7).bounds().max() == 0
    assert (exact(1.5) * 7 - exact(10.5)).bounds().min() > 0  # a type may round the product


def test_a_difference_with_too_few_digits_left_is_not_certified():
    a = exact(1.0) + exact(2.0**-60) - exact(1.0)
    value, certain = a.nearest()
    assert value[0] == 2.0**-60
    assert not certain[0]


def test_constants_may_be_held_in_the_type():
    bounds = dict(zip(TYPES, enclose_constants(ROUNDINGS, 0.1).bounds()))
    assert bounds["float64"] == 0
    assert 0 < bounds["float32"] < bounds["float16"] < bounds["bfloat16"]
    assert enclose_constants(ROUNDINGS, 0.5).bounds().max() == 0


def test_special_values_follow_ieee_754():
    a, b = exact(np.inf, 1.0, -1.0, 0.0, np.nan), exact(np.inf, 0.0, 0.0, 0.0, 1.0)
    value, certain = (a / b).nearest()
    assert np.array_equal(value, [np.nan, np.inf, -np.inf, np.nan, np.nan], equal_nan=True)
    assert certain.all()


def test_what_leaves_the_range_is_not_certified():
    for values in (
        exact(1e200) * exact(1e200),
        exact(1e-200) * exact(1e-200),
        exact(1e-300) / exact(3.0),
    ):
        assert not values.nearest()[1].any()


def test_a_type_that_overflows_has_no_bound():
    bounds = dict(zip(TYPES, (exact(300.0) * exact(300.0)).bounds()[:, 0]))
    assert np.isinf(bounds["float16"])
    assert np.isfinite(bounds["float32"])


def test_a_divisor_that_a_type_may_hold_as_zero_has_no_bound():
    small = exact(1.0) + exact(2.0**-20) - exact(1.0)
    bounds = dict(zip(TYPES, (exact(1.0) / small).bounds()[:, 0]))
    assert np.isinf(bounds["bfloat16"])
    assert np.isfinite(bounds["float64"])


def test_arrays_of_different_shapes_meet_as_numpy_says():
    column, scalar = exact(1.0, 2.0), enclose_constants(ROUNDINGS, 0.1)
    made = np.array([[1.0], [2.0]]) * (column * scalar)
    assert isinstance(made, Enclosed)
    assert made.shape == (2, 2)
    assert made.bounds().shape == (4, 2, 2)
