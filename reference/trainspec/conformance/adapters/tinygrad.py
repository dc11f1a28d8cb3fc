"""tinygrad (https://github.com/tinygrad/tinygrad), on the CPU: it compiles with clang as it goes.

Its optimizers hold learning rate and betas in float32, as tensors of one element, and cannot
update a tensor of none: such a parameter is given as one of one element. A case of a thousand
steps takes longer than an answer may: it is refused here.
"""

from __future__ import annotations

from importlib.metadata import version as version_of
from typing import Any

import numpy as np
from tinygrad import Tensor, dtypes
from tinygrad.helpers import Context
from tinygrad.nn import BatchNorm, optim

from trainspec.conformance.adapters._shared import renamed, updates

name = "tinygrad"
version = version_of("tinygrad")
types = ["float32"]
profile = "tinygrad"

MANY = 50


class _Run:
    """An optimizer with its parameters."""

    def __init__(self, params: Any, rates: Any, make: Any) -> None:
        if rates and len(rates) > MANY:
            raise NotImplementedError("a step takes milliseconds")
        self.shapes = [W.shape for W in params]
        self.params = [_tensor(np.atleast_1d(W)) for W in params]
        # It asks that there be parameters with numbers in them.
        held = [W for W in self.params if W.numel()]
        self.optimizer = make(held) if held else None

    def step(self, gradient: Any, rate: float | None) -> Any:
        for W, g in zip(self.params, gradient):
            W.grad = _tensor(np.atleast_1d(g))
        if self.optimizer is not None:
            if rate is not None:
                self.optimizer.lr.assign(Tensor([rate], dtype=self.optimizer.lr.dtype)).realize()
            with Context(TRAINING=1):
                self.optimizer.step()
        return [_array(W).reshape(shape) for W, shape in zip(self.params, self.shapes)]


def _of(kind: Any, **fixed: Any) -> Any:
    words = {"beta1": "b1", "beta2": "b2", "epsilon": "eps"}

    def make(params: Any, rates: Any, given: dict[str, float]) -> Any:
        first = {"lr": rates[0]} if rates else {}
        named = {**first, **renamed(given, words), **fixed}
        return _Run(params, rates, lambda held: kind(held, **named))

    return updates(make, _Run.step)


sgd = _of(optim.SGD)
momentum = _of(optim.SGD)
adam = _of(optim.Adam)

forms = {
    "sgd:weight-decay": _of(optim.SGD),
    "momentum:canonical": _of(optim.SGD, classic=True),
    "momentum:nesterov-rate-outside": _of(optim.SGD, nesterov=True),
    "momentum:coupled-decay-rate-outside": _of(optim.SGD),
    "adam:decoupled-decay": _of(optim.AdamW),
}


def standard_deviation(x: Any) -> Any:
    t = _tensor(x)
    outputs = {"mean": t.mean(), "variance": t.var(correction=0), "std": t.std(correction=0)}
    return {name: _array(value) for name, value in outputs.items()}


def sigmoid(x: Any, dy: Any) -> Any:
    return _activation(Tensor.sigmoid, x, dy)


def tanh(x: Any, dy: Any) -> Any:
    return _activation(Tensor.tanh, x, dy)


def relu(x: Any, dy: Any) -> Any:
    return _activation(Tensor.relu, x, dy)


def affine(x: Any, W: Any, b: Any, dy: Any) -> Any:
    t = {"x": _tensor(x), "W": _tensor(W), "b": _tensor(b)}
    y = t["x"].linear(t["W"], t["b"])
    return {"y": _array(y), **_gradients(y, t, dy)}


def softmax_cross_entropy(logits: Any, targets: Any) -> Any:
    t = {"logits": _tensor(logits)}
    loss = t["logits"].cross_entropy(_tensor(targets))
    return {
        "loss": _array(loss),
        "probabilities": _array(t["logits"].softmax()),
        **_gradients(loss, t),
    }


def batch_normalization_running(x: Any, gamma: Any, beta: Any, **given: float) -> Any:
    if "momentum" in given:
        given["momentum"] = 1 - given["momentum"]
    layer = BatchNorm(len(gamma), **renamed(given, {"epsilon": "eps"}))
    layer.weight, layer.bias = _tensor(gamma), _tensor(beta)
    after: dict[str, list[Any]] = {
        "running_mean": [], "running_variance": [], "training": [], "inference": []
    }  # fmt: skip
    for batch in map(_tensor, x):
        with Context(TRAINING=1):
            after["training"].append(_array(layer(batch)))
            after["running_mean"].append(_array(layer.running_mean))
            after["running_variance"].append(_array(layer.running_var))
        after["inference"].append(_array(layer(batch)))
    return after


def constant(z: Any, *, value: float) -> Any:
    return _array(Tensor.full(z.shape, value, dtype=dtypes.float32))


def _activation(function: Any, x: Any, dy: Any) -> Any:
    t = {"x": _tensor(x)}
    y = function(t["x"])
    return {"y": _array(y), **_gradients(y, t, dy)}


def _gradients(y: Any, tensors: dict[str, Any], dy: Any = None) -> dict[str, Any]:
    found = y.gradient(*tensors.values(), gradient=None if dy is None else _tensor(dy))
    return {f"d{name}": _array(value) for name, value in zip(tensors, found)}


def _tensor(array: Any) -> Any:
    return Tensor(np.array(array))


def _array(t: Any) -> Any:
    return np.array(t.numpy())
