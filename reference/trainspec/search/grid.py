"""Grid search's points (spec/search/grid.md)."""

from __future__ import annotations

import numpy as np

from trainspec.arguments import Array, above_zero, floating, like, wide


def grid(index: Array, *, low: float = 0.001, high: float = 1000.0, points: float = 7) -> Array:
    """The values of the grid's points number `index`, from 0, any shape (GRID-1).

    Raises TypeError for an array that is not floating-point, ValueError for bounds not above 0
    and fewer than two points.
    """
    floating(index=index)
    above_zero(low=low, high=high)
    if not 2 <= points < np.inf:
        raise ValueError(f"points must be in [2, inf), got {points!r}")
    return like(
        index, np.exp(np.log(low) + wide(index) / (points - 1) * (np.log(high) - np.log(low)))
    )
