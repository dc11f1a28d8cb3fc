"""Figures against claims: means over complete seeds, and whose parts they are."""

from __future__ import annotations

import pytest

from trainspec.conformance.effects.experiments import weight_decay
from trainspec.conformance.effects.judge import judge_effect
from trainspec.conformance.effects.page import load_effect
from trainspec.conformance.effects.trials import Record, Trial

EFFECT = load_effect("weight_decay")


def record(train, test, used=("sgd",), lacking=("relu",)):
    return Record({"train": [train], "test": [test]}, list(used), list(lacking))


def records(**gaps):
    found = {}
    for seed, gap in enumerate(gaps.values()):
        found[Trial("weight_decay", "none", seed)] = record(1.0, 0.8)
        found[Trial("weight_decay", "decay", seed)] = record(0.89, 0.89 - gap)
    return found


def test_the_mean_over_seeds_is_judged():
    found = judge_effect(EFFECT, records(one=0.15, two=0.17))
    narrowing = found.figures["narrowing of the gap"]
    assert narrowing.mean == pytest.approx(0.04)
    assert (narrowing.least, narrowing.most) == (pytest.approx(0.03), pytest.approx(0.05))
    assert found.seeds == 2
    assert found.holds


def test_one_claim_that_fails_lets_the_effect_fail():
    found = judge_effect(EFFECT, records(one=0.25))
    verdicts = {f.claim.figure: f.holds for f in found.findings}
    assert verdicts["narrowing of the gap"] is False
    assert not found.holds


def test_a_seed_that_is_not_complete_is_left_out():
    some = records(one=0.15)
    some[Trial("weight_decay", "none", 1)] = record(0.1, 0.1)
    found = judge_effect(EFFECT, some)
    assert found.seeds == 1
    assert found.figures["none: train"].values == (1.0,)


def test_nothing_measured_does_not_hold():
    found = judge_effect(EFFECT, {})
    assert not found.holds
    assert {f.holds for f in found.findings} == {None}


def test_parts_are_the_implementation_s_if_any_trial_used_them():
    some = records(one=0.15)
    some[Trial("weight_decay", "decay", 0)] = record(
        0.89, 0.74, used=["l2_penalty"], lacking=["sgd"]
    )
    found = judge_effect(EFFECT, some)
    assert found.used == ("l2_penalty", "sgd")
    assert found.lacking == ("relu",)
    assert weight_decay.SETTINGS == ("none", "decay")


def test_with_other_images_nothing_is_judged():
    found = judge_effect(EFFECT, records(one=0.25), "digits")
    assert not found.judged
    assert {finding.holds for finding in found.findings} == {None}
    assert found.figures["none: train"].values == (1.0,)
    assert found.holds  # nothing fails
    assert judge_effect(load_effect("update_paths"), {}, "digits").judged  # it needs no images
