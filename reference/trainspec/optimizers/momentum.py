"""Momentum (spec/optimizers/momentum.md; Polyak 1964)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trainspec.arguments import Array, at_least_zero, below_one, floating, like, same_shape, wide


@dataclass(frozen=True)
class MomentumState:
    """What Momentum remembers of one parameter: its velocity."""

    v: Array


def init(W: Array) -> MomentumState:
    """The state before the first step: a velocity of zero in the shape and type of `W`."""
    floating(W=W)
    return MomentumState(np.zeros_like(W))


def step(
    W: Array,
    g: Array,
    state: MomentumState,
    *,
    learning_rate: float = 0.01,
    momentum: float = 0.9,
) -> tuple[Array, MomentumState]:
    """One step of Momentum: the new parameter and the new state (MOMENTUM-1 to MOMENTUM-3).

    `W` is the parameter, any shape, of a floating-point type; `g` the gradient of the loss, of
    the same shape and type; `state` what `init` or the step before gave. Nothing is modified.

    Raises TypeError for arrays that are not floating-point, ValueError for shapes or types that
    differ and for hyperparameters out of their domain.
    """
    floating(W=W, g=g)
    same_shape(W=W, g=g)
    at_least_zero(learning_rate=learning_rate)
    below_one(momentum=momentum)
    W_, g_, v = wide(W), wide(g), wide(state.v)

    v = momentum * v - learning_rate * g_
    W_ = W_ + v

    return like(W, W_), MomentumState(like(W, v))
