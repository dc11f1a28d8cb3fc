"""Log-uniform sampling (spec/search/log_uniform.md; Bergstra and Bengio 2012)."""

from __future__ import annotations

import numpy as np

from trainspec.arguments import Array, above_zero, floating, like, wide


def log_uniform(u: Array, *, low: float = 0.001, high: float = 1000.0) -> Array:
    """Values between `low` and `high` from even numbers `u` in [0, 1) (LOGUNIFORM-1, 2).

    Raises TypeError for an array that is not floating-point, ValueError for bounds not above 0.
    """
    floating(u=u)
    above_zero(low=low, high=high)
    return like(u, np.exp(np.log(low) + wide(u) * (np.log(high) - np.log(low))))
