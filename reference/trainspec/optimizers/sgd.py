"""Stochastic gradient descent (spec/optimizers/sgd.md)."""

from __future__ import annotations

from dataclasses import dataclass

from trainspec.arguments import Array, at_least_zero, floating, like, same_shape, wide


@dataclass(frozen=True)
class SGDState:
    """SGD remembers nothing."""


def init(W: Array) -> SGDState:
    """The state before the first step: empty."""
    floating(W=W)
    return SGDState()


def step(
    W: Array, g: Array, state: SGDState, *, learning_rate: float = 0.01
) -> tuple[Array, SGDState]:
    """One step of SGD: the new parameter and the (empty) state (SGD-1).

    `W` is the parameter, any shape, of a floating-point type; `g` the gradient of the loss, of
    the same shape and type. Nothing is modified.

    Raises TypeError for arrays that are not floating-point, ValueError for shapes or types that
    differ and for a learning rate outside [0, inf).
    """
    floating(W=W, g=g)
    same_shape(W=W, g=g)
    at_least_zero(learning_rate=learning_rate)
    W_, g_ = wide(W), wide(g)

    W_ = W_ - learning_rate * g_

    return like(W, W_), state
