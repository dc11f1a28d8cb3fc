"""Chainer (https://github.com/chainer/chainer), which needs a NumPy before 1.24.

So it runs in an environment of its own, as a program:

    trainspec check -- OTHER_ENVIRONMENT/bin/trainspec serve chainer
"""

from __future__ import annotations

from typing import Any

import chainer
import numpy as np
from chainer import functions, links, optimizers

from trainspec.conformance.adapters._shared import renamed, updates

name = "Chainer"
version = chainer.__version__
types = ["float64", "float32", "float16"]
profile = "chainer"


class _Run:
    """An optimizer with its parameters."""

    def __init__(self, params: Any, optimizer: Any, rate_is: str) -> None:
        self.rate_is = rate_is
        link = chainer.Link()
        with link.init_scope():
            for k, W in enumerate(params):
                setattr(link, f"W{k}", chainer.Parameter(np.array(W)))
        self.params = [getattr(link, f"W{k}") for k in range(len(params))]
        self.optimizer = optimizer.setup(link)

    def step(self, gradient: Any, rate: float | None) -> Any:
        if rate is not None:
            setattr(self.optimizer, self.rate_is, rate)
        for W, g in zip(self.params, gradient):
            W.grad = None if g is None else np.array(g)
        self.optimizer.update()
        return [np.array(W.array) for W in self.params]


def _of(kind: Any, **fixed: Any) -> Any:
    words = {"epsilon": "eps", "rho": "alpha", "weight_decay": "weight_decay_rate"}
    rate_is = "alpha" if kind is optimizers.Adam else "lr"

    def make(params: Any, rates: Any, given: dict[str, float]) -> Any:
        first = {rate_is: rates[0]} if rates else {}
        return _Run(params, kind(**first, **renamed(given, words), **fixed), rate_is)

    return updates(make, _Run.step)


sgd = _of(optimizers.SGD)
momentum = _of(optimizers.MomentumSGD)
adagrad = _of(optimizers.AdaGrad)
rmsprop = _of(optimizers.RMSprop)
adam = _of(optimizers.Adam)

forms = {
    "momentum:nesterov-updated-velocity": _of(optimizers.NesterovAG),
    "rmsprop:epsilon-in-root": _of(optimizers.RMSprop, eps_inside_sqrt=True),
    "adam:eps-hat+amsgrad": _of(optimizers.Adam, amsgrad=True),
    "adam:eps-hat+decoupled-decay-without-rate": _of(optimizers.Adam),
}


def sigmoid(x: Any, dy: Any) -> Any:
    return _activation(functions.sigmoid, x, dy)


def tanh(x: Any, dy: Any) -> Any:
    return _activation(functions.tanh, x, dy)


def relu(x: Any, dy: Any) -> Any:
    return _activation(functions.relu, x, dy)


def batch_normalization_running(x: Any, gamma: Any, beta: Any, **given: float) -> Any:
    words = {"epsilon": "eps", "momentum": "decay"}
    layer = links.BatchNormalization(len(gamma), dtype=gamma.dtype, **renamed(given, words))
    layer.gamma.array[...], layer.beta.array[...] = gamma, beta
    after: dict[str, list[Any]] = {
        "running_mean": [], "running_variance": [], "training": [], "inference": []
    }  # fmt: skip
    for batch in x:
        with chainer.using_config("train", True):
            after["training"].append(layer(np.array(batch)).array)
        after["running_mean"].append(np.array(layer.avg_mean))
        after["running_variance"].append(np.array(layer.avg_var))
        with chainer.using_config("train", False):
            after["inference"].append(layer(np.array(batch)).array)
    return after


def _activation(function: Any, x: Any, dy: Any) -> Any:
    t = chainer.Variable(np.array(x))
    y = function(t)
    y.grad = np.array(dy)
    y.backward()
    return {"y": y.array, "dx": t.grad}
