"""What the scale of the first weights does to learning, and why they must differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from trainspec.conformance.effects.data import Data
from trainspec.conformance.effects.network import Design, Network
from trainspec.conformance.effects.parts import Parts
from trainspec.conformance.effects.training import train

SIZES = (784, 100, 100, 100, 100, 10)
ITERATIONS, BATCH = 2000, 128
#: Equal weights need few iterations to show that they stay equal.
EQUAL_ITERATIONS = 50
RATE = 0.01
SCALES: Mapping[str, tuple[str, float]] = {
    "std 0.01": ("normal", 0.01),
    "xavier": ("xavier", 0.0),
    "he": ("he", 0.0),
}
#: Networks whose weights all have this one value.
EQUAL = {"equal weights": 0.05, "zero weights": 0.0}
SETTINGS = (*SCALES, *EQUAL)
NEEDS_IMAGES = True
RANDOM = True
WINDOW = 100


def run(setting: str, seed: int, parts: Parts, data: Data) -> dict[str, Any]:
    """The losses of a run; for equal weights how far the nodes of a layer are apart after it."""
    initializer, std = SCALES.get(setting, ("he", 0.0))
    network = Network(parts, Design(SIZES, initializer=initializer, std=std), seed)
    if setting in EQUAL:
        network.params = [np.full_like(p, EQUAL[setting] * (p.ndim > 1)) for p in network.params]
    iterations = EQUAL_ITERATIONS if setting in EQUAL else ITERATIONS
    given = {"learning_rate": RATE}
    losses = train(network, data.train, "sgd", given, seed, iterations=iterations, batch=BATCH)
    weights = [network.layer(index)[0] for index in range(network.hidden)]
    return {
        "loss": losses,
        "spread": max(float(np.ptp(W, axis=1).max()) for W in weights),
        "largest": max(float(np.abs(W).max()) for W in weights),
    }


def measure(trials: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Mean losses at the end, and what equal weights have become."""
    figures = {}
    for setting, trial in trials.items():
        if setting in SCALES:
            figures[f"{setting}: last loss"] = float(np.mean(trial["loss"][-WINDOW:]))
        elif EQUAL[setting]:
            figures[f"{setting}: spread"] = trial["spread"] / trial["largest"]
        else:
            figures[f"{setting}: largest hidden weight"] = trial["largest"]
    if {"xavier", "he"} <= trials.keys():
        figures["he over xavier"] = figures["he: last loss"] / figures["xavier: last loss"]
    return figures
