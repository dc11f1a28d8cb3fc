"""Known failures: written, read, and stale ones noticed."""

from __future__ import annotations

import json

import pytest

from command_line import run
from helpers import ROOT

HAT = " / np.sqrt(1 - beta2**t)"


def test_known_failures_are_written_read_and_grow_stale(port, tmp_path):
    listed = tmp_path / "known.json"
    wrong, right = port("wrong", hat=HAT), port("right")
    chosen = ["-t", "adam", "-d", "float64"]
    result = run("check", wrong, *chosen, "--write-known", listed, "--reason", "it is Keras'")
    assert result.exit_code == 0
    data = json.loads(listed.read_text())
    assert data["format"] == "trainspec-known-failures"
    assert {entry["reason"] for entry in data["failures"]} == {"it is Keras'"}
    assert len(data["failures"]) > 10
    result = run("check", wrong, *chosen, "--known", listed)
    assert result.exit_code == 0
    assert "it is Keras'" in result.output
    result = run("check", right, *chosen, "--known", listed)
    assert result.exit_code == 1
    assert "take it off the list" in result.output
    data["failures"][0]["reason"] = "mine"
    listed.write_text(json.dumps(data))
    run("check", wrong, *chosen, "--write-known", listed, "--reason", "new")
    reasons = [entry["reason"] for entry in json.loads(listed.read_text())["failures"]]
    assert sorted(set(reasons)) == ["it is Keras'", "mine"]
    run("check", right, *chosen, "--write-known", listed)
    assert json.loads(listed.read_text())["failures"] == []


def test_entries_of_cases_that_were_not_asked_stay(port, tmp_path):
    listed = tmp_path / "known.json"
    wrong = port("wrong", hat=HAT)
    run("check", wrong, "-t", "adam", "-d", "float64", "--write-known", listed)
    before = json.loads(listed.read_text())["failures"]
    run("check", wrong, "-c", "adam/first-step", "-d", "float64", "--write-known", listed)
    assert json.loads(listed.read_text())["failures"] == before


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": "trainspec-known-failures", "failures": [1]}']
)
def test_a_file_of_another_form_is_refused(port, tmp_path, text):
    listed = tmp_path / "known.json"
    listed.write_text(text)
    result = run("check", port(), "-t", "adam", "--known", listed)
    assert result.exit_code == 2
    assert "known failures:" in result.output


def test_the_shipped_lists_name_reasons():
    folder = ROOT / "reference" / "trainspec" / "conformance" / "adapters"
    for path in folder.glob("*.json"):
        failures = json.loads(path.read_text("utf-8"))["failures"]
        assert failures, path
        assert all(entry["reason"] for entry in failures), path
