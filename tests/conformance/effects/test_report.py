"""What is printed, and the same as JSON."""

from __future__ import annotations

import io
import json

from rich.console import Console

from trainspec.conformance.effects.judge import judge_effect
from trainspec.conformance.effects.page import load_effect
from trainspec.conformance.effects.report import print_effects, report_effects
from trainspec.conformance.effects.trials import Record, Trial

EFFECT = load_effect("weight_decay")


def trials(train=0.89, test=0.74, used=("relu",)):
    none = Record({"train": [1.0], "test": [0.8]}, list(used), ["sgd"])
    decay = Record({"train": [train], "test": [test]}, list(used), ["sgd"])
    return {
        Trial("weight_decay", "none", 0): none,
        Trial("weight_decay", "decay", 0): decay,
    }


def printed(records, name="mine"):
    out = io.StringIO()
    found = [judge_effect(EFFECT, records)]
    print_effects(Console(file=out, width=200), name, found if records else [])
    return out.getvalue()


def test_every_claim_is_a_row_with_the_book_s_figure():
    text = printed(trials())
    assert "6. Weight decay (1 seed)" in text
    assert text.count("✓") == len(EFFECT.claims)
    assert ".863-.913" in text
    assert "the reference's own: sgd" in text
    assert "mine: the effect holds, 5 claims" in text


def test_what_fails_is_named():
    text = printed(trials(test=0.1))
    assert "✗" in text
    assert "mine: 1 of 1 effects fail: weight_decay" in text


def test_it_is_told_where_nothing_is_offered():
    assert "every part is the reference's" in printed(trials(used=()))
    assert "says nothing of it" in printed(trials(used=()))
    assert "every part" not in printed(trials(used=()), "trainspec reference")


def test_effects_that_the_implementation_had_no_share_in_are_counted():
    out = io.StringIO()
    found = [judge_effect(EFFECT, trials()), judge_effect(EFFECT, trials(used=()))]
    print_effects(Console(file=out, width=200), "mine", found)
    assert (
        "all 2 effects hold, 10 claims; 1 of them with the reference's parts alone"
        in out.getvalue()
    )


def test_nothing_complete_is_told():
    assert "no effect is complete" in printed({})


def test_the_report_is_json_with_every_trial():
    records = trials(train=float("nan"))
    found = judge_effect(EFFECT, records)
    report = json.loads(json.dumps(report_effects("mine", [found], records), allow_nan=False))
    effect = report["effects"]["weight_decay"]
    assert report["holds"] is False
    assert effect["figures"]["decay: train"] == ["NaN"]
    assert effect["claims"][0]["holds"] is True
    assert [trial["setting"] for trial in report["trials"]] == ["none", "decay"]


def test_what_is_not_judged_is_told():
    out = io.StringIO()
    other = judge_effect(EFFECT, trials(test=0.1), "digits")
    print_effects(Console(file=out, width=200), "mine", [other])
    assert "mine: nothing is judged: the claims are about MNIST" in out.getvalue()
    print_effects(Console(file=out, width=200), "mine", [judge_effect(EFFECT, trials()), other])
    assert "not judged, 1: the claims are about MNIST" in out.getvalue()
