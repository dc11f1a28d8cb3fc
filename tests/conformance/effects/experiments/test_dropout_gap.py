"""Dropout: masks differ, and one that never drops has no ensemble."""

from __future__ import annotations

import pytest

from effects_data import make_images
from trainspec.conformance.effects.experiments import dropout_gap as experiment
from trainspec.conformance.effects.parts import Parts

pytestmark = pytest.mark.slow

DATA = make_images()


def run(monkeypatch, parts):
    monkeypatch.setattr(experiment, "EPOCHS", 5)
    monkeypatch.setattr(experiment, "MASKS", 5)
    return experiment.run("dropout", 0, parts, DATA)


def test_masks_are_an_ensemble(monkeypatch):
    trial = run(monkeypatch, Parts())
    assert len(trial["masked"]) == 5
    assert 0 < trial["differ"] < 1
    assert 0 <= trial["agree"] <= 1


def test_inverted_dropout_is_not_held_to_the_book_s_accuracies(monkeypatch):
    trial = run(monkeypatch, Parts(None, {"dropout": "inverted"}))
    figures = experiment.measure({"none": {"train": [1.0], "test": [0.8]}, "dropout": trial})
    assert {"inverted: train", "none: train"} <= figures.keys()
    assert not {"dropout: train", "narrowing of the gap"} & figures.keys()
    assert figures["predictions that two masks give differently"] > 0


def test_without_dropping_all_networks_are_one(monkeypatch):
    trial = run(monkeypatch, Parts(None, {"dropout": "never-dropped"}))
    assert trial["differ"] == 0
    figures = experiment.measure({"dropout": trial})
    assert figures["predictions that two masks give differently"] == 0
    assert figures["lead of the ensemble over one mask"] == 0
