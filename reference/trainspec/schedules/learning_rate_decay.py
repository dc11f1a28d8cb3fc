"""Learning-rate decay by the inverse of time (spec/schedules/learning_rate_decay.md)."""

from __future__ import annotations

from trainspec.arguments import Array, at_least_zero, floating, like, wide


def learning_rate_decay(steps: Array, *, learning_rate: float = 0.01, decay: float = 0.01) -> Array:
    """The learning rates of `steps`, numbers from 1, shape (n,) (DECAY-1).

    Raises TypeError for an array that is not floating-point, ValueError for hyperparameters out
    of their domain.
    """
    floating(steps=steps)
    at_least_zero(learning_rate=learning_rate, decay=decay)
    return like(steps, learning_rate / (1 + decay * (wide(steps) - 1)))
