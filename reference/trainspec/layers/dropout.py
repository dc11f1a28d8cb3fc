"""Dropout, not inverted (spec/layers/dropout.md; Srivastava et al. 2014)."""

from __future__ import annotations

import numpy as np

from trainspec.arguments import Array, floating, from_zero_to_one, like, same_shape, wide


def mask(u: Array, *, ratio: float = 0.5) -> Array:
    """Which units are kept, given numbers `u` drawn uniformly from [0, 1) (DROPOUT-1).

    Raises ValueError for a `ratio` outside [0, 1].
    """
    floating(u=u)
    from_zero_to_one(ratio=ratio)
    return wide(u) > ratio


def draw(x: Array, dy: Array, *, ratio: float = 0.5, seed: int = 0) -> dict[str, Array]:
    """Both passes and testing with masks of its own, of the shape of `x` (DROPOUT-7).

    The generator starts with `seed` and goes on from one batch, an entry of the first axis, to
    the next.
    """
    u = np.random.default_rng(seed).random(x.shape)
    return dropout(x, like(x, u), dy, ratio=ratio)


def forward(x: Array, kept: Array) -> Array:
    """The outputs during training: `x` where it is kept, 0 elsewhere (DROPOUT-1, DROPOUT-5)."""
    return like(x, np.where(kept, x, 0))


def backward(dy: Array, kept: Array) -> Array:
    """The gradient with respect to the inputs: `dy` where they were kept (DROPOUT-2)."""
    return like(dy, np.where(kept, dy, 0))


def testing(x: Array, *, ratio: float = 0.5) -> Array:
    """The outputs at test time: all units, scaled by the part that training keeps (DROPOUT-3)."""
    return like(x, (1 - ratio) * wide(x))


def dropout(x: Array, u: Array, dy: Array, *, ratio: float = 0.5) -> dict[str, Array]:
    """Both passes and testing, as an adapter answers: ``y``, ``dx``, ``test``."""
    floating(x=x, dy=dy)
    same_shape(x=x, u=u, dy=dy)
    kept = mask(u, ratio=ratio)
    return {"y": forward(x, kept), "dx": backward(dy, kept), "test": testing(x, ratio=ratio)}
