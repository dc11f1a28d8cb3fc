"""The search: four strategies at equal cost, and ranges that are those of the page."""

from __future__ import annotations

import numpy as np
import pytest

from effects_data import make_images
from trainspec.conformance.effects.experiments import hyperparameter_search as experiment
from trainspec.conformance.effects.parts import Parts

pytestmark = pytest.mark.slow

DATA = make_images()


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(experiment, "EPOCHS", 1)
    monkeypatch.setattr(experiment, "FEW", 1)


@pytest.mark.parametrize("strategy", experiment.SETTINGS)
def test_every_strategy_trains_as_many_networks(short, strategy):
    log = experiment.run(strategy, 0, Parts(), DATA)
    assert {len(values) for values in log.values()} == {experiment.TRIALS}
    low, high = experiment.RATES
    assert low * 0.999 <= min(log["learning_rate"]) <= max(log["learning_rate"]) <= high * 1.001
    distinct = len({f"{rate:.6g}" for rate in log["learning_rate"]})
    assert distinct == (experiment.POINTS if strategy == "grid" else experiment.TRIALS)


def test_a_linear_scale_hardly_tries_small_rates(short):
    share = {}
    for name, parts in (("log", Parts()), ("linear", Parts(None, {"log_uniform": "linear"}))):
        log = experiment.run("random", 0, parts, DATA)
        share[name] = experiment.measure({"random": log})["share of rates under 1e-4"]
    assert share["linear"] <= 0.08 < share["log"]


def test_the_second_round_stays_within_the_survivors_range(short):
    log = experiment.run("narrowed", 0, Parts(), DATA)
    first, second = np.split(np.array(log["learning_rate"]), [experiment.ROUND])
    best = np.argsort(-np.array(log["validation"][: experiment.ROUND]), kind="stable")
    kept = first[best[: experiment.SURVIVORS]]
    assert kept.min() * 0.999 <= second.min() <= second.max() <= kept.max() * 1.001


def test_figures_of_the_random_trials():
    trial = {
        "learning_rate": [1e-6, 1e-5, 1e-4, 1e-3, 1e-2],
        "weight_decay": [1e-6] * 5,
        "validation": [0.1, 0.1, 0.1, 0.3, 0.8],
        "after few": [0.1, 0.1, 0.1, 0.2, 0.5],
        "test": [0.1, 0.1, 0.1, 0.3, 0.75],
    }
    figures = experiment.measure({"random": trial})
    assert figures["random: best validation"] == 0.8
    assert figures["share of rates under 1e-4"] == pytest.approx(0.4)
    assert figures["best with a rate under 1e-3"] == pytest.approx(0.1)
    assert figures["validation over test, best"] == pytest.approx(0.05)
    assert figures["correlation with log rate"] > 0.7
