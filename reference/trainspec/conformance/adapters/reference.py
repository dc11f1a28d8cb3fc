"""The reference itself, as an implementation to be checked.

Each technique's module is found by name, so that a new one needs nothing here: a module with
`step` is an update rule, which is started and asked step by step; one with `draw` draws numbers
of its own; and any other has a function with the operation's name.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np

from trainspec import __version__ as version
from trainspec.conformance.basics.names import draw_function, operation_of, start_function
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
        if operation in (own, draw_function(own), start_function(own)):
            return _make_function(technique, operation)
    return None


def _make_function(technique: str, operation: str) -> Callable[..., Any] | None:
    module = importlib.import_module("trainspec." + technique.replace("/", "."))
    own = operation_of(technique)
    if operation == draw_function(own):
        return _make_draw(module) if hasattr(module, "draw") else None
    updates = hasattr(module, "step") and _first_argument(module.step) == "W"
    if operation == start_function(own):
        kind = UpdateSteps if updates else SequenceSteps
        return partial(kind, module) if hasattr(module, "step") else None
    if updates:
        return _make_update(module)
    function: Callable[..., Any] | None = getattr(module, operation, None)
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


def _first_argument(function: Callable[..., Any]) -> str:
    return next(iter(inspect.signature(function).parameters))


def _make_update(rule: Any) -> Callable[..., Any]:
    """An update rule over several tensors and steps."""

    def run(params: Any, grads: Any, *, learning_rate: list[float], **rest: float) -> Any:
        steps = UpdateSteps(rule, params, **rest)
        return [steps.step(gradient, rate) for gradient, rate in zip(grads, learning_rate)]

    return run


class UpdateSteps:
    """An update rule with its parameters and their states, asked step by step."""

    def __init__(self, rule: Any, params: list[Any], **hyperparameters: float) -> None:
        self.rule, self.params = rule, list(params)
        self.hyperparameters = hyperparameters
        self.states = [rule.init(W) for W in params]

    def step(self, grads: list[Any], learning_rate: float | None = None) -> list[Any]:
        """The parameters after one more step; None in `grads` leaves a parameter as it is."""
        if learning_rate is not None:
            self.hyperparameters["learning_rate"] = learning_rate
        for k, g in enumerate(grads):
            if g is not None:
                self.params[k], self.states[k] = self.rule.step(
                    self.params[k], g, self.states[k], **self.hyperparameters
                )
        return list(self.params)

    def save(self) -> Any:
        """The states, which nothing changes in place."""
        return list(self.states)

    def restore(self, states: Any) -> None:
        """Continue from states that were saved."""
        self.states = list(states)


class SequenceSteps:
    """A sequence with its state, asked step by step; the fixed inputs are given at the start."""

    def __init__(self, rule: Any, *fixed: Any, **hyperparameters: float) -> None:
        self.rule, self.fixed, self.hyperparameters = rule, fixed, hyperparameters
        self.state = rule.init(fixed[0])

    def step(self, *now: Any) -> Any:
        """The outputs of one more step."""
        outputs, self.state = self.rule.step(*now, self.state, *self.fixed, **self.hyperparameters)
        return outputs

    def save(self) -> Any:
        """The state, which nothing changes in place."""
        return self.state

    def restore(self, state: Any) -> None:
        """Continue from a state that was saved."""
        self.state = state
