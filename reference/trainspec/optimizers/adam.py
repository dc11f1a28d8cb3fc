"""Adam (spec/optimizers/adam.md; Kingma and Ba 2015, Algorithm 1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trainspec.arguments import Array, at_least_zero, below_one, floating, like, same_shape, wide


@dataclass(frozen=True)
class AdamState:
    """What Adam remembers of one parameter: steps done, first and second moment."""

    t: int
    m: Array
    v: Array


def init(W: Array) -> AdamState:
    """The state before the first step: t = 0, moments of zero in the shape and type of `W`."""
    floating(W=W)
    return AdamState(0, np.zeros_like(W), np.zeros_like(W))


def step(
    W: Array,
    g: Array,
    state: AdamState,
    *,
    learning_rate: float = 0.001,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
) -> tuple[Array, AdamState]:
    """One step of Adam: the new parameter and the new state (ADAM-1 to ADAM-5).

    `W` is the parameter, any shape, of a floating-point type; `g` the gradient of the loss, of
    the same shape and type; `state` what `init` or the step before gave. Nothing is modified.

    Raises TypeError for arrays that are not floating-point, ValueError for shapes or types that
    differ and for hyperparameters out of their domain.
    """
    floating(W=W, g=g)
    same_shape(W=W, g=g)
    at_least_zero(learning_rate=learning_rate, epsilon=epsilon)
    below_one(beta1=beta1, beta2=beta2)
    W_, g_, m, v = wide(W), wide(g), wide(state.m), wide(state.v)

    t = state.t + 1
    m = beta1 * m + (1 - beta1) * g_
    v = beta2 * v + (1 - beta2) * g_**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    W_ = W_ - learning_rate * m_hat / (np.sqrt(v_hat) + epsilon)

    return like(W, W_), AdamState(t, like(W, m), like(W, v))
