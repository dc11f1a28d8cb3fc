"""How modules of Flax' NNX are asked (`flax.nnx`).

Each function below takes a class of such modules, `words` (its own names of hyperparameters) and
arguments that it is always given, and returns an operation on NumPy arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np
from flax import nnx

from trainspec.conformance.adapters import _jax
from trainspec.conformance.adapters._jax import differentiate, normalize, through_batches
from trainspec.conformance.adapters._shared import in_batches, renamed

types = _jax.types


def bind_affine(found: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """A module made with the numbers of inputs and outputs."""

    def affine(x: Any, W: Any, b: Any, dy: Any) -> Any:
        module = found(*W.shape, param_dtype=x.dtype, rngs=nnx.Rngs(0), **fixed)

        def forward(x: Any, W: Any, b: Any) -> Any:
            return _with(module, kernel=W, bias=b)(x)

        return differentiate(forward, {"x": x, "W": W, "b": b}, dy)

    return affine


def bind_batch_normalization(found: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """One batch in training, over the channels of axis 1."""

    def batch_normalization(x: Any, gamma: Any, beta: Any, dy: Any, **given: float) -> Any:
        named = {"axis": 1, "param_dtype": x.dtype, **renamed(given, words), **fixed}
        module = found(len(gamma), rngs=nnx.Rngs(0), **named)

        def forward(x: Any, gamma: Any, beta: Any) -> Any:
            layer = _with(module, scale=gamma, bias=beta)
            return layer(x, use_running_average=False)

        return normalize(forward, x, gamma, beta, dy)

    return batch_normalization


def bind_batch_normalization_running(found: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """Batches through one module, over the channels of axis 1."""

    def batch_normalization_running(x: Any, gamma: Any, beta: Any, **given: float) -> Any:
        named = {"axis": 1, "param_dtype": gamma.dtype, **renamed(given, words), **fixed}
        module = found(len(gamma), rngs=nnx.Rngs(0), **named)
        layer = _with(module, scale=jnp.asarray(gamma), bias=jnp.asarray(beta))

        def call(batch: Any, state: Any, training: bool) -> Any:
            y = layer(batch, use_running_average=not training)
            return y, layer.mean[...], layer.var[...], state

        return through_batches(call, x, gamma.dtype, None)

    return batch_normalization_running


def bind_dropout(found: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """A module made with the ratio, which keeps its own random numbers."""

    def dropout_draw(x: Any, dy: Any, *, seed: int, **given: float) -> Any:
        rngs = nnx.Rngs(seed)
        named = {**renamed(given, words), **fixed}

        def pass_through(batch: Any, gradient: Any) -> Any:
            key = rngs.dropout()

            def forward(t: Any) -> Any:
                return found(**named, rngs=nnx.Rngs(key))(t, deterministic=False)

            outputs = differentiate(forward, {"x": batch}, gradient)
            tested = found(**named, rngs=nnx.Rngs(key))(jnp.asarray(batch), deterministic=True)
            return {**outputs, "test": np.asarray(tested)}

        return in_batches(pass_through, x, dy)

    return dropout_draw


#: Operation -> how an object is asked for it.
BINDERS = {
    "affine": bind_affine,
    "batch_normalization": bind_batch_normalization,
    "batch_normalization_running": bind_batch_normalization_running,
    "dropout_draw": bind_dropout,
}


def _with(module: Any, **weights: Any) -> Any:
    """A copy of a module that has these weights."""
    copied = nnx.clone(module)
    for name, value in weights.items():
        setattr(copied, name, nnx.Param(value))
    return copied
