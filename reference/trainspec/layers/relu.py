"""ReLU (spec/layers/relu.md)."""

from __future__ import annotations

import numpy as np

from trainspec.arguments import Array, floating, like, same_shape, wide


def forward(x: Array) -> Array:
    """The outputs for inputs `x` of any shape, in its shape and type (RELU-1)."""
    floating(x=x)
    x_ = wide(x)
    y = np.maximum(x_, 0)
    return like(x, y)


def backward(dy: Array, x: Array) -> Array:
    """The gradient with respect to the inputs `x`, given `dy`, that of the outputs (RELU-2,
    RELU-3).

    Raises ValueError where the shapes or types of `dy` and `x` differ.
    """
    floating(dy=dy, x=x)
    same_shape(x=x, dy=dy)
    dy_, x_ = wide(dy), wide(x)
    dx = np.where(x_ > 0, dy_, 0)
    return like(x, dx)


def relu(x: Array, dy: Array) -> dict[str, Array]:
    """Both passes, as an adapter answers: ``y`` and ``dx``."""
    return {"y": forward(x), "dx": backward(dy, x)}
