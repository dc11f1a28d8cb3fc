"""RMSProp (spec/optimizers/rmsprop.md; Tieleman and Hinton 2012)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trainspec.arguments import Array, at_least_zero, below_one, floating, like, same_shape, wide


@dataclass(frozen=True)
class RMSPropState:
    """What RMSProp remembers of one parameter: the running mean of its squared gradients."""

    h: Array


def init(W: Array) -> RMSPropState:
    """The state before the first step: a mean of zero in the shape and type of `W`."""
    floating(W=W)
    return RMSPropState(np.zeros_like(W))


def step(
    W: Array,
    g: Array,
    state: RMSPropState,
    *,
    learning_rate: float = 0.01,
    rho: float = 0.99,
    epsilon: float = 1e-7,
) -> tuple[Array, RMSPropState]:
    """One step of RMSProp: the new parameter and the new state (RMSPROP-1 to RMSPROP-4).

    `W` is the parameter, any shape, of a floating-point type; `g` the gradient of the loss, of
    the same shape and type; `state` what `init` or the step before gave. Nothing is modified.

    Raises TypeError for arrays that are not floating-point, ValueError for shapes or types that
    differ and for hyperparameters out of their domain.
    """
    floating(W=W, g=g)
    same_shape(W=W, g=g)
    at_least_zero(learning_rate=learning_rate, epsilon=epsilon)
    below_one(rho=rho)
    W_, g_, h = wide(W), wide(g), wide(state.h)

    h = rho * h + (1 - rho) * g_ * g_
    W_ = W_ - learning_rate * g_ / (np.sqrt(h) + epsilon)

    return like(W, W_), RMSPropState(like(W, h))
