"""Normal initialisation (spec/initializers/normal.md)."""

from __future__ import annotations

import numpy as np

from trainspec.arguments import Array, at_least_zero, floating, like, wide


def normal(z: Array, *, std: float = 0.01) -> Array:
    """Initial weights from standard normals `z` of any shape, in its shape and type (NORMAL-1).

    Raises TypeError for an array that is not floating-point, ValueError for a `std` outside
    [0, inf).
    """
    floating(z=z)
    at_least_zero(std=std)
    return like(z, std * wide(z))


def draw(shape: tuple[int, ...], *, std: float = 0.01, seed: int = 0) -> Array:
    """Initial weights of a shape, float64, from a generator started with `seed` (NORMAL-2)."""
    return normal(np.random.default_rng(seed).standard_normal(shape), std=std)
