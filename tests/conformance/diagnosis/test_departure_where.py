"""The words for where wrong numbers are."""

from __future__ import annotations

import numpy as np
import pytest

from trainspec.conformance.diagnosis.departure_where import find_where
from trainspec.conformance.diagnosis.places import Places


def make_places(good, **features):
    n = len(good)
    zero = np.zeros(n)
    return Places(zero, zero, np.ones(n), np.ones(n), zero, np.array(good, dtype=bool), features)


@pytest.mark.parametrize(
    ("good", "features", "words"),
    [
        ([1, 0, 0], {"tensor": [0, 1, 2]}, "wrong in every tensor but the first, and nowhere else"),
        ([1, 1, 1, 0, 0], {"step": [1, 2, 3, 4, 5]}, "right up to step 3, wrong from step 4 on"),
        ([1, 0, 1, 1], {"gradient": [1, -1, 1, -1], "row": [0, 0, 1, 1]},
         "wrong where the gradient is negative and in the first row, and nowhere else"),
        ([1, 0, 0], {"step": [1, 2, 3], "gradient": [1, 2, 3]},
         "right at the first step, wrong later"),
        ([1, 1, 0], {"position": [0, 1, 2], "position from the end": [2, 1, 0]},
         "wrong in the last element of every tensor, and nowhere else"),
        ([1, 1, 1, 1, 0, 0],
         {"position": [0, 1, 2, 3, 4, 5], "position from the end": [5, 4, 3, 2, 1, 0]},
         "wrong in the elements after the last whole block of four, and nowhere else"),
        ([1, 0, 0, 1], {"row": [0, 0, 1, 1], "column": [0, 1, 0, 1]},
         "wrong where the row is not the column, and nowhere else"),
        ([1, 1, 0, 0], {"input x": [0.5, 2.0, 2.5, 3.0]}, "wrong exactly where x is over 2"),
        ([1, 0, 1, 0], {"input x": [0.5, 2.5, -2.0, -3.0]},
         "wrong exactly where the size of x is over 2"),
        ([1, 0, 1, 0], {"input x": [0.5, 0.25, -2.0, -3.0]}, ""),
        ([0, 0], {}, "all numbers that should move are wrong"),
        ([1, 0, 1], {}, ""),
    ],
)  # fmt: skip
def test_the_place_is_named(good, features, words):
    arrays = {name: np.array(values, dtype=float) for name, values in features.items()}
    assert find_where(make_places(good, **arrays)) == words
