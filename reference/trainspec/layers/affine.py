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


def backward(dy: Array, x: Array, W: Array) -> tuple[Array, Array, Array]:
    """The gradients by inputs, weights and biases, given that by the outputs, `dy` (AFFINE-2)."""
    floating(dy=dy, x=x, W=W)
    dy_, x_, W_ = wide(dy), wide(x), wide(W)

    dx = dy_ @ W_.T
    dW = x_.T @ dy_
    db = np.sum(dy_, axis=0)

    return like(x, dx), like(W, dW), like(dy, db)


def affine(x: Array, W: Array, b: Array, dy: Array) -> dict[str, Array]:
    """Both passes, as an adapter answers: ``y``, ``dx``, ``dW``, ``db``."""
    dx, dW, db = backward(dy, x, W)
    return {"y": forward(x, W, b), "dx": dx, "dW": dW, "db": db}
