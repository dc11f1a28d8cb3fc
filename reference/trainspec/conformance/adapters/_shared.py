"""What the adapters of libraries share: update rules over steps, and names in another's words."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct

Operation = Callable[..., Any]


def updates(
    make: Callable[[Sequence[Any], Sequence[Any] | None, dict[str, float]], Any],
    step: Callable[[Any, Sequence[Any], float | None], Sequence[Any]],
    save: Callable[[Any], Any] | None = None,
    restore: Callable[[Any, Any], None] | None = None,
) -> UpdateRule:
    """An update rule as an operation: `make` a library's optimizer, then `step` it.

    `make` takes the parameters, the learning rates and the hyperparameters that were passed. `step`
    takes the optimizer, the gradients of one step and its learning rate, and returns copies of the
    parameters after the step. A learning rate that was not passed is None: the library's default is
    used. `save` returns the state of an optimizer, and `restore` gives it to another one.
    """
    return UpdateRule(make, step, save, restore)


class UpdateRule(Struct, frozen=True):
    """An update rule of a library: called for all steps, or started and asked step by step."""

    make: Callable[[Sequence[Any], Sequence[Any] | None, dict[str, float]], Any]
    advance: Callable[[Any, Sequence[Any], float | None], Sequence[Any]]
    save: Callable[[Any], Any] | None = None
    restore: Callable[[Any, Any], None] | None = None

    def __call__(
        self,
        params: Any,
        grads: Any,
        *,
        learning_rate: Sequence[float | None] | None = None,
        **given: float,
    ) -> Any:
        """The parameters after every step."""
        optimizer = self.make(params, learning_rate, given)
        rates = learning_rate or [None] * len(grads)
        return [self.advance(optimizer, gradient, rate) for gradient, rate in zip(grads, rates)]

    def start(self, params: Any, *, learning_rate: float | None = None, **given: float) -> Run:
        """A run that is asked step by step; `learning_rate` is the first one."""
        rates = None if learning_rate is None else [learning_rate]
        return Run(self, self.make(params, rates, given))


class Run:
    """An optimizer of a library between two steps."""

    def __init__(self, rule: UpdateRule, optimizer: Any) -> None:
        self.rule, self.optimizer = rule, optimizer

    def step(self, grads: Any, learning_rate: float | None = None) -> Any:
        """The parameters after one more step."""
        return self.rule.advance(self.optimizer, grads, learning_rate)

    def save(self) -> Any:
        """The optimizer's state."""
        if self.rule.save is None:
            raise NotImplementedError("the adapter does not save the state of its optimizers")
        return self.rule.save(self.optimizer)

    def restore(self, state: Any) -> None:
        """Continue from a state that was saved."""
        if self.rule.restore is None:
            raise NotImplementedError("the adapter does not restore the state of its optimizers")
        self.rule.restore(self.optimizer, state)


def in_batches(one: Callable[[Any, Any], Mapping[str, Any]], x: Any, dy: Any) -> dict[str, Any]:
    """The outputs of `one`, called with every batch and its gradient in turn, stacked."""
    found = in_turn(one, x, dy)
    return {name: np.stack(outputs) for name, outputs in found.items()}


def in_turn(one: Callable[..., Mapping[str, Any]], *batches: Any) -> dict[str, list[Any]]:
    """Call `one` with every batch in turn; return the list of its values for each output."""
    found = [one(*batch) for batch in zip(*batches)]
    return {name: [outputs[name] for outputs in found] for name in found[0]}


def renamed(given: Mapping[str, Any], words: Mapping[str, str]) -> dict[str, Any]:
    """The hyperparameters under a library's names: `words` holds those that differ."""
    return {words.get(name, name): value for name, value in given.items()}


def paired(given: dict[str, Any], name: str, default: Sequence[float]) -> dict[str, Any]:
    """``beta1`` and ``beta2`` as one pair called `name`, where either was passed."""
    if "beta1" in given or "beta2" in given:
        pair = given.pop("beta1", default[0]), given.pop("beta2", default[1])
        return {**given, name: pair}
    return given


def paired_for(kind: Any, given: dict[str, Any]) -> dict[str, Any]:
    """The same for a class, if it takes the pair as `betas`."""
    accepted = "betas" in inspect.signature(kind).parameters
    return paired(given, "betas", default_of(kind, "betas")) if accepted else given


def default_of(function: Any, name: str) -> Any:
    """The default of a library function's argument."""
    return inspect.signature(function).parameters[name].default
