"""The comparison of update rules, on made-up images and for fewer iterations."""

from __future__ import annotations

import pytest

from effects_data import make_images
from trainspec.conformance.effects.experiments import optimizer_comparison as experiment
from trainspec.conformance.effects.parts import Parts

pytestmark = pytest.mark.slow


def test_each_rule_trains_the_same_network(monkeypatch):
    monkeypatch.setattr(experiment, "ITERATIONS", 120)
    trials = {rule: experiment.run(rule, 0, Parts(), make_images()) for rule in experiment.SETTINGS}
    assert len({trial["loss"][0] for trial in trials.values()}) == 1
    figures = experiment.measure(trials)
    assert figures["adam last loss"] < figures["sgd last loss"]
    ratio = figures["sgd last loss"] / figures["momentum last loss"]
    assert figures["sgd last loss over momentum"] == pytest.approx(ratio)


def test_iterations_are_counted_until_the_smoothed_loss_is_small():
    losses = [1.0] * 200 + [0.0] * 300
    figures = experiment.measure({"sgd": {"loss": losses}})
    assert figures["sgd iterations to 0.1"] == 191
    never = experiment.measure({"sgd": {"loss": [1.0] * 200}})
    assert never["sgd iterations to 0.1"] == experiment.ITERATIONS
