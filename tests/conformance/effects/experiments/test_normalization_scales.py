"""Batch normalisation over scales: what is trained, and what is made of it."""

from __future__ import annotations

import pytest

from effects_data import make_images
from trainspec.conformance.effects.experiments import normalization_scales as experiment
from trainspec.conformance.effects.parts import Parts

pytestmark = pytest.mark.slow


def test_small_weights_learn_only_with_batch_normalisation(monkeypatch):
    monkeypatch.setattr(experiment, "EPOCHS", 6)
    found = {
        how: experiment.run(f"0.0136, {how}", 0, Parts(), make_images())["accuracy"]
        for how in ("with", "without")
    }
    assert len(found["with"]) == 6
    assert found["with"][-1] > 0.5
    assert found["without"][-1] < 0.2


def test_figures_count_scales():
    trials = {setting: {"accuracy": [0.1]} for setting in experiment.SETTINGS}
    for scale in experiment.SCALES[6:12]:
        trials[f"{scale:.3g}, with"] = {"accuracy": [0.95]}
    trials["0.293, without"] = {"accuracy": [0.97]}
    figures = experiment.measure(trials)
    assert figures["scales learned with"] == 6
    assert figures["scales learned without"] == 1
    assert figures["scales ahead"] == 6
    assert figures["lead without at 0.293 and 0.158"] == (0.87 + 0.0) / 2
    assert figures["spread from 0.0251 to 0.00215"] == 0
