"""Functions that move numbers about: the same for floats and for intervals."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from trainspec.conformance.arithmetic.array_functions import ARRAY_FUNCTIONS, factorize
from trainspec.conformance.arithmetic.interval import enclose

F = ARRAY_FUNCTIONS
X = np.arange(24.0).reshape(2, 3, 2, 2)


def test_channels_become_columns_and_images_again():
    flat = F["columns"](X)
    assert flat.shape == (8, 3)
    np.testing.assert_array_equal(flat[:, 1], X[:, 1].ravel())
    np.testing.assert_array_equal(F["reshape_like"](flat, X), X)


def test_counts_and_products():
    assert F["count"](X) == 24
    assert F["count"](X, 1) == 3
    assert F["product"]([2, 3, 4]) == 24
    assert F["product"]([]) == 1
    assert list(F["arange"]([5, 5, 5])) == [0, 1, 2]


def test_a_linear_system_is_solved():
    a = np.array([[Fraction(4), Fraction(1)], [Fraction(1), Fraction(3)]])
    b = np.array([Fraction(1), Fraction(2)])
    assert list(a @ F["solve"](a, b)) == list(b)


def test_a_positive_definite_matrix_is_a_factor_times_its_transpose():
    lower = np.array([[2.0, 0.0, 0.0], [1.0, 3.0, 0.0], [-4.0, 0.5, 1.0]])
    # Every number on the way is exact in float64, and so is the factor.
    assert factorize(lower @ lower.T, np.sqrt) == lower.tolist()


@pytest.mark.parametrize(("ratio", "n"), [(0.29, 100), (0.3, 10), (0.7, 10), (0.5, 3), (1.0, 4)])
def test_the_floor_of_a_product_is_exact_for_intervals(ratio, n):
    assert F["floor_of_product"](enclose(ratio), n) == int(Fraction(ratio) * n // 1)


def test_rows_are_taken_in_order():
    np.testing.assert_array_equal(F["take"](np.array([10.0, 20.0, 30.0]), [2.0, 0.0]), [30.0, 10.0])
