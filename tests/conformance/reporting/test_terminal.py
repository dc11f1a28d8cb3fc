"""The report on the terminal: labels that say what they are, clauses without LaTeX, one command."""

from __future__ import annotations

import re

import pytest

from command_line import ADAM, run

LABELS = ("diagnosis", "breaks", "first failure", "why it matters", "spec page", "reproduce with", "also failing")  # fmt: skip


def test_a_failure_is_laid_out_for_reading(module):
    out = run("check", module(ADAM), "-t", "adam", "-d", "float64").output
    for label in LABELS:
        assert re.search(rf"^  {label} ", out, re.MULTILINE), label
    assert "ADAM-1 At step t an implementation MUST set mₜ = β₁ mₜ₋₁ + (1-β₁) gₜ" in out
    assert "$" not in out
    assert "\\beta" not in out


def test_an_adapter_of_one_operation_has_one_line_on_the_rest(module):
    out = run("check", module(ADAM), "-d", "float64").output
    (line,) = [line for line in out.splitlines() if line.startswith("not offered: ")]
    assert "sgd" in line
    assert "optimizers/sgd" not in out


def test_advice_says_what_was_asked_and_what_happened(module):
    text = "def sgd(params, grads, *, learning_rate):\n    out = []\n    for g, r in zip(grads, learning_rate):\n        params = [W - W.dtype.type(r) * d for W, d in zip(params, g)]\n        out.append(params)\n    return out"  # fmt: skip
    path = module(text)
    out = run("check", path).output
    assert "advice sgd: SGD-8 A hyperparameter outside its domain SHOULD be rejected" in out
    assert "accepted an invalid learning_rate; expected an error" in out
    assert "my_adapter conforms:" in out
    strict = run("check", path, "--strict")
    assert strict.exit_code == 1
    assert "my_adapter does not conform (--strict: advice counts)" in strict.output


@pytest.mark.parametrize("option", [[], ["--variant", "adam=eps-hat"]])
def test_the_command_reproduces_the_failure(module, option):
    out = run("check", module(ADAM), "-t", "adam", *option).output
    command = re.search(r"reproduce with +trainspec (.*)", out)[1].split()
    again = run(*command)
    assert again.exit_code == 1
    assert "does not conform: 1 wrong" in again.output


def test_a_form_that_is_checked_against_is_shown(module):
    out = run("check", module(ADAM), "-t", "adam", "--variant", "adam=eps-hat").output
    assert "checked against   eps-hat: step = m_hat /" in out
