"""AdaMax."""

from dataclasses import dataclass

import numpy as np

from trainspec.arguments import Array, like, wide


@dataclass(frozen=True)
class AdaMaxState:
    t: int
    m: Array
    u: Array


def init(W):
    return AdaMaxState(0, np.zeros_like(W), np.zeros_like(W))


def step(W, g, state, *, learning_rate=0.002, beta1=0.9, beta2=0.999, epsilon=1e-8):
    t, g_ = state.t + 1, wide(g)
    m = beta1 * wide(state.m) + (1 - beta1) * g_
    u = np.maximum(beta2 * wide(state.u), np.abs(g_))
    W_ = wide(W) - learning_rate * m / (1 - beta1**t) / (u + epsilon)
    return like(W, W_), AdaMaxState(t, like(W, m), like(W, u))
