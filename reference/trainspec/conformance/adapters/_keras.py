"""How Keras' objects are asked: optimizers, layers, losses, functions, initialisers.

Each function below takes an object of Keras' kind, `words` (the object's own names of
hyperparameters) and arguments that it is always given, and returns an operation on NumPy arrays.
Gradients are the backend's.
"""

from __future__ import annotations

import importlib.util
import inspect
import os
import warnings
from collections.abc import Mapping
from functools import partial
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

from trainspec.conformance.adapters._shared import in_batches, in_turn, renamed, updates

#: Gradients are left out on purpose, step by step.
warnings.filterwarnings("ignore", message="Gradients do not exist")

types = ("float64", "float32", "float16", "bfloat16")


def use_type(array: Any) -> None:
    """Let Keras hold its constants in float64 where the tensors are: it asks its global floatx."""
    keras.config.set_floatx("float64" if array.dtype == np.float64 else "float32")


class _Run:
    """An optimizer with its variables."""

    def __init__(self, params: Any, optimizer: Any) -> None:
        self.optimizer = optimizer
        self.params = [keras.Variable(to_tensor(W), dtype=W.dtype.name) for W in params]
        optimizer.build(self.params)

    def step(self, gradient: Any, rate: float | None) -> Any:
        if rate is not None:
            self.optimizer.learning_rate = rate
        grads = [None if g is None else to_tensor(g) for g in gradient]
        self.optimizer.apply(grads, self.params)
        return [to_array(W) for W in self.params]

    def save(self) -> Any:
        return [np.array(to_array(v)) for v in self.optimizer.variables]

    def restore(self, state: Any) -> None:
        for variable, value in zip(self.optimizer.variables, state):
            variable.assign(to_tensor(value))


def bind_optimizer(kind: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """A subclass of `keras.optimizers.Optimizer` as an update rule."""

    def make(params: Any, rates: Any, given: dict[str, float]) -> Any:
        use_type(params[0])
        first = {"learning_rate": rates[0]} if rates else {}
        return _Run(params, kind(**first, **renamed(given, words), **fixed))

    return updates(make, _Run.step, _Run.save, _Run.restore)


def bind_activation(found: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """A function of one tensor, or a layer."""

    def activation(x: Any, dy: Any) -> Any:
        use_type(x)
        return through(_make(found, fixed, x.dtype), {"x": x}, dy)

    return activation


def bind_affine(found: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """A layer made with the number of its outputs, which has a kernel and a bias."""

    def affine(x: Any, W: Any, b: Any, dy: Any) -> Any:
        use_type(x)
        layer = _make(found, fixed, x.dtype, W.shape[1])
        layer.build(x.shape)
        layer.kernel.assign(to_tensor(W))
        layer.bias.assign(to_tensor(b))
        return through(layer, {"x": x}, dy, {"W": layer.kernel, "b": layer.bias})

    return affine


def bind_loss(found: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """A loss of classes and scores: a class, or a function, whose values are averaged.

    It is given scores where it can be told so; classes are one-hot, or indices for a sparse loss.
    """
    accepted = inspect.signature(found).parameters
    told = {**({"from_logits": True} if "from_logits" in accepted else {}), **fixed}
    sparse = "sparse" in found.__name__.lower()

    def loss(logits: Any, targets: Any) -> Any:
        use_type(logits)
        classes = to_tensor(targets)
        function = _make(found, told, logits.dtype)

        def mean(scores: Any) -> Any:
            return ops.mean(function(ops.argmax(classes, 1) if sparse else classes, scores))

        outputs = through(mean, {"logits": logits}, None)
        probabilities = to_array(keras.activations.softmax(to_tensor(logits)))
        return {
            "loss": outputs["y"], "probabilities": probabilities, "dlogits": outputs["dlogits"]
        }  # fmt: skip

    return loss


def bind_batch_normalization_running(found: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """Batches through one layer, over the channels of axis 1."""

    def batch_normalization_running(x: Any, gamma: Any, beta: Any, **given: float) -> Any:
        use_type(gamma)
        layer = _make(found, {"axis": 1, **renamed(given, words), **fixed}, gamma.dtype)
        layer.build(x[0].shape)
        layer.gamma.assign(to_tensor(gamma))
        layer.beta.assign(to_tensor(beta))

        def pass_through(batch: Any) -> dict[str, Any]:
            return {
                "training": to_array(layer(to_tensor(batch), training=True)),
                "running_mean": to_array(layer.moving_mean).astype(gamma.dtype),
                "running_variance": to_array(layer.moving_variance).astype(gamma.dtype),
                "inference": to_array(layer(to_tensor(batch), training=False)),
            }

        return in_turn(pass_through, x)

    return batch_normalization_running


def bind_dropout(found: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """A layer made with the ratio."""

    def dropout_draw(x: Any, dy: Any, *, seed: int, **given: float) -> Any:
        use_type(x)
        layer = _make(found, {"seed": seed, **renamed(given, words), **fixed}, x.dtype)

        def pass_through(batch: Any, gradient: Any) -> Any:
            outputs = through(lambda t: layer(t, training=True), {"x": batch}, gradient)
            return {**outputs, "test": to_array(layer(to_tensor(batch), training=False))}

        return in_batches(pass_through, x, dy)

    return dropout_draw


def bind_weights(found: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """An initialiser."""

    def draw(*, seed: int, fan_in: int, fan_out: int) -> Any:
        return to_array(found(seed=seed, **fixed)((fan_in, fan_out), dtype="float64"))

    return draw


def bind_normal(found: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """An initialiser made with its deviation."""

    def normal_draw(*, seed: int, rows: int, columns: int, **given: float) -> Any:
        initializer = found(seed=seed, **renamed(given, words), **fixed)
        return to_array(initializer((rows, columns), dtype="float64"))

    return normal_draw


def bind_constant(found: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """An initialiser made with its value."""

    def constant(z: Any, **given: float) -> Any:
        return to_array(found(**renamed(given, words), **fixed)(z.shape, dtype=z.dtype.name))

    return constant


def bind_schedule(found: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """A schedule, whose steps count from 0; an exponential one takes the rate 1 − `decay`."""
    exponential = "exponential" in found.__name__.lower()

    def learning_rate_decay(steps: Any, **given: float) -> Any:
        if steps.dtype.itemsize < np.dtype(np.float32).itemsize:
            raise NotImplementedError("schedules compute in float32 or float64")
        use_type(steps)
        if exponential and "decay" in given:
            given["decay"] = 1 - given["decay"]
        schedule = found(**{"decay_steps": 1, **renamed(given, words), **fixed})
        return np.stack([to_array(schedule(int(step) - 1)) for step in steps])

    return learning_rate_decay


#: Operation -> how an object is asked for it. The gradients of batch normalisation are not asked
#: for: its layer does not return the mean and the variance of a batch.
BINDERS = {
    "sigmoid": bind_activation,
    "tanh": bind_activation,
    "relu": bind_activation,
    "affine": bind_affine,
    "softmax_cross_entropy": bind_loss,
    "batch_normalization_running": bind_batch_normalization_running,
    "dropout_draw": bind_dropout,
    "learning_rate_decay": bind_schedule,
    "xavier_draw": bind_weights,
    "he_draw": bind_weights,
    "normal_draw": bind_normal,
    "constant": bind_constant,
}


def _make(found: Any, named: Mapping[str, Any], dtype: Any, *sizes: int) -> Any:
    """A layer or a loss of a class, in a type; or a function with its arguments."""
    is_class = inspect.isclass(found)
    if is_class:
        return found(*sizes, dtype=dtype.name, **named)
    return partial(found, **named)


def through(
    function: Any, inputs: dict[str, Any], dy: Any, weights: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The result `y` of a function, and its gradients, by the backend: Keras has none of its own.

    `weights` are variables that the function uses; `dy` is 1 where it is None.
    """
    tensors = {name: to_tensor(array) for name, array in inputs.items()}
    variables = {name: variable.value for name, variable in (weights or {}).items()}
    names = [f"d{name}" for name in (*tensors, *variables)]
    y, gradients = _DIFFERENTIATE[keras.backend.backend()](function, tensors, variables, dy)
    return {"y": to_array(y), **dict(zip(names, map(to_array, gradients)))}


def _differentiate_torch(function: Any, tensors: Any, variables: Any, dy: Any) -> Any:
    for t in tensors.values():
        t.requires_grad_()
    y = function(*tensors.values())
    y.backward(None if dy is None else to_tensor(dy))
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
    return y, back(ops.ones_like(y) if dy is None else to_tensor(dy))


def _differentiate_tensorflow(function: Any, tensors: Any, variables: Any, dy: Any) -> Any:
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(list(tensors.values()))
        y = function(*tensors.values())
    sources = [*tensors.values(), *variables.values()]
    return y, tape.gradient(y, sources, None if dy is None else to_tensor(dy))


#: How each backend differentiates.
_DIFFERENTIATE = {
    "torch": _differentiate_torch,
    "jax": _differentiate_jax,
    "tensorflow": _differentiate_tensorflow,
}


def to_tensor(array: Any) -> Any:
    return ops.convert_to_tensor(array.copy(), dtype=array.dtype.name)


def to_array(value: Any) -> Any:
    if str(value.dtype) in ("bfloat16", "torch.bfloat16"):
        return ops.convert_to_numpy(ops.cast(value, "float32")).astype(ml_dtypes.bfloat16)
    return np.array(ops.convert_to_numpy(value))
