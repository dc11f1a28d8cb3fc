"""Optuna (https://github.com/optuna/optuna): its random sampler, given the uniform numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import optuna

name = "Optuna"
version = optuna.__version__
types = ["float64"]
profile = "optuna"

optuna.logging.set_verbosity(optuna.logging.ERROR)


class _Uniforms:
    """In place of the sampler's random state: the numbers that the case gives."""

    def __init__(self, numbers: Any) -> None:
        self.numbers = iter(numbers)

    def uniform(self, low: Any, high: Any) -> Any:
        return low + (high - low) * next(self.numbers)


def log_uniform(u: Any, *, low: float, high: float) -> Any:
    sampler = optuna.samplers.RandomSampler()
    sampler._rng = type("State", (), {"rng": _Uniforms(u.ravel().tolist())})()
    study = optuna.create_study(sampler=sampler)
    values = [study.ask().suggest_float("x", low, high, log=True) for _ in range(u.size)]
    return np.array(values, u.dtype).reshape(u.shape)
