"""Batch normalisation over sixteen scales of the first weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from trainspec.conformance.effects.data import Data
from trainspec.conformance.effects.network import Design, Network
from trainspec.conformance.effects.parts import Parts
from trainspec.conformance.effects.training import train_epochs

SIZES = (784, 100, 100, 100, 100, 100, 10)
SAMPLES, EPOCHS, BATCH, RATE = 1000, 20, 100, 0.01
SCALES = tuple(float(scale) for scale in np.logspace(0, -4, 16))
WITH, WITHOUT = "with", "without"
SETTINGS = tuple(f"{scale:.3g}, {how}" for scale in SCALES for how in (WITH, WITHOUT))
NEEDS_IMAGES = True
RANDOM = True
#: What counts as having learned.
LEARNED = 0.9
#: The scales at which batch normalisation loses, and those to which it is indifferent.
LOSES = ("0.293", "0.158")
INDIFFERENT = ("0.0251", "0.0136", "0.00736", "0.00398", "0.00215")


def run(setting: str, seed: int, parts: Parts, data: Data) -> dict[str, Any]:
    """The accuracy on the training images after every epoch."""
    name, how = setting.split(", ")
    scale = next(s for s in SCALES if f"{s:.3g}" == name)
    design = Design(SIZES, initializer="normal", std=scale, normalised=how == WITH)
    network, images = Network(parts, design, seed), data.train.first(SAMPLES)
    accuracy: list[float] = []
    train_epochs(
        network,
        images,
        RATE,
        seed,
        epochs=EPOCHS,
        batch=BATCH,
        after_epoch=lambda number: accuracy.append(network.accuracy(images.x, images.t)),
    )
    return {"accuracy": accuracy}


def measure(trials: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """At how many scales either learns, where it is ahead, and how much the scale matters."""
    last = {setting: trial["accuracy"][-1] for setting, trial in trials.items()}
    names = [f"{scale:.3g}" for scale in SCALES]
    normal = {name: last[f"{name}, {WITH}"] for name in names if f"{name}, {WITH}" in last}
    plain = {name: last[f"{name}, {WITHOUT}"] for name in names if f"{name}, {WITHOUT}" in last}
    figures = {}
    if len(last) == len(SETTINGS):
        figures["scales learned with"] = float(sum(a >= LEARNED for a in normal.values()))
        figures["scales learned without"] = float(sum(a >= LEARNED for a in plain.values()))
        figures["scales ahead"] = float(sum(normal[n] > plain[n] for n in names))
        at_loss = [plain[n] - normal[n] for n in LOSES]
        figures["lead without at 0.293 and 0.158"] = float(np.mean(at_loss))
        same = [normal[n] for n in INDIFFERENT]
        figures["spread from 0.0251 to 0.00215"] = max(same) - min(same)
    return figures
