"""Sigmoid (spec/layers/sigmoid.md)."""

from __future__ import annotations

import numpy as np

from trainspec.arguments import Array, floating, like, same_shape, wide


def forward(x: Array) -> Array:
    """The outputs for inputs `x` of any shape, in its shape and type (SIGMOID-1, SIGMOID-3)."""
    floating(x=x)
    x_ = wide(x)
    e = np.exp(-np.abs(x_))
    y = np.where(x_ >= 0, 1, e) / (1 + e)
    return like(x, y)


def backward(dy: Array, x: Array) -> Array:
    """The gradient with respect to the inputs `x`, given `dy`, that of the outputs (SIGMOID-2).

    Raises ValueError where the shapes or types of `dy` and `x` differ.
    """
    floating(dy=dy, x=x)
    same_shape(x=x, dy=dy)
    dy_, x_ = wide(dy), wide(x)
    e = np.exp(-np.abs(x_))
    dx = dy_ * e / (1 + e) ** 2
    return like(x, dx)


def sigmoid(x: Array, dy: Array) -> dict[str, Array]:
    """Both passes, as an adapter answers: ``y`` and ``dx``."""
    return {"y": forward(x), "dx": backward(dy, x)}
