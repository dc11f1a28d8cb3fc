"""AdaGrad (spec/optimizers/adagrad.md; Duchi, Hazan and Singer 2011)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trainspec.arguments import Array, at_least_zero, floating, like, same_shape, wide


@dataclass(frozen=True)
class AdaGradState:
    """What AdaGrad remembers of one parameter: the sum of its squared gradients."""

    h: Array


def init(W: Array) -> AdaGradState:
    """The state before the first step: a sum of zero in the shape and type of `W`."""
    floating(W=W)
    return AdaGradState(np.zeros_like(W))


def step(
    W: Array,
    g: Array,
    state: AdaGradState,
    *,
    learning_rate: float = 0.01,
    epsilon: float = 1e-7,
) -> tuple[Array, AdaGradState]:
    """One step of AdaGrad: the new parameter and the new state (ADAGRAD-1 to ADAGRAD-3).

    `W` is the parameter, any shape, of a floating-point type; `g` the gradient of the loss, of
    the same shape and type; `state` what `init` or the step before gave. Nothing is modified.

    Raises TypeError for arrays that are not floating-point, ValueError for shapes or types that
    differ and for hyperparameters out of their domain.
    """
    floating(W=W, g=g)
    same_shape(W=W, g=g)
    at_least_zero(learning_rate=learning_rate, epsilon=epsilon)
    W_, g_, h = wide(W), wide(g), wide(state.h)

    h = h + g_ * g_
    W_ = W_ - learning_rate * g_ / (np.sqrt(h) + epsilon)

    return like(W, W_), AdaGradState(like(W, h))
