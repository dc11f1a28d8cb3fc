"""Bayesian optimisation over given candidates (spec/search/bayesian_optimization.md)."""

from __future__ import annotations

import numpy as np

from trainspec.arguments import Array, above_zero, at_least_zero, floating, like, same_shape, wide
from trainspec.search.expected_improvement import expected_improvement
from trainspec.search.gaussian_process import gaussian_process


def bayesian_optimization(
    rounds: list[Array],
    candidates: Array,
    scores: Array,
    tried: Array,
    *,
    length_scale: float = 1.0,
    signal_variance: float = 1.0,
    noise_variance: float = 1e-6,
    xi: float = 0.0,
) -> dict[str, list[Array]]:
    """What each of the rounds expects of all candidates, (k,), and which it tries (BAYES-1 to 4).

    `scores`, (k,), are looked at where a candidate has been tried; `tried`, (k,), says which have
    been before the first round. Raises TypeError for arrays that are not floating-point,
    ValueError for shapes that differ, no value tried, and hyperparameters out of their domain.
    """
    floating(candidates=candidates, scores=scores, tried=tried)
    same_shape(candidates=candidates, scores=scores, tried=tried)
    above_zero(
        length_scale=length_scale, signal_variance=signal_variance, noise_variance=noise_variance
    )
    at_least_zero(xi=xi)
    known = wide(tried) > 0
    if not known.any():
        raise ValueError("tried must hold at least one 1: a first value to learn from")
    x, y = wide(candidates), wide(scores)
    after: dict[str, list[Array]] = {
        name: [] for name in ("mean", "variance", "improvement", "chosen")
    }
    for _ in rounds:
        model = gaussian_process(
            x[known],
            y[known],
            x,
            length_scale=length_scale,
            signal_variance=signal_variance,
            noise_variance=noise_variance,
        )
        best = np.asarray(y[known].max())
        variance = np.where(known, 1, model["variance"]).astype(x.dtype)
        gain = expected_improvement(model["mean"], variance, best, xi=xi)["improvement"]
        improvement = np.where(known, 0, gain)
        chosen = np.arange(len(x)) == np.argmax(np.where(known, -1, improvement))
        known = known | chosen
        for name, value in {**model, "improvement": improvement, "chosen": chosen}.items():
            after[name].append(like(candidates, value))
    return after
