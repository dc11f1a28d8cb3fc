"""First weights: equal ones stay equal, zeros stay zero, small ones learn nothing."""

from __future__ import annotations

import pytest

from effects_data import make_images
from trainspec.conformance.effects.experiments import initialization as experiment
from trainspec.conformance.effects.parts import Parts

pytestmark = pytest.mark.slow

DATA = make_images()


def test_scales_and_equal_weights(monkeypatch):
    monkeypatch.setattr(experiment, "ITERATIONS", 150)
    trials = {name: experiment.run(name, 0, Parts(), DATA) for name in experiment.SETTINGS}
    figures = experiment.measure(trials)
    assert figures["equal weights: spread"] < 1e-9
    assert figures["zero weights: largest hidden weight"] == 0
    assert abs(figures["std 0.01: last loss"] - 2.3026) < 0.01
    assert figures["he: last loss"] < figures["xavier: last loss"] < 2.3
    assert len(trials["he"]["loss"]) == 150
    assert len(trials["zero weights"]["loss"]) == experiment.EQUAL_ITERATIONS
