"""Scaled He initialisation."""

import numpy as np

from trainspec.arguments import floating, like, wide


def scaled_he(z, *, fan_in=100.0, blocks=1.0):
    floating(z=z)
    for name, value in (("fan_in", fan_in), ("blocks", blocks)):
        if not 0 < value < np.inf:
            raise ValueError(f"{name} must be in (0, inf), got {value!r}")
    return like(z, np.sqrt(2 / fan_in / np.sqrt(blocks)) * wide(z))


def draw(shape, *, seed=0, fan_in=100.0, blocks=1.0):
    z = np.random.default_rng(seed).standard_normal(shape)
    return scaled_he(z, fan_in=fan_in, blocks=blocks)
