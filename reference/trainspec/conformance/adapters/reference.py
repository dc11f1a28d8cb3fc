"""The reference itself, as an implementation to be checked.

Each technique's module is found by name, so that a new one needs nothing here.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from trainspec import __version__ as version
from trainspec.conformance.cases import CaseError, resolve

name = "trainspec reference"

__all__ = ["name", "version"]


def __getattr__(operation: str) -> Callable[..., Any]:
    if operation.startswith("_"):
        raise AttributeError(operation)
    try:
        return _function(operation)
    except CaseError:
        raise AttributeError(operation) from None


@cache
def _function(operation: str) -> Callable[..., Any]:
    name = operation.removesuffix("_draw")
    (technique,) = resolve([name])
    module = importlib.import_module("trainspec." + technique.replace("/", "."))
    if operation.endswith("_draw"):
        return _draw(module)
    if technique.startswith("optimizers/"):
        return _update(module)
    function: Callable[..., Any] = getattr(module, operation)
    return function


def _draw(module: Any) -> Callable[..., Any]:
    """Draws of a technique's own generator."""

    def run(*, seed: int, **given: Any) -> Any:
        if "rows" in given:
            shape = (given.pop("rows"), given.pop("columns"))
        else:
            shape = (given["fan_in"], given.pop("fan_out"))
        return np.asarray(module.draw(shape, seed=seed, **given), dtype=np.float64)

    return run


def _update(module: Any) -> Callable[..., Any]:
    """An update rule over several tensors and steps."""

    def run(
        params: list[Any], grads: list[list[Any]], *, learning_rate: list[float], **rest: float
    ) -> list[list[Any]]:
        states = [module.init(W) for W in params]
        after = []
        for gradient, rate in zip(grads, learning_rate):
            done = [
                module.step(W, g, state, learning_rate=rate, **rest)
                for W, g, state in zip(params, gradient, states)
            ]
            params = [W for W, _ in done]
            states = [state for _, state in done]
            after.append(params)
        return after

    return run
