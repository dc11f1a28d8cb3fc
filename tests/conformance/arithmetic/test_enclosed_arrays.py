"""Sums, products, extremes and moves of enclosed arrays."""

from __future__ import annotations

import numpy as np
import pytest
from flint import arb

from enclosed_expressions import ROUNDINGS, draw_numbers
from trainspec.conformance.arithmetic.enclosed import enclose_constants, enclose_exact
from trainspec.conformance.arithmetic.enclosed_arrays import ENCLOSED_ARRAY_FUNCTIONS, stack
from trainspec.conformance.arithmetic.interval import enclose_all, rounding_as
from trainspec.conformance.arithmetic.interval_functions import INTERVAL_FUNCTIONS
from trainspec.conformance.basics.float_types import TYPES

DO = ENCLOSED_ARRAY_FUNCTIONS


def exact(values):
    return enclose_exact(ROUNDINGS, np.asarray(values, np.float64))


@pytest.mark.parametrize("axis", [None, 0, 1])
def test_a_sum_is_the_true_one_and_bounded_in_any_order(axis):
    draws, sure = np.random.default_rng(3), []
    for size in (1, 2, 3, 7, 12):
        values = draw_numbers(draws, 3 * size).reshape(3, size)
        made = DO["sum"](exact(values), axis)
        truth = INTERVAL_FUNCTIONS["sum"](enclose_all(values), axis)
        nearest = np.vectorize(lambda x: x.nearest())(np.asarray(truth, object))
        value, certain = made.nearest()
        assert np.array_equal(np.where(certain, value, nearest), nearest)
        sure += np.ravel(certain).tolist()
        for kind, bound in zip(TYPES.values(), made.bounds()):
            with rounding_as(kind):
                held = INTERVAL_FUNCTIONS["sum"](enclose_all(values), axis)
            radii = np.vectorize(lambda x: float(x.x.rad()))(np.asarray(held, object))
            assert (bound <= radii * 1.001 + 1e-300).all()
            assert (bound >= radii * 0.999 - 1e-300).all()
    assert np.mean(sure) > 0.8


def test_a_sum_beside_an_infinity_and_one_that_adds_nothing():
    made = DO["sum"](exact([[1, np.inf, 2], [np.inf, -np.inf, 0], [0, 0.1, 0]]), 1)
    assert np.array_equal(made.nearest()[0], [np.inf, np.nan, 0.1], equal_nan=True)
    assert (made.bounds() == 0).all()
    assert DO["sum"](exact(np.empty((0, 2))), 0).nearest()[0].tolist() == [0, 0]


def test_a_matrix_product_is_the_true_one():
    draws = np.random.default_rng(5)
    a, b = draws.standard_normal((3, 4)), draws.standard_normal((4, 2))
    value, certain = DO["dot"](exact(a), exact(b)).nearest()
    truth = [
        [sum((arb(a[i, k]) * arb(b[k, j]) for k in range(4)), arb(0)) for j in range(2)]
        for i in range(3)
    ]
    assert certain.all()
    assert value.tolist() == [[float(x.mid()) for x in row] for row in truth]
    assert DO["dot"](exact(a), exact(b[:, 0])).nearest()[0].tolist() == value[:, 0].tolist()


def test_the_largest_and_whole_numbers():
    x = exact([[1.5, -2.0], [0.5, 7.0]])
    assert DO["max"](x).nearest()[0] == 7
    assert DO["max"](x, 0).nearest()[0].tolist() == [1.5, 7]
    assert DO["floor"](x).nearest()[0].tolist() == [[1, -2], [0, 7]]
    assert DO["ceil"](x).nearest()[0].tolist() == [[2, -2], [1, 7]]
    below = exact(3.0) - exact(2.0**-60)
    assert DO["floor"](below).nearest()[0] == 2  # the second part decides
    assert np.isinf(DO["floor"](below).bounds()).all()  # and a type may hold 3


def test_numbers_to_count_with_must_be_certain_in_every_type():
    assert DO["floor_int"](exact(2.75)) == 2
    ratio = enclose_constants(ROUNDINGS, 0.29)
    assert DO["floor_of_product"](ratio, 10) == 2
    with pytest.raises(ValueError, match="not certain"):
        DO["floor_of_product"](ratio, 100)  # 28.999…: float32 may hold 29
    assert DO["take"](exact([5, 6, 7]), exact([2, 0])).nearest()[0].tolist() == [7, 5]


def test_a_system_is_solved_and_rows_are_stacked():
    a, b = [[4.0, 1.0], [1.0, 3.0]], [1.0, 2.0]
    value, certain = DO["solve"](exact(a), exact(b)).nearest()
    assert certain.all()
    assert value.tolist() == [1 / 11, 7 / 11]
    both = stack([exact([1, 2]), exact([3, 4])])
    assert both.nearest()[0].tolist() == [[1, 2], [3, 4]]
    assert both.bounds().shape == (4, 2, 2)


def test_moves_keep_numbers_and_bounds():
    x = exact(np.arange(12).reshape(2, 3, 2)) * 0.1
    tall = DO["columns"](x)
    assert tall.shape == (4, 3)
    back = DO["reshape_like"](tall, x)
    assert np.array_equal(back.nearest()[0], x.nearest()[0])
    assert np.array_equal(back.bounds(), x.bounds())
    assert DO["transpose"](tall).shape == (3, 4)
    assert DO["column"](x[0, :, 1]).shape == (3, 1)
    assert DO["diagonal"](tall[:3]).shape == (3,)
    assert DO["product"](exact([2, 3, 4])).nearest()[0] == 24
    assert DO["arange"](exact([9, 9])).nearest()[0].tolist() == [0, 1]
