"""Fan-in and fan-out (spec/initializers/fans.md)."""

from __future__ import annotations

import numpy as np

from trainspec.arguments import Array, at_least_one, floating, like, wide


def fans(shape: Array, *, groups: float = 1) -> dict[str, Array]:
    """The fans of weights of a shape (outputs, inputs per group, kernel...), given as an array.

    Gives ``fan_in`` and ``fan_out``, each of shape () (FANS-1, FANS-2). Raises TypeError for an
    array that is not floating-point, ValueError for fewer than two sides or groups below 1.
    """
    floating(shape=shape)
    at_least_one(groups=groups)
    if shape.shape < (2,):
        raise ValueError(f"shape must have at least two sides, got {shape.tolist()}")
    outputs, inputs, *kernel = wide(shape)

    area = np.prod(kernel)
    fan_in = inputs * area
    fan_out = outputs / groups * area

    return {"fan_in": like(shape, fan_in), "fan_out": like(shape, fan_out)}
