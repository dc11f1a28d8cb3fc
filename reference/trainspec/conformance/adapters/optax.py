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

from trainspec.conformance.adapters._shared import in_batches, renamed, updates

jax.config.update("jax_enable_x64", True)

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

#: Steps are compiled where there are enough of them to make this worth while.
MANY = 50


class _Run:
    """A gradient transformation with its parameters and state."""

    def __init__(self, params: Any, transform: Any, steps: int) -> None:
        self.params = [jnp.asarray(W) for W in params]
        self.state = transform.init(self.params)
        self.advanced = jax.jit(self._advanced) if steps > MANY else self._advanced
        self.transform = transform

    def _advanced(self, gradient: Any, state: Any, params: Any) -> Any:
        updated, state = self.transform.update(gradient, state, params)
        return optax.apply_updates(params, updated), state

    def step(self, gradient: Any, rate: float | None) -> Any:
        if any(g is None for g in gradient):
            raise NotImplementedError("Optax has a gradient for every parameter")
        if rate is not None and hasattr(self.state, "hyperparams"):
            self.state.hyperparams["learning_rate"] = jnp.asarray(rate)
        moved = self.advanced([jnp.asarray(g) for g in gradient], self.state, self.params)
        self.params, self.state = moved
        return [np.asarray(W) for W in self.params]

    def save(self) -> Any:
        return self.state

    def restore(self, state: Any) -> None:
        self.state = state


def _of(transform: Any, **fixed: Any) -> Any:
    words = {"beta1": "b1", "beta2": "b2", "epsilon": "eps", "rho": "decay"}
    return bind_optimizer(transform, words, **fixed)


def bind_optimizer(transform: Any, words: dict[str, str], **fixed: Any) -> Any:
    """Any function that makes a gradient transformation as an update rule."""

    def make(params: Any, rates: Any, given: dict[str, float]) -> Any:
        named = {**renamed(given, words), **fixed}
        if rates and len(rates) == 1:  # the next ones are given with the steps
            adjustable = optax.inject_hyperparams(transform)(learning_rate=rates[0], **named)
            return _Run(params, adjustable, 1)
        if rates:
            schedule = jnp.asarray(np.array(rates))
            named["learning_rate"] = lambda count: schedule[count]
        return _Run(params, transform(**named), len(rates or ()))

    return updates(make, _Run.step, _Run.save, _Run.restore)


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


def sigmoid(x: Any, dy: Any) -> Any:
    return _activation(jax.nn.sigmoid, x, dy)


def tanh(x: Any, dy: Any) -> Any:
    return _activation(jnp.tanh, x, dy)


def relu(x: Any, dy: Any) -> Any:
    return _activation(jax.nn.relu, x, dy)


def affine(x: Any, W: Any, b: Any, dy: Any) -> Any:
    y, back = jax.vjp(lambda x, W, b: jnp.dot(x, W) + b, *map(jnp.asarray, (x, W, b)))
    dx, dW, db = back(jnp.asarray(dy))
    return {"y": _array(y), "dx": _array(dx), "dW": _array(dW), "db": _array(db)}


def softmax_cross_entropy(logits: Any, targets: Any) -> Any:
    def loss(scores: Any) -> Any:
        return optax.softmax_cross_entropy(scores, jnp.asarray(targets)).mean()

    scores = jnp.asarray(logits)
    value, gradient = jax.value_and_grad(loss)(scores)
    probabilities = jax.nn.softmax(scores)
    return {
        "loss": _array(value),
        "probabilities": _array(probabilities),
        "dlogits": _array(gradient),
    }


def batch_normalization(x: Any, gamma: Any, beta: Any, dy: Any, **given: float) -> Any:
    module = nn.BatchNorm(use_running_average=False, axis=1, param_dtype=x.dtype, **given)
    statistics = {"mean": jnp.zeros_like(gamma), "var": jnp.ones_like(gamma)}

    def forward(x: Any, gamma: Any, beta: Any) -> Any:
        variables = {"params": {"scale": gamma, "bias": beta}, "batch_stats": statistics}
        return module.apply(variables, x, mutable=["batch_stats"])

    y, back, _ = jax.vjp(forward, *map(jnp.asarray, (x, gamma, beta)), has_aux=True)
    dx, dgamma, dbeta = back(jnp.asarray(dy))
    axes = (0, *range(2, x.ndim))
    outputs = {
        "y": y,
        "mean": jnp.mean(jnp.asarray(x), axes),
        "variance": jnp.var(jnp.asarray(x), axes),
        "dx": dx,
        "dgamma": dgamma,
        "dbeta": dbeta,
    }
    return {name: _array(value) for name, value in outputs.items()}


def batch_normalization_running(x: Any, gamma: Any, beta: Any, **given: float) -> Any:
    module = nn.BatchNorm(axis=1, param_dtype=gamma.dtype, **given)
    made = module.init(jax.random.key(0), jnp.asarray(x[0]), use_running_average=True)
    statistics = made["batch_stats"]
    params = {"scale": jnp.asarray(gamma), "bias": jnp.asarray(beta)}
    after: dict[str, list[Any]] = {
        "running_mean": [], "running_variance": [], "training": [], "inference": []
    }  # fmt: skip
    for batch in map(jnp.asarray, x):
        variables = {"params": params, "batch_stats": statistics}
        y, changed = module.apply(
            variables, batch, use_running_average=False, mutable=["batch_stats"]
        )
        statistics = changed["batch_stats"]
        variables = {"params": params, "batch_stats": statistics}
        inference = module.apply(variables, batch, use_running_average=True)
        # Flax keeps its statistics in float32: rounded here where the inputs are narrower.
        after["running_mean"].append(_rounded(statistics["mean"], gamma.dtype))
        after["running_variance"].append(_rounded(statistics["var"], gamma.dtype))
        after["training"].append(_array(y))
        after["inference"].append(_array(inference))
    return after


def constant(z: Any, *, value: float) -> Any:
    return _array(initializers.constant(value)(jax.random.key(0), z.shape, z.dtype))


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


def normal_draw(*, seed: int, std: float, rows: int, columns: int) -> Any:
    return _array(initializers.normal(std)(jax.random.key(seed), (rows, columns), jnp.float64))


def _weights(fill: Any) -> Any:
    def draw(*, seed: int, fan_in: int, fan_out: int) -> Any:
        return _array(fill(jax.random.key(seed), (fan_in, fan_out), jnp.float64))

    return draw


xavier_draw = _weights(initializers.glorot_normal())
he_draw = _weights(initializers.he_normal())

forms |= {
    "xavier_draw:canonical": _weights(initializers.variance_scaling(1.0, "fan_in", "normal")),
    "xavier_draw:glorot-uniform": _weights(initializers.glorot_uniform()),
    "xavier_draw:truncated-corrected": _weights(initializers.lecun_normal()),
    "xavier_draw:uniform": _weights(initializers.lecun_uniform()),
    "he_draw:canonical": _weights(initializers.variance_scaling(2.0, "fan_in", "normal")),
    "he_draw:uniform": _weights(initializers.he_uniform()),
    "l2_penalty:gradient-only": _weights_only,
}


def dropout_draw(x: Any, dy: Any, *, seed: int, ratio: float) -> Any:
    keys = iter(jax.random.split(jax.random.key(seed), len(x)))
    training = nn.Dropout(ratio, deterministic=False)
    testing = nn.Dropout(ratio, deterministic=True)

    def pass_through(batch: Any, gradient: Any) -> Any:
        rngs = {"dropout": next(keys)}
        outputs = _activation(lambda t: training.apply({}, t, rngs=rngs), batch, gradient)
        return {**outputs, "test": _array(testing.apply({}, jnp.asarray(batch)))}

    return in_batches(pass_through, x, dy)


def _activation(function: Any, x: Any, dy: Any) -> Any:
    y, back = jax.vjp(function, jnp.asarray(x))
    (dx,) = back(jnp.asarray(dy))
    return {"y": _array(y), "dx": _array(dx)}


def _rounded(values: Any, dtype: Any) -> Any:
    """The values in a type if that is narrower."""
    array = _array(values)
    return array.astype(dtype) if array.dtype.itemsize > dtype.itemsize else array


def _array(values: Any) -> Any:
    return np.asarray(values)
