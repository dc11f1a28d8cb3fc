"""The pictures: every effect draws one, light and dark, the same bytes each time."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from trainspec.conformance.effects.judge import judge_effect
from trainspec.conformance.effects.page import find_experiment, list_effects, load_effect
from trainspec.conformance.effects.trials import Record, Trial

pytest.importorskip("matplotlib")
pytestmark = pytest.mark.slow

GENERATOR = np.random.default_rng(0)


def line(count):
    return np.sort(GENERATOR.random(count)).tolist()


def make_result(name, setting):
    if name == "update_paths":
        return {"x": line(31), "y": line(31), "form": "", "type": "float64"}
    if name == "activation_spread":
        counts = GENERATOR.integers(1, 100, (5, 30)).tolist()
        return {"std": line(5), "saturated": line(5), "limits": [0, 1], "histogram": counts}
    if name == "hyperparameter_search":
        names = ("learning_rate", "weight_decay", "validation", "after few", "test")
        return {key: line(25) for key in names}
    few = 20 if "weights" in setting else 200
    return {
        "loss": line(few), "spread": 0.0, "largest": 1.0, "accuracy": line(20),
        "train": line(30), "test": line(30), "masked": line(3), "ensemble": 0.5,
        "agree": 0.9, "differ": 0.1,
    }  # fmt: skip


@pytest.mark.parametrize("name", list_effects())
def test_every_effect_has_a_picture(name, tmp_path):
    figures = importlib.import_module("trainspec.conformance.effects.figures")
    records = {
        Trial(name, setting, seed): Record(make_result(name, setting), [], [])
        for setting in find_experiment(name).SETTINGS
        for seed in range(2)
    }
    found = [judge_effect(load_effect(name), records)]
    paths = figures.draw_effects(tmp_path / "one", found, records)
    assert {p.name for p in paths} == {
        f"{name}-{theme}.{kind}" for theme in ("light", "dark") for kind in ("svg", "png")
    }
    again = figures.draw_effects(tmp_path / "two", found, records)
    for one, other in zip(paths, again):
        assert one.stat().st_size > 1000
        if one.suffix == ".svg":
            assert one.read_bytes() == other.read_bytes()
