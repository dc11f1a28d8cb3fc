"""`trainspec identify`: what it prints, and wrong usage."""

from __future__ import annotations

import json
import sys

import pytest
from click.testing import CliRunner

from command_line import ADAMW
from trainspec.conformance.cli.group import main


def test_the_command_names_the_form_the_evidence_and_the_runner_up(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(ADAMW)
    result = CliRunner().invoke(main, ["identify", str(path), "adam"])
    assert result.exit_code == 0
    assert "adam in float64: decoupled-decay, weight_decay=0.01" in result.output
    assert "with weight_decay = 0.125: decoupled-decay" in result.output
    assert "closest alternative" in result.output
    assert "explains all" in result.output
    assert "of 26 cases pass" in result.output
    data = json.loads(CliRunner().invoke(main, ["identify", str(path), "adam", "--json"]).output)
    assert [entry["edits"] for entry in data] == [["decoupled-decay"]] * 2
    assert data[0]["constants"] == {"weight_decay": 0.01}
    assert data[1]["conforms"]["passed"] == data[1]["conforms"]["asked"]


def test_a_program_is_identified_too(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(ADAMW)
    command = [sys.executable, "-m", "trainspec.conformance.cli", "serve", str(path)]
    words = ["identify", "adam", "--json", "--", *command]
    data = json.loads(CliRunner().invoke(main, words).output)
    assert data[0]["form"] == "decoupled-decay, weight_decay=0.01"


@pytest.mark.parametrize("words", [[], ["adam"], ["nosuch.py", "adam"], ["reference", "adamm"]])
def test_wrong_usage_is_one_line(words):
    result = CliRunner().invoke(main, ["identify", *words])
    assert result.exit_code == 2
    assert "Error:" in result.output
