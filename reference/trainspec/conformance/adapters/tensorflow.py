"""TensorFlow's own optimizers and layers (https://github.com/tensorflow/tensorflow), without Keras.

The optimizers are those of TensorFlow 1, `tf.compat.v1.train`, which run still. They hold their
constants in float32. Layers and losses are `tf.nn`'s. On the CPU.
"""

from __future__ import annotations

import os
from typing import Any

import ml_dtypes
import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf

from trainspec.conformance.adapters._shared import in_batches, renamed, updates

name = "TensorFlow"
version = tf.__version__
types = ["float64", "float32", "float16", "bfloat16"]
profile = "tensorflow-1"


class _Run:
    """An optimizer with its parameters."""

    def __init__(self, params: Any, make: Any) -> None:
        self.params = [tf.Variable(_tensor(W)) for W in params]
        self.rate: float | None = None
        self.optimizer = make(lambda: self.rate)

    def step(self, gradient: Any, rate: float | None) -> Any:
        self.rate = rate
        grads = [None if g is None else _tensor(g) for g in gradient]
        self.optimizer.apply_gradients(list(zip(grads, self.params)))
        return [_array(W) for W in self.params]


def _of(kind: Any, **fixed: Any) -> Any:
    def make(params: Any, rates: Any, given: dict[str, float]) -> Any:
        named = {**renamed(given, {"rho": "decay"}), **fixed}
        if kind is _train.AdagradOptimizer:
            named.pop("epsilon", None)  # it has none

        def with_rate(rate: Any) -> Any:
            return kind(**({"learning_rate": rate} if rates else {}), **named)

        return _Run(params, with_rate)

    return updates(make, _Run.step)


_train = tf.compat.v1.train
sgd = _of(_train.GradientDescentOptimizer)
momentum = _of(_train.MomentumOptimizer)
adagrad = _of(_train.AdagradOptimizer)
rmsprop = _of(_train.RMSPropOptimizer)
adam = _of(_train.AdamOptimizer)

forms = {
    "momentum:nesterov-rate-outside": _of(_train.MomentumOptimizer, use_nesterov=True),
}


def standard_deviation(x: Any) -> Any:
    t = _tensor(x)
    found = {
        "mean": tf.math.reduce_mean(t),
        "variance": tf.math.reduce_variance(t),
        "std": tf.math.reduce_std(t),
    }
    return {name: _array(value) for name, value in found.items()}


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


def l2_penalty(W: Any, b: Any, gW: Any, gb: Any, *, weight_decay: float) -> Any:
    """`tf.nn.l2_loss` added to a loss whose gradients are `gW` and `gb`."""
    rate = _number(weight_decay, _tensor(W))

    def loss(W: Any, b: Any) -> Any:
        own = tf.reduce_sum(W * _tensor(gW)) + tf.reduce_sum(b * _tensor(gb))
        return own + rate * tf.nn.l2_loss(W)

    _, gradients = _differentiated(loss, {"W": _tensor(W), "b": _tensor(b)})
    return {
        "penalty": _array(rate * tf.nn.l2_loss(_tensor(W))),
        "gradient_W": gradients["dW"],
        "gradient_b": gradients["db"],
    }


def constant(z: Any, *, value: float) -> Any:
    return _array(tf.constant_initializer(value)(z.shape, _tensor(z).dtype))


def normal_draw(*, seed: int, std: float, rows: int, columns: int) -> Any:
    initializer = tf.random_normal_initializer(0.0, std, seed)
    return _array(initializer((rows, columns), tf.float64))


def _weights(kind: Any, **how: Any) -> Any:
    def draw(*, seed: int, fan_in: int, fan_out: int) -> Any:
        tf.random.set_seed(seed)
        return _array(kind(seed=seed, dtype=tf.float64, **how)((fan_in, fan_out), tf.float64))

    return draw


_initializers = tf.compat.v1.initializers
xavier_draw = _weights(_initializers.glorot_normal)
he_draw = _weights(_initializers.variance_scaling, scale=2.0)


def _untruncated(scale: float) -> Any:
    return _weights(_initializers.variance_scaling, scale=scale, distribution="untruncated_normal")


forms |= {
    "xavier_draw:canonical": _untruncated(1.0),
    "xavier_draw:glorot-uniform": _weights(_initializers.glorot_uniform),
    "xavier_draw:truncated-corrected": _weights(_initializers.variance_scaling),
    "he_draw:canonical": _untruncated(2.0),
}


def dropout_draw(x: Any, dy: Any, *, seed: int, ratio: float) -> Any:
    """`tf.nn.dropout` in training; at test time it is not called."""
    tf.random.set_seed(seed)

    def pass_through(batch: Any, gradient: Any) -> Any:
        outputs = _activation(lambda t: tf.nn.dropout(t, ratio), batch, gradient)
        return {**outputs, "test": batch}

    return in_batches(pass_through, x, dy)


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
