"""What one input may be taken for."""

from __future__ import annotations

import numpy as np
import pytest

from trainspec.conformance.diagnosis.input_changes import CHANGES

VECTOR = np.array([0.5, 3.0, -1.0])
MATRIX = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


@pytest.mark.parametrize(
    ("words", "array", "changed"),
    [
        ("{0} with its last row as 0", MATRIX, [[1, 2, 3], [0, 0, 0]]),
        ("{0} one column further on", MATRIX, [[2, 3, 1], [5, 6, 4]]),
        ("the first row of {0} in place of every row", MATRIX, [[1, 2, 3], [1, 2, 3]]),
        ("the first column of {0} in place of every column", MATRIX, [[1, 1, 1], [4, 4, 4]]),
        ("the rank of {0}, from 1, over its size", VECTOR, [2 / 3, 1, 1 / 3]),
        ("the order of {0} in place of its ranks", VECTOR, [2, 0, 1]),
        ("the order of {0}, the largest first, in place of its ranks", VECTOR, [-1, 0, -2]),
        ("{0} inverted as a permutation", np.array([2.0, 0.0, 1.0]), [1, 2, 0]),
    ],
)
def test_the_change(words, array, changed):
    assert np.array_equal(CHANGES[words](array), changed)


def test_bits_are_reversed_eight_at_a_time_and_the_rest_is_filled_up():
    (reverse,) = (change for words, change in CHANGES.items() if "every eight elements" in words)
    bits = np.array([1.0, 0, 0, 0, 0, 0, 0, 0, 1, 1])
    assert np.array_equal(reverse(bits), [0, 0, 0, 0, 0, 0, 0, 1, 0, 0])


@pytest.mark.parametrize(
    ("words", "array"),
    [
        ("{0} one column further on", VECTOR),
        ("{0} inverted as a permutation", VECTOR),
        ("the first row of {0} in place of every row", VECTOR),
        ("{0} sorted", MATRIX),
    ],
)
def test_what_cannot_be_changed_so(words, array):
    assert CHANGES[words](array) is None


def test_inputs_are_left_as_they_are():
    for change in CHANGES.values():
        array = MATRIX.copy()
        change(array)
        assert np.array_equal(array, MATRIX)
