"""Paths of the update rules on f(x, y) = x²/20 + y²: where they end, and how they zig-zag."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from trainspec.conformance.basics.names import display_form
from trainspec.conformance.basics.paths import find_folder
from trainspec.conformance.effects.data import Data
from trainspec.conformance.effects.parts import Array, Parts

GOLDEN: Mapping[str, Any] = json.loads(
    (find_folder("golden") / "effects" / "update_paths.json").read_text("utf-8")
)
START, STEPS, RULES = GOLDEN["start"], GOLDEN["steps"], GOLDEN["hyperparameters"]
SETTINGS = tuple(RULES)
NEEDS_IMAGES = False
#: The same for every seed.
RANDOM = False


def gradient(x: Array, y: Array) -> tuple[Array, Array]:
    """The gradient of f: (x/10, 2y)."""
    return x / 10, 2 * y


def run(setting: str, seed: int, parts: Parts, data: Data | None) -> dict[str, Any]:
    """The path, start included, as lists `x` and `y`."""
    params = [np.array(value, parts.dtype) for value in START]
    steps = parts.start(setting, params, **RULES[setting])
    path = [tuple(START)]
    for _ in range(STEPS):
        # In the type of the parameters, so that the gradient is rounded once.
        grads = [np.asarray(g, parts.dtype) for g in gradient(*params)]
        params = steps.step(grads)
        x, y = params
        path.append((float(x), float(y)))
    return {
        "x": [x for x, _ in path],
        "y": [y for _, y in path],
        "form": parts.form_of(setting),
        "type": parts.dtype,
    }


def measure(trials: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """End points, the value of f there, and the length of the path across the valley."""
    figures = {}
    for rule, path in trials.items():
        x, y = path["x"][-1], path["y"][-1]
        figures[f"{rule} x"], figures[f"{rule} y"] = x, y
        certified = GOLDEN["end_points"][rule].get(display_form(path["form"]))
        if certified:
            off = np.abs(np.subtract((x, y), (certified["x"], certified["y"])))
            allowed = np.array(certified["tolerance"][path["type"]])
            figures[f"{rule} end point"] = float(np.max(off / allowed))
        figures[f"{rule} f"] = x**2 / 20 + y**2
        # The book notes the place before each of the 30 updates: 29 moves.
        figures[f"{rule} zig-zag"] = float(np.abs(np.diff(path["y"][:STEPS])).sum())
    if {"sgd", "momentum", "adam", "adagrad"} <= trials.keys():
        for one, other in (("sgd", "momentum"), ("momentum", "adam"), ("adam", "adagrad")):
            ratio = figures[f"{one} zig-zag"] / figures[f"{other} zig-zag"]
            figures[f"{one} zig-zag over {other}"] = ratio
    return figures
