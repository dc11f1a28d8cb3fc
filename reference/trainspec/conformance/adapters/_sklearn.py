"""How objects in scikit-learn's style are called: optimizers, a scaler, a Gaussian process.

An optimizer there is made with the parameters and changes them in `update_params(params, grads)`;
an estimator has `fit`, and keeps what it found in attributes that end in an underscore.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np

from trainspec.conformance.adapters._shared import renamed, updates

types = ("float64", "float32", "float16")


class _Run:
    """An optimizer with its parameters, which it changes in place."""

    def __init__(self, params: Any, optimizer: Any) -> None:
        self.params, self.optimizer = params, optimizer

    def step(self, gradient: Any, rate: float | None) -> Any:
        if rate is not None:
            self.optimizer.learning_rate_init = self.optimizer.learning_rate = rate
        if any(g is None for g in gradient):
            raise NotImplementedError("scikit-learn has a gradient for every parameter")
        self.optimizer.update_params(self.params, list(gradient))
        return [np.array(W) for W in self.params]

    def save(self) -> Any:
        return copy.deepcopy(vars(self.optimizer))

    def restore(self, state: Any) -> None:
        vars(self.optimizer).update(copy.deepcopy(state))


def bind_optimizer(kind: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """A class with `update_params(params, grads)` as an update rule."""

    def make(params: Any, rates: Any, given: dict[str, float]) -> Any:
        first = {words.get("learning_rate", "learning_rate_init"): rates[0]} if rates else {}
        own = [np.array(W) for W in params]
        return _Run(own, kind(own, **first, **renamed(given, words), **fixed))

    return updates(make, _Run.step, _Run.save, _Run.restore)


def bind_scaler(found: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """A scaler that finds the mean, the variance and the deviation of a column."""

    def standard_deviation(x: Any) -> Any:
        if x.dtype != np.float64:
            raise NotImplementedError("the statistics are float64 whatever the scaler is given")
        scaler = found(**fixed).fit(x.reshape(-1, 1))
        values = {"mean": scaler.mean_, "variance": scaler.var_, "std": scaler.scale_}
        return {name: np.asarray(value[0]) for name, value in values.items()}

    return standard_deviation


def bind_gaussian_process(found: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """A process that is made with a kernel and `alpha`, the variance of the noise."""
    from sklearn.gaussian_process import kernels

    def gaussian_process(
        x: Any,
        y: Any,
        x_new: Any,
        *,
        length_scale: float,
        signal_variance: float,
        noise_variance: float,
    ) -> Any:
        if x.dtype != np.float64:
            raise NotImplementedError("the process predicts in float64 whatever it is given")
        kernel = kernels.ConstantKernel(signal_variance) * kernels.RBF(length_scale)
        process = found(kernel, alpha=noise_variance, **{"optimizer": None, **fixed})
        mean, std = process.fit(x[:, None], y).predict(x_new[:, None], return_std=True)
        return {"mean": mean, "variance": std**2}

    return gaussian_process


BINDERS = {"standard_deviation": bind_scaler, "gaussian_process": bind_gaussian_process}
