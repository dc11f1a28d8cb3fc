"""Gaussian-process regression (spec/search/gaussian_process.md; Rasmussen and Williams 2006)."""

from __future__ import annotations

import numpy as np

from trainspec.arguments import Array, above_zero, floating, like, same_shape, wide


def gaussian_process(
    x: Array,
    y: Array,
    x_new: Array,
    *,
    length_scale: float = 1.0,
    signal_variance: float = 1.0,
    noise_variance: float = 1e-6,
) -> dict[str, Array]:
    """Mean and variance of the score at `x_new`, (k,), after scores `y` at `x`, (n,) (GP-1 to 4).

    Raises TypeError for arrays that are not floating-point, ValueError for shapes that differ and
    hyperparameters not above 0.
    """
    floating(x=x, y=y, x_new=x_new)
    same_shape(x=x, y=y)
    above_zero(
        length_scale=length_scale,
        signal_variance=signal_variance,
        noise_variance=noise_variance,
    )

    def kernel(a: Array, b: Array) -> Array:
        distance = wide(a)[:, None] - wide(b)
        return np.asarray(signal_variance * np.exp(-(distance**2) / (2 * length_scale**2)))

    K = kernel(x, x) + noise_variance * np.eye(len(x), dtype=wide(x).dtype)
    cross = kernel(x, x_new)
    mean = cross.T @ np.linalg.solve(K, wide(y))
    variance = signal_variance - np.sum(cross * np.linalg.solve(K, cross), axis=0)

    return {"mean": like(x, mean), "variance": like(x, variance)}
