"""Constant initialisation (spec/initializers/constant.md)."""

from __future__ import annotations

import numpy as np

from trainspec.arguments import Array, finite, floating, like


def constant(z: Array, *, value: float = 0.0) -> Array:
    """Weights in the shape and type of `z` that are all `value` (CONSTANT-1).

    Raises TypeError for an array that is not floating-point, ValueError for a `value` that is not
    a finite number.
    """
    floating(z=z)
    finite(value=value)
    return like(z, np.full(z.shape, value))
