"""How modules of Equinox are asked (`equinox.nn`).

Each function below takes a class of such modules, `words` (its own names of hyperparameters) and
arguments that it is always given, and returns an operation on NumPy arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import equinox
import jax
import jax.numpy as jnp
import numpy as np

from trainspec.conformance.adapters import _jax
from trainspec.conformance.adapters._jax import differentiate, through_batches
from trainspec.conformance.adapters._shared import in_batches, renamed

types = _jax.types

#: The name of the batch's axis.
BATCH = "batch"


def bind_affine(found: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """A module made with the numbers of inputs and outputs; it keeps the transpose of W."""

    def affine(x: Any, W: Any, b: Any, dy: Any) -> Any:
        module = found(*W.shape, key=jax.random.key(0), **fixed)

        def forward(x: Any, W: Any, b: Any) -> Any:
            return jax.vmap(_with(module, W.T, b))(x)

        return differentiate(forward, {"x": x, "W": W, "b": b}, dy)

    return affine


def bind_batch_normalization_running(found: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """Batches through one module."""

    def batch_normalization_running(x: Any, gamma: Any, beta: Any, **given: float) -> Any:
        named = {"dtype": gamma.dtype, "mode": "ema", **renamed(given, words), **fixed}
        made, state = equinox.nn.make_with_state(found)(len(gamma), BATCH, **named)
        module = _with(made, jnp.asarray(gamma), jnp.asarray(beta))
        axes = {"in_axes": (None, 0, None), "out_axes": (0, None), "axis_name": BATCH}
        mapped = jax.vmap(lambda m, x, s: m(x, s), **axes)

        def call(batch: Any, state: Any, training: bool) -> Any:
            layer = module if training else equinox.nn.inference_mode(module)
            y, state = mapped(layer, batch, state)
            mean, variance = state.get(module.ema_state_index)
            return y, mean, variance, state

        return through_batches(call, x, gamma.dtype, state)

    return batch_normalization_running


def bind_dropout(found: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """A module made with the ratio."""

    def dropout_draw(x: Any, dy: Any, *, seed: int, **given: float) -> Any:
        keys = iter(jax.random.split(jax.random.key(seed), len(x)))
        module = found(**renamed(given, words), **fixed)

        def pass_through(batch: Any, gradient: Any) -> Any:
            key = next(keys)
            outputs = differentiate(lambda t: module(t, key=key), {"x": batch}, gradient)
            tested = equinox.nn.inference_mode(module)(jnp.asarray(batch))
            return {**outputs, "test": np.asarray(tested)}

        return in_batches(pass_through, x, dy)

    return dropout_draw


#: Operation -> how an object is asked for it.
BINDERS = {
    "affine": bind_affine,
    "batch_normalization_running": bind_batch_normalization_running,
    "dropout_draw": bind_dropout,
}


def _with(module: Any, weight: Any, bias: Any) -> Any:
    """A copy of a module that has these weights."""
    return equinox.tree_at(lambda m: (m.weight, m.bias), module, (weight, bias))
