"""MLX (https://github.com/ml-explore/mlx), on the CPU.

Its optimizers store the learning rate and the step count in float32, so that a check in float64
would be pointless (see the findings).
"""

from __future__ import annotations

from importlib.metadata import version as version_of
from typing import Any

import ml_dtypes
import mlx.core as mx
import mlx.optimizers as optim
import numpy as np
from mlx import nn
from mlx.utils import tree_map

from trainspec.conformance.adapters._shared import (
    default_of,
    in_batches,
    paired,
    renamed,
    updates,
)

mx.set_default_device(mx.cpu)

name = "MLX"
version = version_of("mlx")
types = ["float32", "float16", "bfloat16"]
profile = "mlx"

TYPES = {"float64": mx.float64, "float32": mx.float32, "float16": mx.float16}


class _Run:
    """An optimizer with its parameters."""

    def __init__(self, params: Any, optimizer: Any) -> None:
        self.optimizer = optimizer
        self.params = {str(k): _tensor(W) for k, W in enumerate(params)}
        # Not at the first step: a parameter may have no gradient there.
        optimizer.init(self.params)

    def step(self, gradient: Any, rate: float | None) -> Any:
        if rate is not None:
            self.optimizer.learning_rate = rate
        grads = {str(k): _tensor(g) for k, g in enumerate(gradient) if g is not None}
        self.params |= self.optimizer.apply_gradients(grads, self.params)
        return [_array(W) for W in self.params.values()]

    def save(self) -> Any:
        return tree_map(mx.array, self.optimizer.state)

    def restore(self, state: Any) -> None:
        self.optimizer.state = tree_map(mx.array, state)


def _of(kind: Any, **fixed: Any) -> Any:
    words = {"epsilon": "eps", "rho": "alpha"}

    def make(params: Any, rates: Any, given: dict[str, float]) -> Any:
        if "beta1" in given or "beta2" in given:
            given = paired(given, "betas", default_of(kind.__init__, "betas"))
        first = {"learning_rate": rates[0]} if rates else {}
        return _Run(params, kind(**first, **renamed(given, words), **fixed))

    return updates(make, _Run.step, _Run.save, _Run.restore)


sgd = _of(optim.SGD)
momentum = _of(optim.SGD)
adagrad = _of(optim.Adagrad)
rmsprop = _of(optim.RMSprop)
adam = _of(optim.Adam)

forms = {
    "sgd:weight-decay": _of(optim.SGD),
    "momentum:nesterov-rate-outside": _of(optim.SGD, nesterov=True),
    "momentum:dampening-from-first-step": _of(optim.SGD),
    "momentum:coupled-decay-rate-outside": _of(optim.SGD),
    "adam:canonical": _of(optim.Adam, bias_correction=True),
    "adam:no-bias-correction+decoupled-decay": _of(optim.AdamW),
    "adam:decoupled-decay": _of(optim.AdamW, bias_correction=True),
}


def standard_deviation(x: Any) -> Any:
    t = _tensor(x)
    return {"mean": _array(t.mean()), "variance": _array(mx.var(t)), "std": _array(mx.std(t))}


def sigmoid(x: Any, dy: Any) -> Any:
    return _activation(mx.sigmoid, x, dy)


def tanh(x: Any, dy: Any) -> Any:
    return _activation(mx.tanh, x, dy)


def relu(x: Any, dy: Any) -> Any:
    return _activation(nn.relu, x, dy)


def affine(x: Any, W: Any, b: Any, dy: Any) -> Any:
    def forward(x: Any, W: Any, b: Any) -> Any:
        return mx.addmm(b, x, W)

    inputs = [_tensor(a) for a in (x, W, b)]
    (y,), (dx, dW, db) = mx.vjp(forward, inputs, [_tensor(dy)])
    return {"y": _array(y), "dx": _array(dx), "dW": _array(dW), "db": _array(db)}


def softmax_cross_entropy(logits: Any, targets: Any) -> Any:
    def loss(scores: Any) -> Any:
        return nn.losses.cross_entropy(scores, _tensor(targets), reduction="mean")

    scores = _tensor(logits)
    value, gradient = mx.value_and_grad(loss)(scores)
    return {
        "loss": _array(value),
        "probabilities": _array(mx.softmax(scores, axis=1)),
        "dlogits": _array(gradient),
    }


def batch_normalization_running(x: Any, gamma: Any, beta: Any, **given: float) -> Any:
    if "momentum" in given:
        given["momentum"] = 1 - given["momentum"]
    layer = nn.BatchNorm(len(gamma), **renamed(given, {"epsilon": "eps"}))
    layer.set_dtype(_tensor(gamma).dtype)
    layer.update({"weight": _tensor(gamma), "bias": _tensor(beta)})
    after: dict[str, list[Any]] = {
        "running_mean": [], "running_variance": [], "training": [], "inference": []
    }  # fmt: skip
    for batch in x:
        t = _channels_last(_tensor(batch))
        after["training"].append(_array(_channels_first(layer.train()(t))))
        after["running_mean"].append(_array(layer.running_mean))
        after["running_variance"].append(_array(layer.running_var))
        after["inference"].append(_array(_channels_first(layer.eval()(t))))
    return after


def constant(z: Any, *, value: float) -> Any:
    return _array(nn.init.constant(value, _tensor(z).dtype)(_tensor(z)))


def l2_penalty(W: Any, b: Any, gW: Any, gb: Any, *, weight_decay: float) -> Any:
    """`SGD(weight_decay=…)`: the gradients that enter the velocity; the loss is not changed."""
    optimizer = optim.SGD(learning_rate=1.0, momentum=0.5, weight_decay=weight_decay)
    _Run([W, b], optimizer).step([gW, gb], None)
    entered = [_array(optimizer.state[name]["v"]) for name in ("0", "1")]
    return {"penalty": np.zeros((), W.dtype), "gradient_W": entered[0], "gradient_b": entered[1]}


def normal_draw(*, seed: int, std: float, rows: int, columns: int) -> Any:
    mx.random.seed(seed)
    return _array(nn.init.normal(0.0, std)(mx.zeros((rows, columns))))


def _weights(fill: Any, **how: Any) -> Any:
    """One of MLX' initialisers, on the weight of `Linear(fan_in, fan_out)`."""

    def draw(*, seed: int, fan_in: int, fan_out: int) -> Any:
        mx.random.seed(seed)
        return _array(fill(mx.zeros((fan_out, fan_in)), **how)).T

    return draw


def _linear(*, seed: int, fan_in: int, fan_out: int) -> Any:
    mx.random.seed(seed)
    return _array(nn.Linear(fan_in, fan_out).weight).T


xavier_draw = _weights(nn.init.glorot_normal())
he_draw = _weights(nn.init.he_normal())

forms |= {
    "xavier_draw:glorot-uniform": _weights(nn.init.glorot_uniform()),
    "he_draw:canonical": _weights(nn.init.he_normal(), gain=2.0**0.5),
    "he_draw:uniform": _weights(nn.init.he_uniform(), gain=2.0**0.5),
    "he_draw:uniform-slope-root-five": _linear,
}


def dropout_draw(x: Any, dy: Any, *, seed: int, ratio: float) -> Any:
    mx.random.seed(seed)
    layer = nn.Dropout(ratio)

    def pass_through(batch: Any, gradient: Any) -> Any:
        outputs = _activation(layer.train(), batch, gradient)
        return {**outputs, "test": _array(layer.eval()(_tensor(batch)))}

    return in_batches(pass_through, x, dy)


def _activation(function: Any, x: Any, dy: Any) -> Any:
    (y,), (dx,) = mx.vjp(function, [_tensor(x)], [_tensor(dy)])
    return {"y": _array(y), "dx": _array(dx)}


def _channels_last(t: Any) -> Any:
    return mx.moveaxis(t, 1, -1)


def _channels_first(t: Any) -> Any:
    return mx.moveaxis(t, -1, 1)


def _tensor(array: Any) -> Any:
    if array.dtype == ml_dtypes.bfloat16:
        return mx.array(array.astype(np.float32)).astype(mx.bfloat16)
    return mx.array(array, dtype=TYPES[array.dtype.name])


def _array(t: Any) -> Any:
    if t.dtype == mx.bfloat16:
        return np.array(t.astype(mx.float32)).astype(ml_dtypes.bfloat16)
    return np.array(t)
