"""Standard deviation of a population (spec/statistics/standard_deviation.md)."""

from __future__ import annotations

import numpy as np

from trainspec.arguments import Array, floating, like, wide


def standard_deviation(x: Array) -> dict[str, Array]:
    """Mean, variance and standard deviation of the values `x`, shape (n,), n at least 1.

    Gives ``mean``, ``variance``, ``std``, each of shape () and of the type of `x` (STD-1 to 3).
    Raises TypeError for an array that is not floating-point, ValueError for an empty one.
    """
    floating(x=x)
    if x.size == 0:
        raise ValueError("x must hold at least one value, got none")
    x_ = wide(x)

    mean = np.sum(x_) / x_.size
    variance = np.sum((x_ - mean) ** 2) / x_.size
    std = np.sqrt(variance)

    return {"mean": like(x, mean), "variance": like(x, variance), "std": like(x, std)}
