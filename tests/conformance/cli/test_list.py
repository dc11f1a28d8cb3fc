"""`trainspec list`: everything is named."""

from __future__ import annotations

from command_line import run
from trainspec.conformance.cases.load import load_cases


def test_list_and_show_name_everything():
    listed = run("list").output
    assert "optimizers/adam" in listed
    assert "tensorflow, tinygrad, torch" in listed
    every = run("list", "--cases").output
    assert all(case.id in every for case in load_cases())
    assert "adam variant eps-hat" in run("list", "--variants", "-t", "adam").output
    assert "W = W - learning_rate * step" in run("show", "adam").output
    assert "epsilon / sqrt(1 - beta2 ** t)" in run("show", "adam:eps-hat").output
    assert "g = g + weight_decay * W" in run("show", "adam:eps-hat+coupled-decay").output
    assert '"shape": [3]' in run("show", "adam/first-step").output
