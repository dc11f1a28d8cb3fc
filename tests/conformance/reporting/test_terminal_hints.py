"""Hints for learners: where to look, never the answer."""

from __future__ import annotations

from command_line import ADAM
from command_line import run as call


def test_a_hint_names_a_clause_and_a_case_and_gives_nothing_away(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(ADAM)
    result = call("check", str(path), "--hints")
    assert result.exit_code == 1
    assert "✗ adam: " in result.output
    assert "ADAM-" in result.output
    assert "adam.md" in result.output
    assert "0 of 1 functions are right" in result.output
    for word in ("beta1", "expected", "diagnosis", "swapped", "0x"):
        assert word not in result.output


def test_what_is_right_is_counted_and_what_is_not_written_is_not(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        "import numpy as np\n"
        "def relu(x, dy):\n    return {'y': np.maximum(x, 0), 'dx': np.where(x > 0, dy, 0)}\n"
        "def tanh(x, dy):\n    raise NotImplementedError\n"
    )
    result = call("check", str(path), "--hints")
    assert "relu: " in result.output
    assert "tanh" not in result.output
    assert "of 1 functions are right" in result.output


def test_a_function_that_crashes_is_told_how(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("def relu(x, dy):\n    return 5\n")
    result = call("check", str(path), "--hints")
    assert "malformed" in result.output
    assert result.exit_code == 3
