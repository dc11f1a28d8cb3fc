"""Batch normalisation's running statistics (spec/layers/batch_normalization_running.md)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trainspec.arguments import Array, at_least_zero, below_one, floating, like, wide
from trainspec.layers.batch_normalization import forward, per_channel, statistics


@dataclass(frozen=True)
class RunningStatistics:
    """What inference normalises with: a mean and a variance for each channel."""

    mean: Array
    variance: Array


def init(gamma: Array) -> RunningStatistics:
    """The statistics before the first batch: means of 0 and variances of 1, (C,) as `gamma`."""
    floating(gamma=gamma)
    return RunningStatistics(np.zeros_like(gamma), np.ones_like(gamma))


def update(running: RunningStatistics, x: Array, *, momentum: float = 0.9) -> RunningStatistics:
    """The statistics after one more batch `x`, (N, C) or (N, C, H, W) (BATCHNORMRUNNING-1, 3).

    `momentum` is the part of the old that is kept. Raises ValueError for one outside [0, 1).
    """
    floating(x=x)
    below_one(momentum=momentum)
    mean, variance = statistics(x)
    return RunningStatistics(
        like(x, momentum * wide(running.mean) + (1 - momentum) * mean),
        like(x, momentum * wide(running.variance) + (1 - momentum) * variance),
    )


def inference(
    x: Array, running: RunningStatistics, gamma: Array, beta: Array, *, epsilon: float = 1e-5
) -> Array:
    """The outputs of inference, shape of `x` (BATCHNORMRUNNING-4)."""
    at_least_zero(epsilon=epsilon)
    root = np.sqrt(per_channel(wide(running.variance), x) + epsilon)
    x_hat = (wide(x) - per_channel(wide(running.mean), x)) / root
    return like(x, per_channel(wide(gamma), x) * x_hat + per_channel(wide(beta), x))


def step(
    x: Array,
    running: RunningStatistics,
    gamma: Array,
    beta: Array,
    *,
    epsilon: float = 1e-5,
    momentum: float = 0.9,
) -> tuple[dict[str, Array], RunningStatistics]:
    """One batch: training normalises with its own statistics, inference with the new running ones.

    Returns the outputs by name, and the new statistics.
    """
    running = update(running, x, momentum=momentum)
    outputs = {
        "running_mean": running.mean,
        "running_variance": running.variance,
        "training": forward(x, gamma, beta, epsilon=epsilon),
        "inference": inference(x, running, gamma, beta, epsilon=epsilon),
    }
    return outputs, running


def batch_normalization_running(
    x: list[Array],
    gamma: Array,
    beta: Array,
    *,
    epsilon: float = 1e-5,
    momentum: float = 0.9,
) -> dict[str, list[Array]]:
    """Batch after batch, as an adapter answers: the outputs of `step`, a list of each."""
    running = init(gamma)
    after: dict[str, list[Array]] = {
        "running_mean": [],
        "running_variance": [],
        "training": [],
        "inference": [],
    }
    for batch in x:
        outputs, running = step(batch, running, gamma, beta, epsilon=epsilon, momentum=momentum)
        for name, values in after.items():
            values.append(outputs[name])
    return after
