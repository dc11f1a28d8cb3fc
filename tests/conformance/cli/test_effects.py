"""`trainspec effects`: one command for the experiments, all of its ways to end."""

from __future__ import annotations

import json

import jsonschema
import pytest

from command_line import run
from helpers import ROOT
from trainspec.conformance.effects import trials as trials_module


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_the_paths_hold_for_the_reference():
    done = run("effects", "update_paths", "-j", "1")
    assert done.exit_code == 0, done.output
    assert "1. Paths of the update rules (1 seed)" in done.output
    assert "trainspec reference: the effect holds, 8 claims" in done.output


def test_a_mistake_makes_an_effect_fail():
    done = run("effects", "activation_spread", "-s", "2", "-j", "1", "--mistake", "he:gain-one")
    assert done.exit_code == 1
    assert "1 of 1 effects fail: activation_spread" in done.output
    assert "✗" in done.output


def test_an_adapter_s_parts_are_used(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        """
name = "mine"
def sgd_start(params):
    held = list(params)
    def step(grads, learning_rate):
        held[:] = [w - learning_rate * g for w, g in zip(held, grads)]
        return list(held)
    return step
"""
    )
    done = run("effects", "update_paths", "-i", str(path), "-j", "1")
    assert done.exit_code == 0, done.output
    assert "the reference's own: adagrad, adam, momentum, rmsprop" in done.output
    assert "mine: the effect holds" in done.output


def test_json_is_what_the_schema_says():
    done = run("effects", "update_paths", "activation_spread", "-s", "1", "-j", "1", "--json")
    report = json.loads(done.output)
    jsonschema.validate(report, json.loads((ROOT / "spec/schemas/effects.json").read_text()))
    assert report["holds"] is (done.exit_code == 0)
    assert len(report["effects"]["update_paths"]["claims"]) == 8
    assert len(report["trials"]) == 5 + 12


def test_a_rerun_takes_what_is_kept(tmp_path, monkeypatch):
    first = run("effects", "update_paths", "-j", "1", "--json")
    (folder,) = (tmp_path / ".trainspec-effects").iterdir()
    assert len(list(folder.glob("*.json"))) == 5
    monkeypatch.setattr("trainspec.conformance.effects.trials.run_trial", None)
    assert run("effects", "update_paths", "-j", "1", "--json").output == first.output
    with pytest.raises(TypeError):  # it is run again
        run("effects", "update_paths", "-j", "1", "--json", "--fresh")


def test_an_interrupt_reports_what_is_done(monkeypatch):
    def interrupted(source, trials, executor, keeper):
        yield from list(real(source, trials[:5], executor, keeper))
        raise KeyboardInterrupt

    real = trials_module.run_trials
    monkeypatch.setattr(trials_module, "run_trials", interrupted)
    done = run("effects", "update_paths", "activation_spread", "-s", "1", "-j", "1")
    assert done.exit_code == 130
    assert "1. Paths of the update rules" in done.output
    assert "3. What the scale" not in done.output
    assert "a rerun goes on from there" in done.output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nothing"], "no effect 'nothing'; there are update_paths, optimizer_comparison"),
        (["--mistake", "he"], "--mistake 'he' must be OPERATION:NAME"),
        (["--mistake", "he:nothing"], "no variant or error named 'nothing'"),
        (["-i", "nothing"], "nothing"),
        (["--seeds", "0"], "--seeds"),
        (["--plots", "/dev/null/x"], "--plots /dev/null/x: Not a directory"),
    ],
)
def test_wrong_usage_is_told_in_a_line(words, message):
    done = run("effects", *words)
    assert done.exit_code == 2
    assert message in done.output
    assert "Traceback" not in done.output


@pytest.mark.slow
def test_pictures_are_drawn_where_they_are_asked_for(tmp_path):
    pytest.importorskip("matplotlib")
    done = run("effects", "update_paths", "-j", "1", "--plots", "pictures")
    assert done.exit_code == 0, done.output
    assert len(list((tmp_path / "pictures").iterdir())) == 4


def test_a_part_that_ends_the_process_is_an_error(tmp_path):
    path = tmp_path / "ends.py"
    path.write_text("import sys\ndef sgd_start(params):\n    sys.exit(0)\n")
    done = run("effects", "update_paths", "-i", str(path), "-j", "1")
    assert done.exit_code == 3
    assert "a part crashed: update_paths, sgd, seed 0: SystemExit: 0" in done.output


def test_a_mistake_that_nothing_asks_for_is_told():
    done = run("effects", "update_paths", "update_paths", "-j", "1", "--mistake", "he:gain-one")
    assert "he:gain-one was not used" in done.output
    assert "the effect holds, 8 claims" in done.output
