"""The reference itself, as an implementation to be checked.

Each technique's module is found by name, so that a new one needs nothing here: a module with
`step` is an update rule, one with `draw` draws numbers of its own, and any other has a function
with the operation's name.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from trainspec import __version__ as version
from trainspec.conformance.basics.names import draw_function, operation_of
from trainspec.conformance.basics.paths import list_techniques

name = "trainspec reference"

__all__ = ["name", "version"]


def __getattr__(operation: str) -> Callable[..., Any]:
    found = _find_function(operation)
    if found is None:
        raise AttributeError(operation)
    return found


@cache
def _find_function(operation: str) -> Callable[..., Any] | None:
    for technique in list_techniques():
        own = operation_of(technique)
        if operation in (own, draw_function(own)):
            return _make_function(technique, operation)
    return None


def _make_function(technique: str, operation: str) -> Callable[..., Any] | None:
    module = importlib.import_module("trainspec." + technique.replace("/", "."))
    if operation != operation_of(technique):
        return _make_draw(module) if hasattr(module, "draw") else None
    if hasattr(module, "step"):
        return _make_update(module)
    function: Callable[..., Any] = getattr(module, operation)
    return function


def _make_draw(module: Any) -> Callable[..., Any]:
    """Draws of a technique's own generator: from its inputs, or of the shape that sizes say."""

    def run(*inputs: Any, seed: int, **given: Any) -> Any:
        if inputs:
            return module.draw(*inputs, seed=seed, **given)
        if "rows" in given:
            shape = (given.pop("rows"), given.pop("columns"))
        else:
            shape = (given["fan_in"], given.pop("fan_out"))
        return np.asarray(module.draw(shape, seed=seed, **given), dtype=np.float64)

    return run


def _make_update(module: Any) -> Callable[..., Any]:
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
