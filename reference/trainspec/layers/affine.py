"""Affine layer (spec/layers/affine.md)."""

from __future__ import annotations

import numpy as np

from trainspec.arguments import Array, floating, like, wide


def forward(x: Array, W: Array, b: Array) -> Array:
    """The outputs, (N, M), of inputs `x`, (N, D), weights `W`, (D, M), biases `b`, (M,) (AFFINE-1).

    Raises TypeError for arrays that are not floating-point, ValueError for shapes that do not fit.
    """
    floating(x=x, W=W, b=b)
    if x.ndim != 2 or W.ndim != 2 or b.shape != W.shape[1:] or x.shape[1] != W.shape[0]:
        raise ValueError(
            f"x, W, b must have shapes (N, D), (D, M), (M,), got {x.shape}, {W.shape}, {b.shape}"
        )
    return like(x, wide(x) @ wide(W) + wide(b))


def backward_inputs(dy: Array, W: Array) -> Array:
    """The gradient with respect to the inputs, (N, D), given that of the outputs (AFFINE-2)."""
    floating(dy=dy, W=W)
    dx = wide(dy) @ wide(W).T
    return like(dy, dx)


def backward_parameters(dy: Array, x: Array) -> tuple[Array, Array]:
    """The gradients with respect to weights and biases, all that a first layer needs (AFFINE-2)."""
    floating(dy=dy, x=x)
    dW = wide(x).T @ wide(dy)
    db = np.sum(wide(dy), axis=0)
    return like(x, dW), like(dy, db)


def backward(dy: Array, x: Array, W: Array) -> tuple[Array, Array, Array]:
    """The gradients with respect to inputs, weights and biases, given `dy`, that of the outputs.

    Of shapes (N, D), (D, M) and (M,) for `dy` of (N, M); AFFINE-2.
    """
    return backward_inputs(dy, W), *backward_parameters(dy, x)


def affine(x: Array, W: Array, b: Array, dy: Array) -> dict[str, Array]:
    """Both passes, as an adapter answers: ``y``, ``dx``, ``dW``, ``db``."""
    dx, dW, db = backward(dy, x, W)
    return {"y": forward(x, W, b), "dx": dx, "dW": dW, "db": db}
