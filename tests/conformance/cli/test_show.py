"""`trainspec show`: a page, a case, a form."""

from __future__ import annotations

import pytest

from command_line import run


@pytest.mark.parametrize(
    ("what", "shown"),
    [
        ("adam", "mₜ = β₁ mₜ₋₁ + (1 - β₁) gₜ"),
        ("optimizers/adam", "W = W - learning_rate * step"),
        ("adam/first-step", '"shape": [3]'),
        ("adam:eps-hat", "epsilon / sqrt(1 - beta2 ** t)"),
        ("adam:eps-hat+coupled-decay", "g = g + weight_decay * W"),
        ("adam:betas-swapped", "m = beta2 * m"),
    ],
)
def test_everything_can_be_shown(what, shown):
    result = run("show", what)
    assert result.exit_code == 0
    assert shown in result.output
    assert "$" not in result.output


@pytest.mark.parametrize("what", ["adamm", "adam/none", "adam:none", "adamm:eps-hat"])
def test_what_is_not_there_is_one_line(what):
    result = run("show", what)
    assert result.exit_code == 2
    assert "Traceback" not in result.output
