"""How functions of JAX are asked: activations, losses, initialisers.

Each function below takes such a function, `words` (its own names of hyperparameters) and
arguments that it is always given, and returns an operation on NumPy arrays.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from trainspec.conformance.adapters._shared import in_turn, renamed

jax.config.update("jax_enable_x64", True)

types = ("float64", "float32", "float16", "bfloat16")


def bind_activation(found: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """A function of one array, or a class of functions."""

    def activation(x: Any, dy: Any) -> Any:
        is_class = inspect.isclass(found)
        return differentiate(found(**fixed) if is_class else found, {"x": x}, dy)

    return activation


def bind_loss(found: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """A loss of scores and classes, whose values are averaged.

    The classes are one-hot, or indices where its name speaks of integers.
    """
    integers = "integer" in found.__name__

    def loss(logits: Any, targets: Any) -> Any:
        classes = jnp.asarray(targets).argmax(1) if integers else jnp.asarray(targets)
        scores = jnp.asarray(logits)
        value, gradient = jax.value_and_grad(lambda z: found(z, classes, **fixed).mean())(scores)
        probabilities = jax.nn.softmax(scores)
        outputs = {"loss": value, "probabilities": probabilities, "dlogits": gradient}
        return {name: np.asarray(output) for name, output in outputs.items()}

    return loss


def bind_weights(found: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """An initialiser, or a function that makes one."""

    def draw(*, seed: int, fan_in: int, fan_out: int) -> Any:
        return _draw(_make_initializer(found, fixed), seed, fan_in, fan_out)

    return draw


def bind_normal(found: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """A function that makes an initialiser from its deviation."""

    def normal_draw(*, seed: int, rows: int, columns: int, **given: float) -> Any:
        return _draw(found(**renamed(given, words), **fixed), seed, rows, columns)

    return normal_draw


def bind_constant(found: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """A function that makes an initialiser from its value."""

    def constant(z: Any, **given: float) -> Any:
        fill = found(**renamed(given, words), **fixed)
        return np.asarray(fill(jax.random.key(0), z.shape, z.dtype))

    return constant


def bind_schedule(found: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """A function that makes a schedule of Optax; its steps count from 0.

    An exponential schedule takes the rate 1 − `decay`.
    """
    exponential = "exponential" in found.__name__

    def learning_rate_decay(steps: Any, **given: float) -> Any:
        if exponential and "decay" in given:
            given["decay"] = 1 - given["decay"]
        made = {"transition_steps": 1, **renamed(given, words), **fixed}
        schedule = found(**{**made, "init_value": jnp.asarray(made["init_value"], steps.dtype)})
        return np.stack([np.asarray(schedule(jnp.asarray(int(step) - 1))) for step in steps])

    return learning_rate_decay


#: Operation -> how an object is asked for it.
BINDERS = {
    "sigmoid": bind_activation,
    "tanh": bind_activation,
    "relu": bind_activation,
    "softmax_cross_entropy": bind_loss,
    "learning_rate_decay": bind_schedule,
    "xavier_draw": bind_weights,
    "he_draw": bind_weights,
    "normal_draw": bind_normal,
    "constant": bind_constant,
}


def _make_initializer(found: Any, fixed: Mapping[str, Any]) -> Any:
    """The object itself if it is an initialiser, a function of key, shape and type; else what it
    makes.
    """
    return found if "shape" in inspect.signature(found).parameters else found(**fixed)


def _draw(fill: Any, seed: int, fan_in: int, fan_out: int) -> Any:
    return np.asarray(fill(jax.random.key(seed), (fan_in, fan_out), jnp.float64))


def differentiate(function: Callable[..., Any], inputs: Mapping[str, Any], dy: Any) -> Any:
    """What a function returns as `y`, and the gradient `dx` with respect to every input `x`."""
    y, back = jax.vjp(function, *map(jnp.asarray, inputs.values()))
    gradients = dict(zip((f"d{name}" for name in inputs), back(jnp.asarray(dy, y.dtype))))
    return {name: np.asarray(value) for name, value in {"y": y, **gradients}.items()}


def normalize(forward: Callable[..., Any], x: Any, gamma: Any, beta: Any, dy: Any) -> Any:
    """What a batch normalisation returns in training, with the statistics of the batch."""
    outputs = differentiate(forward, {"x": x, "gamma": gamma, "beta": beta}, dy)
    axes = (0, *range(2, x.ndim))
    mean, variance = jnp.mean(jnp.asarray(x), axes), jnp.var(jnp.asarray(x), axes)
    return {**outputs, "mean": np.asarray(mean), "variance": np.asarray(variance)}


def through_batches(
    call: Callable[..., Any], x: Any, kind: Any, state: Any
) -> dict[str, list[Any]]:
    """The outputs of a layer with running statistics for a sequence of batches.

    `call(batch, state, training)` returns the outputs, the running mean, the running variance and
    the state after it. Statistics that are kept in a wider type than `kind` are rounded.
    """

    def pass_through(batch: Any) -> dict[str, Any]:
        nonlocal state
        y, mean, variance, state = call(jnp.asarray(batch), state, True)
        tested, *_ = call(jnp.asarray(batch), state, False)
        return {
            "running_mean": _round(mean, kind),
            "running_variance": _round(variance, kind),
            "training": np.asarray(y),
            "inference": np.asarray(tested),
        }

    return in_turn(pass_through, x)


def _round(values: Any, kind: Any) -> Any:
    array = np.asarray(values)
    return array.astype(kind) if array.dtype.itemsize > kind.itemsize else array
