"""L2 penalty (spec/regularizers/l2_penalty.md)."""

from __future__ import annotations

import numpy as np

from trainspec.arguments import Array, at_least_zero, floating, like, same_shape, wide


def penalty(W: Array, *, weight_decay: float = 0.1) -> Array:
    """What is added to the loss for weights `W` of any shape: a number, shape () (L2-1).

    Raises ValueError for a `weight_decay` outside [0, inf).
    """
    floating(W=W)
    at_least_zero(weight_decay=weight_decay)
    return like(W, weight_decay / 2 * np.sum(wide(W) ** 2))


def gradient(gW: Array, W: Array, *, weight_decay: float = 0.1) -> Array:
    """The gradient of the weights with the penalty, given `gW`, that without it (L2-2)."""
    floating(gW=gW, W=W)
    same_shape(W=W, gW=gW)
    at_least_zero(weight_decay=weight_decay)
    return like(W, wide(gW) + weight_decay * wide(W))


def l2_penalty(
    W: Array, b: Array, gW: Array, gb: Array, *, weight_decay: float = 0.1
) -> dict[str, Array]:
    """Penalty and gradients of one layer, as an adapter answers; biases are left alone (L2-3)."""
    return {
        "penalty": penalty(W, weight_decay=weight_decay),
        "gradient_W": gradient(gW, W, weight_decay=weight_decay),
        "gradient_b": gb.copy(),
    }
