"""He initialisation, sqrt(2/n) (spec/initializers/he.md; He et al. 2015)."""

from __future__ import annotations

import numpy as np

from trainspec.arguments import Array, above_zero, floating, like, wide


def he(z: Array, *, fan_in: float = 100, fan_out: float = 100) -> Array:
    """Initial weights from standard normals `z` of any shape, in its shape and type (HE-1).

    `fan_in` is the number of nodes of the layer before; `fan_out` is not used (HE-2).
    Raises TypeError for an array that is not floating-point, ValueError for fans not above 0.
    """
    floating(z=z)
    above_zero(fan_in=fan_in, fan_out=fan_out)
    return like(z, np.sqrt(2 / fan_in) * wide(z))


def draw(shape: tuple[int, ...], *, fan_in: float, seed: int = 0) -> Array:
    """Initial weights of a shape, float64, from a generator started with `seed` (HE-3)."""
    return he(np.random.default_rng(seed).standard_normal(shape), fan_in=fan_in)
