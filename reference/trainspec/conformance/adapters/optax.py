"""Optax (https://github.com/google-deepmind/optax), with JAX' functions and Flax's layers.

Optax has no default learning rate. Flax draws its own dropout masks and JAX its own weights. The
L2 penalty is Optax' `add_decayed_weights`, which adds to the gradients.
"""

from __future__ import annotations

from typing import Any

import flax
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.nn import initializers

from trainspec.conformance.adapters import _flax, _jax, _optax

name = "Optax, Flax, JAX"
version = f"{optax.__version__}, {flax.__version__}, {jax.__version__}"
types = ["float64", "float32", "float16", "bfloat16"]
profile = "optax"

_FAST = "the variance is E[x²] − E[x]² (use_fast_variance=True): far from zero its digits are lost"
known_failures = {
    "batch_normalization_running/usual-values in float64": (
        "the running statistics are float32 as `init` makes them, whatever the parameters' type"
    ),
    "batch_normalization/far-from-zero": _FAST,
    "batch_normalization/far-from-zero-in-float64": _FAST,
}


def _of(transform: Any, **fixed: Any) -> Any:
    words = {"beta1": "b1", "beta2": "b2", "epsilon": "eps", "rho": "decay"}
    return _optax.bind_optimizer(transform, words, **fixed)


def _adam_epsilon_in_root(learning_rate: Any, *, b1: float, b2: float, eps: float) -> Any:
    return optax.adam(learning_rate, b1, b2, eps=0.0, eps_root=eps)


sgd = _of(optax.sgd)
momentum = _of(optax.sgd)
adagrad = _of(optax.adagrad)
rmsprop = _of(optax.rmsprop)
adam = _of(optax.adam)

forms = {
    "momentum:nesterov-rate-outside": _of(optax.sgd, nesterov=True),
    "adagrad:epsilon-in-root": _of(optax.adagrad, initial_accumulator_value=0.0),
    "rmsprop:canonical": _of(optax.rmsprop, eps_in_sqrt=False),
    "rmsprop:starts-at-1-epsilon-in-root": _of(optax.rmsprop, initial_scale=1.0),
    "rmsprop:momentum-rate-inside": _of(optax.rmsprop),
    "rmsprop:centred": _of(optax.rmsprop, centered=True, eps_in_sqrt=False),
    "rmsprop:centred-epsilon-in-root": _of(optax.rmsprop, centered=True),
    "rmsprop:momentum-rate-inside-centred": _of(optax.rmsprop, centered=True),
    "rmsprop:bias-corrected-epsilon-in-root": _of(optax.rmsprop, bias_correction=True),
    "rmsprop:bias-corrected": _of(optax.rmsprop, bias_correction=True, eps_in_sqrt=False),
    "adam:epsilon-in-root": _of(_adam_epsilon_in_root),
    "adam:amsgrad-corrected": _of(optax.amsgrad),
    "adam:decoupled-decay": _of(optax.adamw),
}


def standard_deviation(x: Any) -> Any:
    values = jnp.asarray(x)
    return {
        "mean": _array(values.mean()),
        "variance": _array(values.var()),
        "std": _array(values.std()),
    }


sigmoid = _jax.bind_activation(jax.nn.sigmoid, {})
tanh = _jax.bind_activation(jnp.tanh, {})
relu = _jax.bind_activation(jax.nn.relu, {})
softmax_cross_entropy = _jax.bind_loss(optax.softmax_cross_entropy, {})
batch_normalization = _flax.bind_batch_normalization(nn.BatchNorm, {})
batch_normalization_running = _flax.bind_batch_normalization_running(nn.BatchNorm, {})
dropout_draw = _flax.bind_dropout(nn.Dropout, {"ratio": "rate"})
constant = _jax.bind_constant(initializers.constant, {})
normal_draw = _jax.bind_normal(initializers.normal, {"std": "stddev"})
xavier_draw = _jax.bind_weights(initializers.glorot_normal, {})
he_draw = _jax.bind_weights(initializers.he_normal, {})


def affine(x: Any, W: Any, b: Any, dy: Any) -> Any:
    return _jax.differentiate(lambda x, W, b: jnp.dot(x, W) + b, {"x": x, "W": W, "b": b}, dy)


def l2_penalty(W: Any, b: Any, gW: Any, gb: Any, *, weight_decay: float) -> Any:
    return _decayed(optax.add_decayed_weights(weight_decay), W, b, gW, gb)


def _weights_only(W: Any, b: Any, gW: Any, gb: Any, *, weight_decay: float) -> Any:
    masked = optax.add_decayed_weights(weight_decay, mask={"W": True, "b": False})
    return _decayed(masked, W, b, gW, gb)


def _decayed(transform: Any, W: Any, b: Any, gW: Any, gb: Any) -> Any:
    """The gradients that come out of a transformation; the loss is not changed."""
    params, grads = {"W": jnp.asarray(W), "b": jnp.asarray(b)}, {"W": gW, "b": gb}
    changed, _ = transform.update(jax.tree.map(jnp.asarray, grads), transform.init(params), params)
    return {
        "penalty": np.zeros((), W.dtype),
        "gradient_W": _array(changed["W"]),
        "gradient_b": _array(changed["b"]),
    }


forms |= {
    "xavier_draw:canonical": _jax.bind_weights(
        initializers.variance_scaling(1.0, "fan_in", "normal"), {}
    ),
    "xavier_draw:glorot-uniform": _jax.bind_weights(initializers.glorot_uniform, {}),
    "xavier_draw:truncated-corrected": _jax.bind_weights(initializers.lecun_normal, {}),
    "xavier_draw:uniform": _jax.bind_weights(initializers.lecun_uniform, {}),
    "he_draw:canonical": _jax.bind_weights(
        initializers.variance_scaling(2.0, "fan_in", "normal"), {}
    ),
    "he_draw:uniform": _jax.bind_weights(initializers.he_uniform, {}),
    "l2_penalty:gradient-only": _weights_only,
    "learning_rate_decay:exponential": _jax.bind_schedule(
        optax.exponential_decay, {"learning_rate": "init_value", "decay": "decay_rate"}
    ),
}


def _array(values: Any) -> Any:
    return np.asarray(values)
