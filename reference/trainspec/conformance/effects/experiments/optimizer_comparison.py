"""SGD, Momentum, AdaGrad and Adam on the same network, from the same weights."""

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
RULES: Mapping[str, dict[str, float]] = {
    "sgd": {"learning_rate": 0.01},
    "momentum": {"learning_rate": 0.01, "momentum": 0.9},
    "adagrad": {"learning_rate": 0.01, "epsilon": 1e-7},
    "adam": {"learning_rate": 0.001, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
}
SETTINGS = tuple(RULES)
NEEDS_IMAGES = True
RANDOM = True
#: Losses are smoothed over this number of iterations, as the book's plots are.
WINDOW = 100


def run(setting: str, seed: int, parts: Parts, data: Data) -> dict[str, Any]:
    """The losses of a run with one update rule."""
    network = Network(parts, Design(SIZES), seed)
    losses = train(
        network, data.train, setting, RULES[setting], seed, iterations=ITERATIONS, batch=BATCH
    )
    return {"loss": losses}


def measure(trials: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Mean losses at the start, in the middle and at the end; and when they fall under 0.1."""
    figures = {}
    for rule, trial in trials.items():
        losses = np.asarray(trial["loss"])
        figures[f"{rule} first loss"] = float(losses[0])
        figures[f"{rule} last loss"] = float(losses[-WINDOW:].mean())
        smooth = np.convolve(losses, np.ones(WINDOW) / WINDOW, "valid")
        under = np.flatnonzero(smooth < 0.1)
        figures[f"{rule} iterations to 0.1"] = float(under[0] if under.size else ITERATIONS)
    if len(trials) == len(SETTINGS):
        for one, other in (("sgd", "momentum"), ("momentum", "adagrad"), ("adagrad", "adam")):
            ratio = figures[f"{one} last loss"] / figures[f"{other} last loss"]
            figures[f"{one} last loss over {other}"] = ratio
    return figures
