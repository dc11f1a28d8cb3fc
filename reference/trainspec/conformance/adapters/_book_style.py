"""Classes in the style of the book: `update(params, grads)` changes a dict of arrays in place."""

from __future__ import annotations

import copy
import inspect
from typing import Any

import numpy as np

from trainspec.conformance.adapters._shared import default_of, paired, renamed, updates

RATE = "learning_rate"
types = ("float64", "float32")


class BookRun:
    """An optimizer with its parameters, which it changes in place.

    `rate` is its attribute that holds the learning rate.
    """

    def __init__(self, params: Any, optimizer: Any, rate: str) -> None:
        self.params = {f"W{k}": np.array(W) for k, W in enumerate(params)}
        self.optimizer, self.rate = optimizer, rate

    def step(self, gradient: Any, rate: float | None) -> Any:
        """The parameters after one more step."""
        if rate is not None:
            setattr(self.optimizer, self.rate, rate)
        if any(g is None for g in gradient):
            raise NotImplementedError("update(params, grads) has a gradient for every parameter")
        self.optimizer.update(self.params, dict(zip(self.params, map(np.array, gradient))))
        return [np.array(W) for W in self.params.values()]

    def save(self) -> Any:
        """What the optimizer remembers."""
        return copy.deepcopy(vars(self.optimizer))

    def restore(self, state: Any) -> None:
        """Continue from what one remembered."""
        vars(self.optimizer).update(copy.deepcopy(state))


def bind_optimizer(kind: Any, words: dict[str, str], **fixed: Any) -> Any:
    """Any such class as an update rule; `words` are its own names of hyperparameters."""
    accepted = inspect.signature(kind).parameters
    rate = words.get(RATE, RATE)

    def make(params: Any, rates: Any, given: dict[str, float]) -> Any:
        if "betas" in accepted:
            given = paired(given, "betas", default_of(kind, "betas"))
        first = {rate: rates[0]} if rates else {}
        return BookRun(params, kind(**first, **renamed(given, words), **fixed), rate)

    return updates(make, BookRun.step, BookRun.save, BookRun.restore)
