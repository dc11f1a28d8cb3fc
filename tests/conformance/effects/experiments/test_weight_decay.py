"""Weight decay: the penalty is used, and a penalty that is left out shows."""

from __future__ import annotations

import pytest

from effects_data import make_images
from trainspec.conformance.effects.experiments import weight_decay as experiment
from trainspec.conformance.effects.parts import Parts

pytestmark = pytest.mark.slow

DATA = make_images()


def test_accuracies_are_noted_every_ten_epochs_and_at_the_end(monkeypatch):
    monkeypatch.setattr(experiment, "EPOCHS", 21)
    trial = experiment.run("none", 0, Parts(), DATA)
    assert len(trial["train"]) == len(trial["test"]) == 3


def test_a_decay_that_is_left_out_changes_nothing(monkeypatch):
    monkeypatch.setattr(experiment, "EPOCHS", 4)
    left_out = Parts(None, {"l2_penalty": "gradient-left-out"})
    plain, decayed, broken = (
        experiment.overfit(experiment.Design(experiment.SIZES, weight_decay=d), 0, p, DATA, 4)[1]
        for d, p in ((0.0, Parts()), (0.1, Parts()), (0.1, left_out))
    )
    assert all((a == b).all() for a, b in zip(plain.params, broken.params))
    assert abs(decayed.params[0]).sum() < abs(plain.params[0]).sum()


def test_the_gap_is_training_minus_testing():
    trials = {
        "none": {"train": [0.5, 1.0], "test": [0.5, 0.75]},
        "decay": {"train": [0.5, 0.875], "test": [0.5, 0.75]},
    }
    figures = experiment.measure(trials)
    assert (figures["none: gap"], figures["decay: gap"]) == (0.25, 0.125)
    assert figures["narrowing of the gap"] == pytest.approx(0.125)
