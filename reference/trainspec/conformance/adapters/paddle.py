"""PaddlePaddle (https://github.com/PaddlePaddle/Paddle), in dynamic mode, on the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np
import paddle
from paddle.nn import functional

from trainspec.conformance.adapters._shared import in_batches, updates

paddle.set_device("cpu")

name = "PaddlePaddle"
version = paddle.__version__
types = ["float64", "float32"]
profile = "paddle"


class _Run:
    """An optimizer with its parameters."""

    def __init__(self, params: Any, make: Any) -> None:
        self.params = [_parameter(W) for W in params]
        self.optimizer = make(self.params)

    def step(self, gradient: Any, rate: float | None) -> Any:
        if rate is not None:
            self.optimizer.set_lr(rate)
        for W, g in zip(self.params, gradient):
            W.grad = None if g is None else _tensor(g)
        self.optimizer.step()
        return [_array(W) for W in self.params]


def _of(kind: Any, **fixed: Any) -> Any:
    def make(params: Any, rates: Any, given: dict[str, float]) -> Any:
        first = {"learning_rate": rates[0]} if rates else {}
        named = {**first, **given, **fixed}
        return _Run(params, lambda tensors: kind(parameters=tensors, **named))

    return updates(make, _Run.step)


_optimizers = paddle.optimizer
sgd = _of(_optimizers.SGD)
momentum = _of(_optimizers.Momentum)
adagrad = _of(_optimizers.Adagrad)
rmsprop = _of(_optimizers.RMSProp)
adam = _of(_optimizers.Adam)

forms = {
    "sgd:weight-decay": _of(_optimizers.SGD),
    "momentum:nesterov-rate-outside": _of(_optimizers.Momentum, use_nesterov=True),
    "momentum:coupled-decay-rate-outside": _of(_optimizers.Momentum),
    "adagrad:starts-at-tenth": _of(_optimizers.Adagrad, initial_accumulator_value=0.1),
    "adagrad:coupled-decay": _of(_optimizers.Adagrad),
    "rmsprop:momentum-rate-inside": _of(_optimizers.RMSProp),
    "rmsprop:centred-epsilon-in-root": _of(_optimizers.RMSProp, centered=True),
    "rmsprop:momentum-rate-inside-centred": _of(_optimizers.RMSProp, centered=True),
    "rmsprop:epsilon-in-root+coupled-decay": _of(_optimizers.RMSProp),
    "adam:amsgrad": _of(_optimizers.Adam, amsgrad=True),
    "adam:coupled-decay": _of(_optimizers.Adam),
    "adam:decoupled-decay": _of(_optimizers.AdamW),
    "adam:amsgrad+decoupled-decay": _of(_optimizers.AdamW, amsgrad=True),
}


def standard_deviation(x: Any) -> Any:
    t = _tensor(x)
    variance = paddle.var(t, unbiased=False)
    deviation = paddle.std(t, unbiased=False)
    return {"mean": _array(t.mean()), "variance": _array(variance), "std": _array(deviation)}


def sigmoid(x: Any, dy: Any) -> Any:
    return _activation(functional.sigmoid, x, dy)


def tanh(x: Any, dy: Any) -> Any:
    return _activation(functional.tanh, x, dy)


def relu(x: Any, dy: Any) -> Any:
    return _activation(functional.relu, x, dy)


def affine(x: Any, W: Any, b: Any, dy: Any) -> Any:
    t = _leaves(x=x, W=W, b=b)
    y = functional.linear(t["x"], t["W"], t["b"])
    return {"y": _array(y), **_gradients(y, t, dy)}


def softmax_cross_entropy(logits: Any, targets: Any) -> Any:
    t = _leaves(logits=logits)
    loss = functional.cross_entropy(t["logits"], _tensor(targets), soft_label=True)
    probabilities = functional.softmax(t["logits"], axis=1)
    return {
        "loss": _array(loss),
        "probabilities": _array(probabilities),
        **_gradients(loss, t),
    }


def batch_normalization(x: Any, gamma: Any, beta: Any, dy: Any, **given: float) -> Any:
    t = _leaves(x=x, gamma=gamma, beta=beta)
    running = _tensor(np.zeros_like(gamma)), _tensor(np.ones_like(gamma))
    y = functional.batch_norm(t["x"], *running, t["gamma"], t["beta"], training=True, **given)
    axes = [0, *range(2, x.ndim)]
    return {
        "y": _array(y),
        "mean": _array(t["x"].mean(axes)),
        "variance": _array(paddle.var(t["x"], axes, unbiased=False)),
        **_gradients(y, t, dy),
    }


def batch_normalization_running(x: Any, gamma: Any, beta: Any, **given: float) -> Any:
    paddle.set_default_dtype(gamma.dtype.name)
    kind = paddle.nn.BatchNorm1D if x[0].ndim == 2 else paddle.nn.BatchNorm2D
    layer = kind(len(gamma), **given)
    paddle.set_default_dtype("float32")
    layer.weight.set_value(_tensor(gamma))
    layer.bias.set_value(_tensor(beta))
    after: dict[str, list[Any]] = {
        "running_mean": [], "running_variance": [], "training": [], "inference": []
    }  # fmt: skip
    for batch in map(_tensor, x):
        layer.train()
        after["training"].append(_array(layer(batch)))
        after["running_mean"].append(_array(layer._mean))
        after["running_variance"].append(_array(layer._variance))
        layer.eval()
        after["inference"].append(_array(layer(batch)))
    return after


def constant(z: Any, *, value: float) -> Any:
    return _array(paddle.full(z.shape, value, z.dtype.name))


def fans(shape: Any, *, groups: float) -> Any:
    weights = _Shape([int(n) for n in shape])
    found = paddle.nn.initializer.XavierNormal()._compute_fans(weights)
    return {name: shape.dtype.type(n) for name, n in zip(("fan_in", "fan_out"), found)}


class _Shape:
    def __init__(self, shape: list[int]) -> None:
        self.shape = shape


def l2_penalty(W: Any, b: Any, gW: Any, gb: Any, *, weight_decay: float) -> Any:
    """`Momentum(weight_decay=…)`: the gradients that enter the velocity, and the loss as it was."""

    def make(tensors: Any) -> Any:
        return _optimizers.Momentum(1.0, 0.5, tensors, weight_decay=weight_decay)

    run = _Run([W, b], make)
    run.step([gW, gb], None)
    velocities = run.optimizer._accumulators["velocity"]
    entered = [_array(velocities[tensor.name]) for tensor in run.params]
    return {"penalty": np.zeros((), W.dtype), "gradient_W": entered[0], "gradient_b": entered[1]}


def normal_draw(*, seed: int, std: float, rows: int, columns: int) -> Any:
    return _drawn(paddle.nn.initializer.Normal(0.0, std), seed, rows, columns)


def _weights(kind: Any, **how: Any) -> Any:
    def draw(*, seed: int, fan_in: int, fan_out: int) -> Any:
        return _drawn(kind(**how), seed, fan_in, fan_out)

    return draw


_initializers = paddle.nn.initializer
xavier_draw = _weights(_initializers.XavierNormal)
he_draw = _weights(_initializers.KaimingNormal)

forms |= {
    "xavier_draw:canonical": _weights(_initializers.KaimingNormal, nonlinearity="linear"),
    "xavier_draw:glorot-uniform": _weights(_initializers.XavierUniform),
    "he_draw:uniform": _weights(_initializers.KaimingUniform),
}


def _dropout(mode: str) -> Any:
    def draw(x: Any, dy: Any, *, seed: int, ratio: float) -> Any:
        paddle.seed(seed)
        layer = paddle.nn.Dropout(ratio, mode=mode)

        def pass_through(batch: Any, gradient: Any) -> Any:
            layer.train()
            outputs = _activation(layer, batch, gradient)
            layer.eval()
            return {**outputs, "test": _array(layer(_tensor(batch)))}

        return in_batches(pass_through, x, dy)

    return draw


dropout_draw = _dropout("upscale_in_train")
forms["dropout_draw:canonical"] = _dropout("downscale_in_infer")


def _drawn(initializer: Any, seed: int, rows: int, columns: int) -> Any:
    paddle.seed(seed)
    W = paddle.create_parameter([rows, columns], "float64", default_initializer=initializer)
    return _array(W)


def _activation(function: Any, x: Any, dy: Any) -> Any:
    t = _leaves(x=x)
    y = function(t["x"])
    return {"y": _array(y), **_gradients(y, t, dy)}


def _leaves(**arrays: Any) -> dict[str, Any]:
    found = {name: _tensor(array) for name, array in arrays.items()}
    for tensor in found.values():
        tensor.stop_gradient = False
    return found


def _gradients(y: Any, tensors: dict[str, Any], dy: Any = None) -> dict[str, Any]:
    y.backward(None if dy is None else _tensor(dy))
    return {f"d{name}": _array(tensor.grad) for name, tensor in tensors.items()}


def _parameter(array: Any) -> Any:
    W = paddle.create_parameter(list(array.shape), array.dtype.name)
    W.set_value(_tensor(array))
    return W


def _tensor(array: Any) -> Any:
    return paddle.to_tensor(array)


def _array(tensor: Any) -> Any:
    return np.array(tensor.numpy())
