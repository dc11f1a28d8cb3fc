"""Keras 3 (https://github.com/keras-team/keras), on the backend that KERAS_BACKEND names.

Without that it is PyTorch, or JAX where there is no PyTorch. Keras clips the probabilities of its
losses unless it is given logits; dropout and initialisation draw their own numbers. Gradients are
the backend's, through Keras' layers and functions.
"""

from __future__ import annotations

from typing import Any

from trainspec.conformance.adapters import _keras as asked  # chooses the backend first
from trainspec.conformance.adapters._keras import (
    bind_weights,
    through,
    to_array,
    to_tensor,
    use_type,
)

# isort: split
import keras
from keras import ops

backend = keras.backend.backend()
name = f"Keras on {backend}"
version = keras.__version__
types = list(asked.types)
profile = "keras"


def _of(kind: Any, **fixed: Any) -> Any:
    return asked.bind_optimizer(kind, {"beta1": "beta_1", "beta2": "beta_2"}, **fixed)


_optimizers, _schedules = keras.optimizers, keras.optimizers.schedules
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


def standard_deviation(x: Any) -> Any:
    use_type(x)
    t = to_tensor(x)
    outputs = {"mean": ops.mean(t), "variance": ops.var(t), "std": ops.std(t)}
    return {name: to_array(value) for name, value in outputs.items()}


batch_normalization_running = asked.bind_batch_normalization_running(
    keras.layers.BatchNormalization, {}
)
affine = asked.bind_affine(keras.layers.Dense, {})
sigmoid = asked.bind_activation(keras.activations.sigmoid, {})
tanh = asked.bind_activation(keras.activations.tanh, {})
relu = asked.bind_activation(keras.activations.relu, {})
softmax_cross_entropy = asked.bind_loss(keras.losses.CategoricalCrossentropy, {})
dropout_draw = asked.bind_dropout(keras.layers.Dropout, {"ratio": "rate"})
constant = asked.bind_constant(keras.initializers.Constant, {})
normal_draw = asked.bind_normal(keras.initializers.RandomNormal, {"std": "stddev"}, mean=0.0)


_RATES = {"learning_rate": "initial_learning_rate", "decay": "decay_rate"}
learning_rate_decay = asked.bind_schedule(_schedules.InverseTimeDecay, _RATES)
forms["learning_rate_decay:exponential"] = asked.bind_schedule(_schedules.ExponentialDecay, _RATES)


def l2_penalty(W: Any, b: Any, gW: Any, gb: Any, *, weight_decay: float) -> Any:
    """`regularizers.L2` added to a loss whose gradients are `gW` and `gb`."""
    use_type(W)
    regularizer = keras.regularizers.L2(weight_decay)

    def loss(W: Any, b: Any) -> Any:
        return ops.sum(W * to_tensor(gW)) + ops.sum(b * to_tensor(gb)) + regularizer(W)

    outputs = through(loss, {"W": W, "b": b}, None)
    penalty = to_array(regularizer(to_tensor(W)))
    return {"penalty": penalty, "gradient_W": outputs["dW"], "gradient_b": outputs["db"]}


def fans(shape: Any, *, groups: float) -> Any:
    from keras.src.initializers.random_initializers import compute_fans

    found = compute_fans(tuple(int(n) for n in shape))
    return {name: shape.dtype.type(n) for name, n in zip(("fan_in", "fan_out"), found)}


_initializers = keras.initializers
xavier_draw = bind_weights(_initializers.GlorotNormal, {})
he_draw = bind_weights(_initializers.HeNormal, {})


def _untruncated(scale: float) -> Any:
    return bind_weights(
        _initializers.VarianceScaling, {},
        scale=scale, mode="fan_in", distribution="untruncated_normal",
    )  # fmt: skip


forms |= {
    "xavier_draw:canonical": _untruncated(1.0),
    "xavier_draw:glorot-uniform": bind_weights(_initializers.GlorotUniform, {}),
    "xavier_draw:truncated-corrected": bind_weights(_initializers.LecunNormal, {}),
    "xavier_draw:uniform": bind_weights(_initializers.LecunUniform, {}),
    "he_draw:canonical": _untruncated(2.0),
    "he_draw:uniform": bind_weights(_initializers.HeUniform, {}),
}
