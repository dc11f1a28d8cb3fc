"""Images for the tests of effects: made up, since the real ones are an extra."""

from __future__ import annotations

import numpy as np

from trainspec.conformance.effects.data import Data, split_images


def make_images(count: int = 5000) -> Data:
    """Ten classes of noisy patterns, easy to learn."""
    generator = np.random.default_rng(0)
    patterns = generator.random((10, 784)) < 0.15
    labels = np.arange(count) % 10
    noise = generator.random((count, 784)) * 0.3
    return split_images(np.clip(patterns[labels] * 0.9 + noise, 0, 1), labels)
