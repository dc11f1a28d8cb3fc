"""The spread of activations: the claims hold for the reference, and fail without He's 2."""

from __future__ import annotations

from trainspec.conformance.effects.experiments.activation_spread import SETTINGS, measure, run
from trainspec.conformance.effects.page import load_effect
from trainspec.conformance.effects.parts import Parts

CLAIMS = load_effect("activation_spread").claims


def failing(parts):
    figures = measure({setting: run(setting, 0, parts, None) for setting in SETTINGS})
    return {claim.figure for claim in CLAIMS if not claim.holds(figures[claim.figure])}


def test_the_reference_keeps_the_claims():
    assert failing(Parts()) == set()


def test_he_without_its_two_fails():
    assert "relu, he: std of layer 5" in failing(Parts(None, {"he": "gain-one"}))


def test_a_histogram_counts_every_number_in_its_limits():
    trial = run("tanh, xavier", 0, Parts(), None)
    assert [sum(counts) for counts in trial["histogram"]] == [100_000] * 5
    assert trial["limits"] == [-1.0, 1.0]
