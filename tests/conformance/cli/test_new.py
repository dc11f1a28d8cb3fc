"""`trainspec new`: adapters to fill in."""

from __future__ import annotations

import pytest

from command_line import run


@pytest.mark.parametrize("language", ["python", "javascript", "cpp", "rust"])
def test_new_prints_an_adapter_to_fill_in(language, module):
    result = run("new", language)
    assert "trainspec check" in result.output
    if language == "python":
        assert run("check", module(result.output)).exit_code == 4


def test_an_unfilled_template_is_told_so(module):
    result = run("check", module(run("new", "python").output))
    assert "every function raises NotImplementedError" in result.output


@pytest.mark.parametrize(
    ("words", "functions"),
    [
        (["dropout"], ["def dropout(x, u, dy, *, ratio):", "u, of the shape of x: numbers drawn"]),
        (["dropout_draw"], ["def dropout_draw(x, dy, *, seed, ratio):", "one after the other"]),
        (["xavier_draw", "adam"], ["def xavier_draw(*, seed, fan_in, fan_out):", "def adam("]),
        (["normal_draw"], ["Return an array of shape (rows, columns)."]),
        (["learning_rate_decay"], ["(steps, *, learning_rate, decay):"]),
        (["losses"], ["def softmax_cross_entropy(logits, targets):"]),
    ],
)
def test_any_operations_can_be_asked_for(words, functions, module):
    result = run("new", "python", *words)
    assert result.exit_code == 0
    assert all(text in result.output for text in functions)
    assert result.output.count("raise NotImplementedError") == len(words)
    assert run("check", module(result.output)).exit_code == 4


def test_a_wrong_operation_and_another_language_are_refused():
    assert "no technique 'adamm'" in run("new", "python", "adamm").output
    assert "for python only" in run("new", "cpp", "adam").output


def test_an_adapter_that_asks_an_object(module, tmp_path, monkeypatch):
    (tmp_path / "mine_to_keep.py").write_text(
        """
import numpy as np

class Rule:
    def __init__(self, rate=0.1, decay=0.5):
        self.rate, self.decay = rate, decay
    def update(self, params, grads):
        for key in params:
            params[key] -= self.rate * (grads[key] + self.decay * params[key])
"""
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    said = ["--as", "sgd", "--map", "learning_rate=rate", "--map", "weight_decay=decay"]
    result = run("new", "--from", "mine_to_keep:Rule", *said)
    assert result.exit_code == 0, result.output
    assert "variants = {'sgd': 'weight-decay'}" in result.output
    assert run("check", module(result.stdout), "-d", "float64").exit_code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--from", "thing"], "must be of the form package.module:Name"),
        (["--as", "adam"], "are for --from"),
        (["rust", "--from", "a:b"], "for one object"),
        (["--from", "no_such_module_at_all:Adam"], "cannot be imported"),
    ],
)
def test_what_cannot_be_written_is_told(words, message):
    result = run("new", *words)
    assert result.exit_code == 2
    assert message in result.output
