"""Expected improvement (spec/search/expected_improvement.md; Močkus 1975)."""

from __future__ import annotations

import math

import numpy as np

from trainspec.arguments import Array, at_least_zero, floating, like, same_shape, wide


def expected_improvement(
    mean: Array, variance: Array, best: Array, *, xi: float = 0.0
) -> dict[str, Array]:
    """The expected improvement of candidates over `best`, shape (), and the one to try next.

    `mean` and `variance`, (k,), are what a Gaussian process says of the candidates (EI-1 to 3).
    Raises TypeError for arrays that are not floating-point, ValueError for shapes that differ and
    an `xi` outside [0, inf).
    """
    floating(mean=mean, variance=variance, best=best)
    same_shape(mean=mean, variance=variance)
    at_least_zero(xi=xi)
    std = np.sqrt(wide(variance))

    gain = wide(mean) - wide(best) - xi
    z = gain / std
    below = np.array([(1 + math.erf(v / math.sqrt(2))) / 2 for v in z.tolist()], dtype=z.dtype)
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    improvement = gain * below + std * density
    chosen = np.arange(len(z)) == np.argmax(improvement)

    return {"improvement": like(mean, improvement), "chosen": like(mean, chosen)}
