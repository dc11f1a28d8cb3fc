"""Validation split (spec/search/validation_split.md)."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from trainspec.arguments import Array, floating, from_zero_to_one


def validation_split(
    x: Array, labels: Array, permutation: Array, *, ratio: float = 0.2
) -> dict[str, Array]:
    """Validation and training data of samples `x`, (n, d), and `labels`, (n,) (SPLIT-1 to 4).

    `permutation` is a random order of 0 ... n-1, as an array of any number type. Raises TypeError
    for data that are not floating-point, ValueError for a `ratio` outside [0, 1].
    """
    floating(x=x, labels=labels)
    from_zero_to_one(ratio=ratio)
    order = np.asarray(permutation).astype(np.int64)
    size = math.floor(Fraction(ratio) * len(order))
    chosen, rest = order[:size], order[size:]
    return {
        "x_validation": x[chosen],
        "labels_validation": labels[chosen],
        "x_train": x[rest],
        "labels_train": labels[rest],
    }
