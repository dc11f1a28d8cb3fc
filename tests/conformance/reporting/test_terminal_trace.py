"""What a trace was found to be, as people and programs read it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from command_line import run
from trainspec.trace import Recorder


@pytest.fixture
def path(tmp_path):
    def write(rates=(0.01,) * 4):
        w, v = np.array([0.5, -1.0, 2.0]), np.zeros(3)
        recorder = Recorder({"w": w})
        for t in range(4):
            g = w - np.array([1.0, 0.5, 0.25]) * (t + 1)
            v = 0.9 * v + g
            w = w - rates[t] * v
            recorder.step({"w": g}, {"w": w})
        recorder.save(tmp_path / "run.npz")
        return str(tmp_path / "run.npz")

    return write


def test_every_form_that_explains_it_is_told_with_what_tells_them_apart(path):
    result = run("identify", "--trace", path(), "momentum")
    assert result.exit_code == 0
    assert "run.npz: 4 steps of 3 numbers in float64" in result.output
    assert "momentum:rate-outside-velocity" in result.output
    assert "momentum = 0.9" in result.output
    assert "forms explain all of it" in result.output
    assert "differ in momentum/" in result.output


def test_a_schedule_that_tells_them_apart(path):
    result = run("identify", "--trace", path((0.01, 0.02, 0.005, 0.03)), "momentum", "--json")
    data = json.loads(result.output)
    assert data["known"]
    forms = [e["form"] for e in data["explanations"]]
    assert "momentum:rate-outside-velocity" in forms
    assert "momentum" not in forms


def test_what_is_no_trace_of_an_update_rule(path, tmp_path):
    assert "a trace is of an update rule" in run("identify", "--trace", path(), "relu").output
    missing = run("identify", "--trace", str(tmp_path / "no.npz"))
    assert missing.exit_code == 2
    assert "there is no file" in missing.output
