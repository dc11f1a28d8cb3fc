"""What the adapters of libraries share: update rules over steps, and names in another's words."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

Operation = Callable[..., Any]


def updates(
    make: Callable[[Sequence[Any], Sequence[Any] | None, dict[str, float]], Any],
    step: Callable[[Any, Sequence[Any], float | None], Sequence[Any]],
) -> Operation:
    """An update rule as an operation: `make` a library's optimizer, then `step` it.

    `make` is given the parameters, the learning rates and the hyperparameters that were passed;
    `step` the optimizer, a step's gradients and its rate, and it gives the parameters after the
    step, as arrays of their own. What is not passed, and then None, is left to the library.
    """

    def operation(
        params: Any,
        grads: Any,
        *,
        learning_rate: Sequence[float | None] | None = None,
        **given: float,
    ) -> Any:
        optimizer = make(params, learning_rate, given)
        rates = learning_rate or [None] * len(grads)
        return [step(optimizer, gradient, rate) for gradient, rate in zip(grads, rates)]

    return operation


def in_batches(one: Callable[[Any, Any], Mapping[str, Any]], x: Any, dy: Any) -> dict[str, Any]:
    """The outputs of `one`, called with every batch and its gradient in turn, stacked."""
    found = [one(batch, gradient) for batch, gradient in zip(x, dy)]
    return {name: np.stack([outputs[name] for outputs in found]) for name in found[0]}


def renamed(given: Mapping[str, Any], words: Mapping[str, str]) -> dict[str, Any]:
    """The hyperparameters under a library's names: `words` holds those that differ."""
    return {words.get(name, name): value for name, value in given.items()}


def paired(given: dict[str, Any], name: str, default: Sequence[float]) -> dict[str, Any]:
    """``beta1`` and ``beta2`` as one pair called `name`, where either was passed."""
    if "beta1" in given or "beta2" in given:
        pair = given.pop("beta1", default[0]), given.pop("beta2", default[1])
        return {**given, name: pair}
    return given


def default_of(function: Any, name: str) -> Any:
    """The default of a library function's argument."""
    return inspect.signature(function).parameters[name].default
