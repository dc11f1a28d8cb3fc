"""What the scale of the weights does to the activations of five layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from trainspec.conformance.effects.data import Data
from trainspec.conformance.effects.network import Design, Network
from trainspec.conformance.effects.parts import Parts

NODES, INPUTS, LAYERS = 100, 1000, 5
ACTIVATIONS = ("sigmoid", "tanh", "relu")
#: Initialisers: the operation, and the deviation of ``normal``.
SCALES: Mapping[str, tuple[str, float]] = {
    "std 1": ("normal", 1.0),
    "std 0.01": ("normal", 0.01),
    "xavier": ("xavier", 0.0),
    "he": ("he", 0.0),
}
SETTINGS = tuple(f"{activation}, {scale}" for activation in ACTIVATIONS for scale in SCALES)
NEEDS_IMAGES = False
RANDOM = True
#: An output is saturated within this distance of an end of its range.
SATURATED = 0.05
RANGES = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0)}
#: The number of bins in a histogram.
BINS = 30


def run(setting: str, seed: int, parts: Parts, data: Data | None) -> dict[str, Any]:
    """The deviation, the saturated share and a histogram of every layer's outputs."""
    activation, scale = setting.split(", ")
    initializer, std = SCALES[scale]
    design = Design([NODES] * (LAYERS + 2), activation, initializer, std)
    network = Network(parts, design, seed)
    inputs = np.random.default_rng([seed, 4]).standard_normal((INPUTS, NODES))
    with np.errstate(all="ignore"):
        layers = network.activate(inputs)[:LAYERS]
    ends = RANGES.get(activation, ())
    limits = ends or (0.0, float(np.percentile(layers[0], 99.5)) or 1.0)
    return {
        "std": [float(layer.std()) for layer in layers],
        "saturated": [
            float(sum(np.mean(np.abs(layer - end) < SATURATED) for end in ends)) for layer in layers
        ],
        "limits": list(limits),
        "histogram": [np.histogram(layer, BINS, limits)[0].tolist() for layer in layers],
    }


def measure(trials: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Deviations of the first and the last layer, and what is saturated in the last."""
    figures = {}
    for setting, trial in trials.items():
        figures[f"{setting}: std of layer 1"] = trial["std"][0]
        figures[f"{setting}: std of layer 5"] = trial["std"][-1]
        if setting.split(", ")[0] in RANGES:
            figures[f"{setting}: saturated in layer 5"] = trial["saturated"][-1]
    return figures
