"""tinygrad (https://github.com/tinygrad/tinygrad), on the CPU: it compiles with clang as it goes.

Its optimizers hold learning rate and betas in float32, as tensors of one element. A case of a
thousand steps would exceed the time limit of an answer, so this adapter says that it does not
support it.
"""

from __future__ import annotations

from importlib.metadata import version as version_of
from typing import Any

import numpy as np
from tinygrad import Tensor, dtypes
from tinygrad.helpers import Context
from tinygrad.nn import BatchNorm, Linear, optim

from trainspec.conformance.adapters._shared import in_batches, renamed, updates

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
        self.params = [_tensor(W) for W in params]
        # It asks that there be parameters with numbers in them.
        held = [W for W in self.params if W.numel()]
        self.optimizer: Any = make(held) if held else None

    def step(self, gradient: Any, rate: float | None) -> Any:
        if any(g is None for g in gradient):
            raise NotImplementedError("tinygrad has a gradient for every parameter")
        for W, g in zip(self.params, gradient):
            W.grad = _tensor(g)
        if self.optimizer is not None:
            if rate is not None:
                self.optimizer.lr.assign(Tensor([rate], dtype=self.optimizer.lr.dtype)).realize()
            with Context(TRAINING=1):
                self.optimizer.step()
        return [_array(W) for W in self.params]


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


def l2_penalty(W: Any, b: Any, gW: Any, gb: Any, *, weight_decay: float) -> Any:
    """`SGD(weight_decay=…)`: the gradients that enter the velocity; the loss is not changed."""
    run = _Run([W, b], [1.0], lambda held: optim.SGD(held, 1.0, 0.5, weight_decay))
    run.step([gW, gb], None)
    entered = [_array(velocity) for velocity in run.optimizer.b]
    return {"penalty": np.zeros((), W.dtype), "gradient_W": entered[0], "gradient_b": entered[1]}


def normal_draw(*, seed: int, std: float, rows: int, columns: int) -> Any:
    Tensor.manual_seed(seed)
    return _array(Tensor.normal(rows, columns, mean=0.0, std=std))


def _weights(fill: Any) -> Any:
    """One of tinygrad's initialisers, on the weight of `Linear(fan_in, fan_out)`."""

    def draw(*, seed: int, fan_in: int, fan_out: int) -> Any:
        Tensor.manual_seed(seed)
        return _array(fill(fan_out, fan_in)).T

    return draw


def _linear(*, seed: int, fan_in: int, fan_out: int) -> Any:
    Tensor.manual_seed(seed)
    return _array(Linear(fan_in, fan_out).weight).T


xavier_draw = _weights(Tensor.glorot_uniform)
he_draw = _weights(Tensor.kaiming_normal)

forms |= {
    "he_draw:uniform": _weights(Tensor.kaiming_uniform),
    "he_draw:uniform-slope-root-five": _linear,
}


def dropout_draw(x: Any, dy: Any, *, seed: int, ratio: float) -> Any:
    Tensor.manual_seed(seed)

    def pass_through(batch: Any, gradient: Any) -> Any:
        with Context(TRAINING=1):
            outputs = _activation(lambda t: t.dropout(ratio), batch, gradient)
        return {**outputs, "test": _array(_tensor(batch).dropout(ratio))}

    return in_batches(pass_through, x, dy)


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
