"""How modules of Flax' Linen are asked (`flax.linen`).

Each function below takes a class of such modules, `words` (its own names of hyperparameters) and
arguments that it is always given, and returns an operation on NumPy arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from trainspec.conformance.adapters import _jax
from trainspec.conformance.adapters._jax import differentiate, normalize, through_batches
from trainspec.conformance.adapters._shared import in_batches, renamed

types = _jax.types


def bind_affine(found: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """A module made with the number of its outputs."""

    def affine(x: Any, W: Any, b: Any, dy: Any) -> Any:
        module = found(W.shape[1], param_dtype=x.dtype, **fixed)

        def forward(x: Any, W: Any, b: Any) -> Any:
            return module.apply({"params": {"kernel": W, "bias": b}}, x)

        return differentiate(forward, {"x": x, "W": W, "b": b}, dy)

    return affine


def bind_batch_normalization(found: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """One batch in training, over the channels of axis 1."""

    def batch_normalization(x: Any, gamma: Any, beta: Any, dy: Any, **given: float) -> Any:
        named = {"axis": 1, "param_dtype": x.dtype, **renamed(given, words), **fixed}
        module = found(use_running_average=False, **named)
        statistics = {"mean": jnp.zeros_like(gamma), "var": jnp.ones_like(gamma)}

        def forward(x: Any, gamma: Any, beta: Any) -> Any:
            variables = {"params": {"scale": gamma, "bias": beta}, "batch_stats": statistics}
            return module.apply(variables, x, mutable=["batch_stats"])[0]

        return normalize(forward, x, gamma, beta, dy)

    return batch_normalization


def bind_batch_normalization_running(found: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """Batches through one module, over the channels of axis 1."""

    def batch_normalization_running(x: Any, gamma: Any, beta: Any, **given: float) -> Any:
        named = {"axis": 1, "param_dtype": gamma.dtype, **renamed(given, words), **fixed}
        module = found(**named)
        made = module.init(jax.random.key(0), jnp.asarray(x[0]), use_running_average=True)
        params = {"scale": jnp.asarray(gamma), "bias": jnp.asarray(beta)}

        def call(batch: Any, statistics: Any, training: bool) -> Any:
            variables = {"params": params, "batch_stats": statistics}
            y, changed = module.apply(
                variables, batch, use_running_average=not training, mutable=["batch_stats"]
            )
            after = changed["batch_stats"]
            return y, after["mean"], after["var"], after

        return through_batches(call, x, gamma.dtype, made["batch_stats"])

    return batch_normalization_running


def bind_dropout(found: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """A module made with the ratio."""

    def dropout_draw(x: Any, dy: Any, *, seed: int, **given: float) -> Any:
        keys = iter(jax.random.split(jax.random.key(seed), len(x)))
        named = {**renamed(given, words), **fixed}
        training, testing = found(**named, deterministic=False), found(**named, deterministic=True)

        def pass_through(batch: Any, gradient: Any) -> Any:
            rngs = {"dropout": next(keys)}
            outputs = differentiate(
                lambda t: training.apply({}, t, rngs=rngs), {"x": batch}, gradient
            )
            return {**outputs, "test": np.asarray(testing.apply({}, jnp.asarray(batch)))}

        return in_batches(pass_through, x, dy)

    return dropout_draw


#: Operation -> how an object is asked for it.
BINDERS = {
    "affine": bind_affine,
    "batch_normalization": bind_batch_normalization,
    "batch_normalization_running": bind_batch_normalization_running,
    "dropout_draw": bind_dropout,
}
