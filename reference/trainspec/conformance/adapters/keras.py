"""Keras 3 (https://github.com/keras-team/keras), on the backend that KERAS_BACKEND names.

Without that it is PyTorch, or JAX where there is no PyTorch. Keras clips the probabilities of its
losses unless it is given logits; dropout and initialisation draw their own numbers and are judged
by statistics, the distributions being those that are not truncated.
"""

from __future__ import annotations

import importlib.util
import os
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

from trainspec.conformance.adapters._shared import renamed, updates

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
        self.optimizer.apply([_tensor(g) for g in gradient], self.params)
        return [_array(W) for W in self.params]


def _of(kind: Any, **fixed: Any) -> Any:
    words = {"beta1": "beta_1", "beta2": "beta_2"}

    def make(params: Any, rates: Any, given: dict[str, float]) -> Any:
        _in(params[0])
        first = {"learning_rate": rates[0]} if rates else {}
        return _Run(params, kind(**first, **renamed(given, words), **fixed))

    return updates(make, _Run.step)


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


def constant(z: Any, *, value: float) -> Any:
    return _array(keras.initializers.Constant(value)(z.shape, dtype=z.dtype.name))


def fans(shape: Any, *, groups: float) -> Any:
    if groups != 1:
        raise NotImplementedError("Keras knows no groups there")
    from keras.src.initializers.random_initializers import compute_fans

    found = compute_fans(tuple(int(n) for n in shape))
    return {name: shape.dtype.type(n) for name, n in zip(("fan_in", "fan_out"), found)}


def normal_draw(*, seed: int, std: float, rows: int, columns: int) -> Any:
    return _drawn(keras.initializers.RandomNormal(0.0, std, seed=seed), rows, columns)


def xavier_draw(*, seed: int, fan_in: int, fan_out: int) -> Any:
    return _drawn(_scaling(1.0, seed), fan_in, fan_out)


def he_draw(*, seed: int, fan_in: int, fan_out: int) -> Any:
    return _drawn(_scaling(2.0, seed), fan_in, fan_out)


def dropout_draw(*, seed: int, ratio: float, rows: int, columns: int) -> Any:
    layer = keras.layers.Dropout(ratio, seed=seed)
    return (_array(layer(ops.ones((rows, columns)), training=True)) > 0).astype(np.float64)


def _scaling(scale: float, seed: int) -> Any:
    return keras.initializers.VarianceScaling(scale, "fan_in", "untruncated_normal", seed)


def _drawn(initializer: Any, rows: int, columns: int) -> Any:
    return _array(initializer((rows, columns), dtype="float64"))


def _tensor(array: Any) -> Any:
    return ops.convert_to_tensor(array.copy(), dtype=array.dtype.name)


def _array(value: Any) -> Any:
    if str(value.dtype) in ("bfloat16", "torch.bfloat16"):
        return ops.convert_to_numpy(ops.cast(value, "float32")).astype(ml_dtypes.bfloat16)
    return np.array(ops.convert_to_numpy(value))
