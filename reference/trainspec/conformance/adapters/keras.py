"""Keras 3 (https://github.com/keras-team/keras), on the backend that KERAS_BACKEND names.

Without that it is PyTorch, or JAX where there is no PyTorch. Keras clips the probabilities of its
losses unless it is given logits; dropout and initialisation draw their own numbers. Gradients are
the backend's, through Keras' layers and functions.
"""

from __future__ import annotations

import importlib.util
import os
import warnings
from typing import Any

import ml_dtypes
import numpy as np

if "KERAS_BACKEND" not in os.environ:
    os.environ["KERAS_BACKEND"] = "torch" if importlib.util.find_spec("torch") else "jax"
if os.environ["KERAS_BACKEND"] == "jax":
    import jax

    jax.config.update("jax_enable_x64", True)

import keras
from keras import ops

from trainspec.conformance.adapters._shared import in_batches, renamed, updates

#: Gradients are left out on purpose, step by step.
warnings.filterwarnings("ignore", message="Gradients do not exist")
backend = keras.backend.backend()
name = f"Keras on {backend}"
version = keras.__version__
types = ["float64", "float32", "float16", "bfloat16"]
profile = "keras"


class _Run:
    """An optimizer with its variables."""

    def __init__(self, params: Any, optimizer: Any) -> None:
        self.optimizer = optimizer
        self.params = [keras.Variable(_tensor(W), dtype=W.dtype.name) for W in params]
        optimizer.build(self.params)

    def step(self, gradient: Any, rate: float | None) -> Any:
        if rate is not None:
            self.optimizer.learning_rate = rate
        grads = [None if g is None else _tensor(g) for g in gradient]
        self.optimizer.apply(grads, self.params)
        return [_array(W) for W in self.params]

    def save(self) -> Any:
        return [np.array(_array(v)) for v in self.optimizer.variables]

    def restore(self, state: Any) -> None:
        for variable, value in zip(self.optimizer.variables, state):
            variable.assign(_tensor(value))


def _of(kind: Any, **fixed: Any) -> Any:
    return bind_optimizer(kind, {"beta1": "beta_1", "beta2": "beta_2"}, **fixed)


def bind_optimizer(kind: Any, words: dict[str, str], **fixed: Any) -> Any:
    """Any subclass of `keras.optimizers.Optimizer` as an update rule."""

    def make(params: Any, rates: Any, given: dict[str, float]) -> Any:
        _in(params[0])
        first = {"learning_rate": rates[0]} if rates else {}
        return _Run(params, kind(**first, **renamed(given, words), **fixed))

    return updates(make, _Run.step, _Run.save, _Run.restore)


_optimizers = keras.optimizers
sgd = _of(_optimizers.SGD)
momentum = _of(_optimizers.SGD)
adagrad = _of(_optimizers.Adagrad)
rmsprop = _of(_optimizers.RMSprop)
adam = _of(_optimizers.Adam)

forms = {
    "momentum:nesterov": _of(_optimizers.SGD, nesterov=True),
    "momentum:decoupled-decay": _of(_optimizers.SGD),
    "momentum:nesterov-decoupled-decay": _of(_optimizers.SGD, nesterov=True),
    "adagrad:epsilon-in-root": _of(_optimizers.Adagrad, initial_accumulator_value=0.0),
    "adagrad:starts-at-tenth-epsilon-in-root+decoupled-decay": _of(_optimizers.Adagrad),
    "rmsprop:momentum-rate-inside": _of(_optimizers.RMSprop),
    "rmsprop:centred-epsilon-in-root": _of(_optimizers.RMSprop, centered=True),
    "rmsprop:momentum-rate-inside-centred": _of(_optimizers.RMSprop, centered=True),
    "rmsprop:momentum-rate-inside-decoupled-decay": _of(_optimizers.RMSprop),
    "rmsprop:epsilon-in-root+decoupled-decay": _of(_optimizers.RMSprop),
    "adam:eps-hat+amsgrad": _of(_optimizers.Adam, amsgrad=True),
    "adam:eps-hat+decoupled-decay": _of(_optimizers.AdamW),
    "adam:eps-hat+amsgrad+decoupled-decay": _of(_optimizers.AdamW, amsgrad=True),
}


def _in(array: Any) -> None:
    """Let Keras hold its constants in float64 where the tensors are: it asks its global floatx."""
    keras.config.set_floatx("float64" if array.dtype == np.float64 else "float32")


def standard_deviation(x: Any) -> Any:
    _in(x)
    t = _tensor(x)
    outputs = {"mean": ops.mean(t), "variance": ops.var(t), "std": ops.std(t)}
    return {name: _array(value) for name, value in outputs.items()}


def batch_normalization_running(x: Any, gamma: Any, beta: Any, **given: float) -> Any:
    _in(gamma)
    layer = keras.layers.BatchNormalization(axis=1, dtype=gamma.dtype.name, **given)
    layer.build(x[0].shape)
    layer.gamma.assign(_tensor(gamma))
    layer.beta.assign(_tensor(beta))
    after: dict[str, list[Any]] = {
        "running_mean": [], "running_variance": [], "training": [], "inference": []
    }  # fmt: skip
    for batch in map(_tensor, x):
        after["training"].append(_array(layer(batch, training=True)))
        after["running_mean"].append(_array(layer.moving_mean).astype(gamma.dtype))
        after["running_variance"].append(_array(layer.moving_variance).astype(gamma.dtype))
        after["inference"].append(_array(layer(batch, training=False)))
    return after


def affine(x: Any, W: Any, b: Any, dy: Any) -> Any:
    _in(x)
    layer = keras.layers.Dense(W.shape[1], dtype=x.dtype.name)
    layer.build(x.shape)
    layer.kernel.assign(_tensor(W))
    layer.bias.assign(_tensor(b))
    return _through(layer, {"x": x}, dy, {"W": layer.kernel, "b": layer.bias})


def sigmoid(x: Any, dy: Any) -> Any:
    return _through(keras.activations.sigmoid, {"x": x}, dy)


def tanh(x: Any, dy: Any) -> Any:
    return _through(keras.activations.tanh, {"x": x}, dy)


def relu(x: Any, dy: Any) -> Any:
    return _through(keras.activations.relu, {"x": x}, dy)


def softmax_cross_entropy(logits: Any, targets: Any) -> Any:
    _in(logits)

    def loss(scores: Any) -> Any:
        function = keras.losses.CategoricalCrossentropy(from_logits=True, dtype=logits.dtype.name)
        return function(_tensor(targets), scores)

    outputs = _through(loss, {"logits": logits}, None)
    probabilities = keras.activations.softmax(_tensor(logits))
    return {
        "loss": outputs["y"], "probabilities": _array(probabilities), "dlogits": outputs["dlogits"]
    }  # fmt: skip


def l2_penalty(W: Any, b: Any, gW: Any, gb: Any, *, weight_decay: float) -> Any:
    """`regularizers.L2` added to a loss whose gradients are `gW` and `gb`."""
    _in(W)
    regularizer = keras.regularizers.L2(weight_decay)

    def loss(W: Any, b: Any) -> Any:
        return ops.sum(W * _tensor(gW)) + ops.sum(b * _tensor(gb)) + regularizer(W)

    outputs = _through(loss, {"W": W, "b": b}, None)
    penalty = _array(regularizer(_tensor(W)))
    return {"penalty": penalty, "gradient_W": outputs["dW"], "gradient_b": outputs["db"]}


def constant(z: Any, *, value: float) -> Any:
    return _array(keras.initializers.Constant(value)(z.shape, dtype=z.dtype.name))


def fans(shape: Any, *, groups: float) -> Any:
    from keras.src.initializers.random_initializers import compute_fans

    found = compute_fans(tuple(int(n) for n in shape))
    return {name: shape.dtype.type(n) for name, n in zip(("fan_in", "fan_out"), found)}


def normal_draw(*, seed: int, std: float, rows: int, columns: int) -> Any:
    initializer = keras.initializers.RandomNormal(0.0, std, seed=seed)
    return _array(initializer((rows, columns), dtype="float64"))


def _weights(kind: Any, **how: Any) -> Any:
    def draw(*, seed: int, fan_in: int, fan_out: int) -> Any:
        return _array(kind(seed=seed, **how)((fan_in, fan_out), dtype="float64"))

    return draw


_initializers = keras.initializers
xavier_draw = _weights(_initializers.GlorotNormal)
he_draw = _weights(_initializers.HeNormal)


def _untruncated(scale: float) -> Any:
    return _weights(
        _initializers.VarianceScaling,
        scale=scale, mode="fan_in", distribution="untruncated_normal",
    )  # fmt: skip


forms |= {
    "xavier_draw:canonical": _untruncated(1.0),
    "xavier_draw:glorot-uniform": _weights(_initializers.GlorotUniform),
    "xavier_draw:truncated-corrected": _weights(_initializers.LecunNormal),
    "xavier_draw:uniform": _weights(_initializers.LecunUniform),
    "he_draw:canonical": _untruncated(2.0),
    "he_draw:uniform": _weights(_initializers.HeUniform),
}


def dropout_draw(x: Any, dy: Any, *, seed: int, ratio: float) -> Any:
    _in(x)
    layer = keras.layers.Dropout(ratio, seed=seed, dtype=x.dtype.name)

    def pass_through(batch: Any, gradient: Any) -> Any:
        outputs = _through(lambda t: layer(t, training=True), {"x": batch}, gradient)
        return {**outputs, "test": _array(layer(_tensor(batch), training=False))}

    return in_batches(pass_through, x, dy)


def _through(
    function: Any, inputs: dict[str, Any], dy: Any, weights: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The result `y` of a function, and its gradients, by the backend: Keras has none of its own.

    `weights` are variables that the function uses; `dy` is 1 where it is None.
    """
    tensors = {name: _tensor(array) for name, array in inputs.items()}
    variables = {name: variable.value for name, variable in (weights or {}).items()}
    names = [f"d{name}" for name in (*tensors, *variables)]
    y, gradients = _DIFFERENTIATE[backend](function, tensors, variables, dy)
    return {"y": _array(y), **dict(zip(names, map(_array, gradients)))}


def _differentiate_torch(function: Any, tensors: Any, variables: Any, dy: Any) -> Any:
    for t in tensors.values():
        t.requires_grad_()
    y = function(*tensors.values())
    y.backward(None if dy is None else _tensor(dy))
    return y, [t.grad for t in (*tensors.values(), *variables.values())]


def _differentiate_jax(function: Any, tensors: Any, variables: Any, dy: Any) -> Any:
    layer_variables = getattr(function, "trainable_variables", [])

    def call(*values: Any) -> Any:
        if not variables:
            return function(*values)
        own = values[len(tensors) :]
        return function.stateless_call(own, [], *values[: len(tensors)])[0]

    assert len(layer_variables) == len(variables) or not variables
    y, back = jax.vjp(call, *tensors.values(), *variables.values())
    return y, back(ops.ones_like(y) if dy is None else _tensor(dy))


def _differentiate_tensorflow(function: Any, tensors: Any, variables: Any, dy: Any) -> Any:
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(list(tensors.values()))
        y = function(*tensors.values())
    sources = [*tensors.values(), *variables.values()]
    return y, tape.gradient(y, sources, None if dy is None else _tensor(dy))


#: How each backend differentiates.
_DIFFERENTIATE = {
    "torch": _differentiate_torch,
    "jax": _differentiate_jax,
    "tensorflow": _differentiate_tensorflow,
}


def _tensor(array: Any) -> Any:
    return ops.convert_to_tensor(array.copy(), dtype=array.dtype.name)


def _array(value: Any) -> Any:
    if str(value.dtype) in ("bfloat16", "torch.bfloat16"):
        return ops.convert_to_numpy(ops.cast(value, "float32")).astype(ml_dtypes.bfloat16)
    return np.array(ops.convert_to_numpy(value))
