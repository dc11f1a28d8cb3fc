"""TensorFlow's own kernels (https://github.com/tensorflow/tensorflow), which TensorFlow 1 ran.

`tf.raw_ops` calls the update rules with all their arguments: they have no defaults. Layers and
losses are `tf.nn`'s. On the CPU.
"""

from __future__ import annotations

import os
from typing import Any

import ml_dtypes
import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf

from trainspec.conformance.adapters._shared import updates

name = "TensorFlow kernels"
version = tf.__version__
types = ["float64", "float32", "float16", "bfloat16"]
profile = "tensorflow-1"

raw = tf.raw_ops


class _Run:
    """Parameters, and slots that a kernel updates along with them."""

    def __init__(self, params: Any, given: dict[str, float], kernel: Any, slots: Any) -> None:
        self.params = [tf.Variable(_tensor(W)) for W in params]
        self.slots = [
            [tf.Variable(tf.fill(W.shape, _number(value, W))) for value in slots]
            for W in self.params
        ]
        self.given, self.kernel, self.t = given, kernel, 0

    def step(self, gradient: Any, rate: float | None) -> Any:
        self.t += 1
        for W, slots, g in zip(self.params, self.slots, map(_tensor, gradient)):
            handles = [slot.handle for slot in slots]
            hyper = {name: _number(value, W) for name, value in self.given.items()}
            self.kernel(W.handle, handles, g, _number(rate, W), hyper, self.t)
        return [_array(W) for W in self.params]


def _of(kernel: Any, *slots: float) -> Any:
    def make(params: Any, rates: Any, given: dict[str, float]) -> Any:
        if rates is None:
            raise TypeError("the kernels have no default learning rate")
        return _Run(params, given, kernel, slots)

    return updates(make, _Run.step)


def _sgd(W: Any, slots: Any, g: Any, rate: Any, h: Any, t: int) -> None:
    raw.ResourceApplyGradientDescent(var=W, alpha=rate, delta=g)


def _momentum(nesterov: bool) -> Any:
    def kernel(W: Any, slots: Any, g: Any, rate: Any, h: Any, t: int) -> None:
        raw.ResourceApplyMomentum(
            var=W, accum=slots[0], lr=rate, grad=g, momentum=h["momentum"], use_nesterov=nesterov
        )

    return kernel


def _keras_momentum(nesterov: bool) -> Any:
    def kernel(W: Any, slots: Any, g: Any, rate: Any, h: Any, t: int) -> None:
        raw.ResourceApplyKerasMomentum(
            var=W, accum=slots[0], lr=rate, grad=g, momentum=h["momentum"], use_nesterov=nesterov
        )

    return kernel


def _adagrad(W: Any, slots: Any, g: Any, rate: Any, h: Any, t: int) -> None:
    raw.ResourceApplyAdagrad(var=W, accum=slots[0], lr=rate, grad=g)


def _adagrad_2(W: Any, slots: Any, g: Any, rate: Any, h: Any, t: int) -> None:
    raw.ResourceApplyAdagradV2(var=W, accum=slots[0], lr=rate, epsilon=h["epsilon"], grad=g)


def _rmsprop(W: Any, slots: Any, g: Any, rate: Any, h: Any, t: int) -> None:
    raw.ResourceApplyRMSProp(
        var=W, ms=slots[0], mom=slots[1], lr=rate, rho=h["rho"],
        momentum=h.get("momentum", tf.zeros_like(rate)), epsilon=h["epsilon"], grad=g,
    )  # fmt: skip


def _centred(W: Any, slots: Any, g: Any, rate: Any, h: Any, t: int) -> None:
    raw.ResourceApplyCenteredRMSProp(
        var=W, mg=slots[2], ms=slots[0], mom=slots[1], lr=rate, rho=h["rho"],
        momentum=tf.zeros_like(rate), epsilon=h["epsilon"], grad=g,
    )  # fmt: skip


def _adam(W: Any, slots: Any, g: Any, rate: Any, h: Any, t: int) -> None:
    raw.ResourceApplyAdam(
        var=W, m=slots[0], v=slots[1], beta1_power=h["beta1"] ** t, beta2_power=h["beta2"] ** t,
        lr=rate, beta1=h["beta1"], beta2=h["beta2"], epsilon=h["epsilon"], grad=g,
    )  # fmt: skip


def _amsgrad(W: Any, slots: Any, g: Any, rate: Any, h: Any, t: int) -> None:
    raw.ResourceApplyAdamWithAmsgrad(
        var=W, m=slots[0], v=slots[1], vhat=slots[2], beta1_power=h["beta1"] ** t,
        beta2_power=h["beta2"] ** t, lr=rate, beta1=h["beta1"], beta2=h["beta2"],
        epsilon=h["epsilon"], grad=g,
    )  # fmt: skip


sgd = _of(_sgd)
momentum = _of(_momentum(False), 0.0)
adagrad = _of(_adagrad, 0.1)
rmsprop = _of(_rmsprop, 1.0, 0.0)
adam = _of(_adam, 0.0, 0.0)

forms = {
    "momentum:nesterov-rate-outside": _of(_momentum(True), 0.0),
    "momentum:canonical": _of(_keras_momentum(False), 0.0),
    "momentum:nesterov": _of(_keras_momentum(True), 0.0),
    "adagrad:starts-at-tenth": _of(_adagrad_2, 0.1),
    "rmsprop:epsilon-in-root": _of(_rmsprop, 0.0, 0.0),
    "rmsprop:momentum-rate-inside": _of(_rmsprop, 0.0, 0.0),
    "rmsprop:centred-epsilon-in-root": _of(_centred, 0.0, 0.0, 0.0),
    "adam:eps-hat+amsgrad": _of(_amsgrad, 0.0, 0.0, 0.0),
}


def standard_deviation(x: Any) -> Any:
    mean, variance = tf.nn.moments(_tensor(x), [0])
    return {"mean": _array(mean), "variance": _array(variance), "std": _array(tf.sqrt(variance))}


def sigmoid(x: Any, dy: Any) -> Any:
    return _activation(tf.sigmoid, x, dy)


def tanh(x: Any, dy: Any) -> Any:
    return _activation(tf.tanh, x, dy)


def relu(x: Any, dy: Any) -> Any:
    return _activation(tf.nn.relu, x, dy)


def affine(x: Any, W: Any, b: Any, dy: Any) -> Any:
    t = {"x": _tensor(x), "W": _tensor(W), "b": _tensor(b)}
    y, gradients = _differentiated(lambda x, W, b: tf.nn.bias_add(x @ W, b), t, dy)
    return {"y": y, **gradients}


def softmax_cross_entropy(logits: Any, targets: Any) -> Any:
    def loss(logits: Any) -> Any:
        return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(_tensor(targets), logits))

    scores = _tensor(logits)
    value, gradients = _differentiated(loss, {"logits": scores})
    return {"loss": value, "probabilities": _array(tf.nn.softmax(scores)), **gradients}


def batch_normalization(x: Any, gamma: Any, beta: Any, dy: Any, *, epsilon: float) -> Any:
    axes = [0, *range(2, x.ndim)]
    mean, variance = tf.nn.moments(_tensor(x), axes)

    def forward(x: Any, gamma: Any, beta: Any) -> Any:
        first, second = tf.nn.moments(x, axes, keepdims=True)
        shape = [1, -1] + [1] * (len(axes) - 1)
        scale, shift = tf.reshape(gamma, shape), tf.reshape(beta, shape)
        return tf.nn.batch_normalization(x, first, second, shift, scale, epsilon)

    t = {"x": _tensor(x), "gamma": _tensor(gamma), "beta": _tensor(beta)}
    y, gradients = _differentiated(forward, t, dy)
    return {"y": y, "mean": _array(mean), "variance": _array(variance), **gradients}


def constant(z: Any, *, value: float) -> Any:
    return _array(tf.constant_initializer(value)(z.shape, _tensor(z).dtype))


def normal_draw(*, seed: int, std: float, rows: int, columns: int) -> Any:
    return _drawn(tf.random_normal_initializer(0.0, std, seed), rows, columns)


def xavier_draw(*, seed: int, fan_in: int, fan_out: int) -> Any:
    return _drawn(_scaling(1.0, seed), fan_in, fan_out)


def he_draw(*, seed: int, fan_in: int, fan_out: int) -> Any:
    return _drawn(_scaling(2.0, seed), fan_in, fan_out)


def dropout_draw(*, seed: int, ratio: float, rows: int, columns: int) -> Any:
    ones = tf.ones((rows, columns), tf.float64)
    kept = tf.nn.experimental.stateless_dropout(ones, ratio, [seed, 0])
    return _array(tf.cast(kept > 0, tf.float64))


def _scaling(scale: float, seed: int) -> Any:
    tf.random.set_seed(seed)
    return tf.compat.v1.variance_scaling_initializer(
        scale, "fan_in", "untruncated_normal", seed=seed, dtype=tf.float64
    )


def _drawn(initializer: Any, rows: int, columns: int) -> Any:
    return _array(initializer((rows, columns), tf.float64))


def _activation(function: Any, x: Any, dy: Any) -> Any:
    y, gradients = _differentiated(function, {"x": _tensor(x)}, dy)
    return {"y": y, **gradients}


def _differentiated(function: Any, t: dict[str, Any], dy: Any = None) -> Any:
    with tf.GradientTape() as tape:
        tape.watch(list(t.values()))
        y = function(*t.values())
    found = tape.gradient(y, list(t.values()), None if dy is None else _tensor(dy))
    return _array(y), {f"d{name}": _array(value) for name, value in zip(t, found)}


def _number(value: Any, like: Any) -> Any:
    """A hyperparameter in the type of a tensor. `tf.cast` would take it through float32."""
    return tf.constant(value, like.dtype)


def _tensor(array: Any) -> Any:
    return tf.constant(array)


def _array(t: Any) -> Any:
    if t.dtype == tf.bfloat16:
        return np.array(tf.cast(t, tf.float32)).astype(ml_dtypes.bfloat16)
    return np.array(t)
