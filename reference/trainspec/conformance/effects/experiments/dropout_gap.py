"""Dropout against overfitting, and as an ensemble of networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from trainspec.conformance.effects.data import Data
from trainspec.conformance.effects.experiments.weight_decay import SIZES, overfit
from trainspec.conformance.effects.network import Design, Network
from trainspec.conformance.effects.parts import Array, Parts

EPOCHS, RATIO = 301, 0.2
#: The number of masks in the ensemble.
MASKS = 100
SETTINGS = ("none", "dropout")
#: How the names of the forms begin that scale in training.
INVERTED = "inverted"
NEEDS_IMAGES = True
RANDOM = True


def run(setting: str, seed: int, parts: Parts, data: Data) -> dict[str, Any]:
    """The accuracies after every epoch; with dropout the ensemble beside the one test pass."""
    ratio = RATIO if setting == "dropout" else 0.0
    found, network = overfit(Design(SIZES, dropout=ratio), seed, parts, data, EPOCHS)
    if not ratio:
        return found
    return {**found, **_compare_ensemble(network, data), "form": parts.form_of("dropout")}


def _compare_ensemble(network: Network, data: Data) -> dict[str, Any]:
    """The mean of many networks, each with a mask of its own, beside the scaled test pass."""
    x, classes = data.test.x, data.test.t.argmax(1)
    passes = [_softmax(network.activate(x, masked=True)[-1]) for _ in range(MASKS)]
    ensemble, one = np.mean(passes, axis=0), _softmax(network.predict(x))
    return {
        "masked": [float(np.mean(p.argmax(1) == classes)) for p in passes],
        "ensemble": float(np.mean(ensemble.argmax(1) == classes)),
        "agree": float(np.mean(ensemble.argmax(1) == one.argmax(1))),
        "differ": float(np.mean([p.argmax(1) != passes[0].argmax(1) for p in passes[1:]])),
    }


def _softmax(logits: Array) -> Array:
    powers = np.exp(logits - logits.max(1, keepdims=True))
    result: Array = powers / powers.sum(1, keepdims=True)
    return result


def measure(trials: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Accuracies at the end, the gap, and the ensemble.

    Inverted dropout does not shrink what the layers pass on, and learns faster: its figures have
    names of their own.
    """
    figures = {}
    inverted = INVERTED in trials.get("dropout", {}).get("form", "")
    for setting, trial in trials.items():
        name = INVERTED if inverted and setting == "dropout" else setting
        figures[f"{name}: train"] = trial["train"][-1]
        figures[f"{name}: test"] = trial["test"][-1]
        figures[f"{name}: gap"] = trial["train"][-1] - trial["test"][-1]
    if "dropout" in trials:
        trial = trials["dropout"]
        figures["predictions that two masks give differently"] = trial["differ"]
        figures["predictions that ensemble and test pass share"] = trial["agree"]
        figures["lead of the ensemble over one mask"] = trial["ensemble"] - float(
            np.mean(trial["masked"])
        )
    if len(trials) == len(SETTINGS) and not inverted:
        figures["narrowing of the gap"] = figures["none: gap"] - figures["dropout: gap"]
    return figures
