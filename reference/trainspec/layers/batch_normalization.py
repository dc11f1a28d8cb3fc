"""Batch normalisation in training (spec/layers/batch_normalization.md; Ioffe and Szegedy 2015)."""

from __future__ import annotations

import numpy as np

from trainspec.arguments import Array, at_least_zero, floating, like, wide


def statistics(x: Array) -> tuple[Array, Array]:
    """Mean and variance of every channel of `x`, (N, C) or (N, C, H, W), in wide types.

    The variance is divided by the number of values of a channel (BATCHNORM-1, BATCHNORM-2).
    """
    axes = (0, *range(2, x.ndim))
    m = x.size // x.shape[1]
    mean = np.sum(wide(x), axis=axes) / m
    variance = np.sum((wide(x) - per_channel(mean, x)) ** 2, axis=axes) / m
    return mean, variance


def per_channel(v: Array, x: Array) -> Array:
    """A value for each channel, (C,), in a shape that stands beside `x`."""
    return v.reshape(1, -1, *[1] * (x.ndim - 2))


def forward(x: Array, gamma: Array, beta: Array, *, epsilon: float = 1e-5) -> Array:
    """The outputs during training, shape of `x`; `gamma` and `beta` are (C,) (BATCHNORM-3, 4).

    Raises TypeError for arrays that are not floating-point, ValueError for an `epsilon` outside
    [0, inf) and for shapes that do not fit.
    """
    _check(x, gamma, beta, epsilon)
    mean, variance = statistics(x)
    x_hat = (wide(x) - per_channel(mean, x)) / np.sqrt(per_channel(variance, x) + epsilon)
    return like(x, per_channel(wide(gamma), x) * x_hat + per_channel(wide(beta), x))


def backward(
    dy: Array, x: Array, gamma: Array, *, epsilon: float = 1e-5
) -> tuple[Array, Array, Array]:
    """Gradients of inputs, scale and shift, given `dy`, that of the outputs (BATCHNORM-5)."""
    axes = (0, *range(2, x.ndim))
    m = x.size // x.shape[1]
    mean, variance = statistics(x)
    root = np.sqrt(per_channel(variance, x) + epsilon)
    x_hat = (wide(x) - per_channel(mean, x)) / root
    dy_ = wide(dy)

    dbeta = np.sum(dy_, axis=axes)
    dgamma = np.sum(dy_ * x_hat, axis=axes)
    dx = (per_channel(wide(gamma), x) / root) * (
        dy_ - per_channel(dbeta, x) / m - x_hat * per_channel(dgamma, x) / m
    )

    return like(x, dx), like(gamma, dgamma), like(gamma, dbeta)


def batch_normalization(
    x: Array, gamma: Array, beta: Array, dy: Array, *, epsilon: float = 1e-5
) -> dict[str, Array]:
    """Both passes, as an adapter answers: outputs, statistics and gradients."""
    _check(x, gamma, beta, epsilon)
    mean, variance = statistics(x)
    dx, dgamma, dbeta = backward(dy, x, gamma, epsilon=epsilon)
    return {
        "y": forward(x, gamma, beta, epsilon=epsilon),
        "mean": like(x, mean),
        "variance": like(x, variance),
        "dx": dx,
        "dgamma": dgamma,
        "dbeta": dbeta,
    }


def _check(x: Array, gamma: Array, beta: Array, epsilon: float) -> None:
    floating(x=x, gamma=gamma, beta=beta)
    at_least_zero(epsilon=epsilon)
    if x.ndim < 2 or gamma.shape != x.shape[1:2] or beta.shape != x.shape[1:2]:
        raise ValueError(
            "x, gamma, beta must have shapes (N, C, ...), (C,), (C,), "
            f"got {x.shape}, {gamma.shape}, {beta.shape}"
        )
