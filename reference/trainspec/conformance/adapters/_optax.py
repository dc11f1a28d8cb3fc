"""How Optax' gradient transformations are asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from trainspec.conformance.adapters._shared import renamed, updates

jax.config.update("jax_enable_x64", True)

types = ("float64", "float32", "float16", "bfloat16")
#: Steps are compiled where there are enough of them to make this worth while.
MANY = 50


class _Run:
    """A gradient transformation with its parameters and state.

    `rate` is its own name of the learning rate.
    """

    def __init__(self, params: Any, transform: Any, steps: int, rate: str) -> None:
        self.rate = rate
        self.params = [jnp.asarray(W) for W in params]
        self.state = transform.init(self.params)
        self.advanced = jax.jit(self._advanced) if steps > MANY else self._advanced
        self.transform = transform

    def _advanced(self, gradient: Any, state: Any, params: Any) -> Any:
        updated, state = self.transform.update(gradient, state, params)
        return optax.apply_updates(params, updated), state

    def step(self, gradient: Any, rate: float | None) -> Any:
        if any(g is None for g in gradient):
            raise NotImplementedError("Optax has a gradient for every parameter")
        if rate is not None and hasattr(self.state, "hyperparams"):
            self.state.hyperparams[self.rate] = jnp.asarray(rate)
        moved = self.advanced([jnp.asarray(g) for g in gradient], self.state, self.params)
        self.params, self.state = moved
        return [np.asarray(W) for W in self.params]

    def save(self) -> Any:
        return self.state

    def restore(self, state: Any) -> None:
        self.state = state


def bind_optimizer(transform: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """A function that makes a gradient transformation as an update rule."""
    rate = words.get("learning_rate", "learning_rate")

    def make(params: Any, rates: Any, given: dict[str, float]) -> Any:
        named = {**renamed(given, words), **fixed}
        if rates and len(rates) == 1:  # the next ones are given with the steps
            adjustable = optax.inject_hyperparams(transform)(**{rate: rates[0]}, **named)
            return _Run(params, adjustable, 1, rate)
        if rates:
            schedule = jnp.asarray(np.array(rates))
            named[rate] = lambda count: schedule[count]
        return _Run(params, transform(**named), len(rates or ()), rate)

    return updates(make, _Run.step, _Run.save, _Run.restore)
