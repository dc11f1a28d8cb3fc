"""Default hyperparameters: measured by omitting them."""

from __future__ import annotations

from pathlib import Path

import pytest

from command_line import run

HAT = " / np.sqrt(1 - beta2**t)"


def test_a_right_port_passes_with_its_defaults(port):
    result = run("check", port(), "--profile", "torch", "-t", "adam")
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"epsilon": 1e-7}, "when epsilon is omitted, 1e-07 is used; PyTorch's default is 1e-08"),
        ({"beta1": 0.95}, "when beta1 is omitted, 0.95 is used; PyTorch's default is 0.9"),
        ({"rate": 0.01}, "when learning_rate is omitted, 0.01 is used"),
        ({"rate": 0.0123}, "when learning_rate is omitted, 0.0123 is used"),
    ],
)
def test_a_wrong_default_is_named(port, wrong, said):
    result = run("check", port(**wrong), "--profile", "torch", "-t", "adam")
    assert result.exit_code == 1
    assert said in result.output
    assert "--profile torch" in result.output


def test_several_wrong_defaults_are_all_named(port):
    path = port(epsilon=1e-7, beta1=0.95, hat=HAT)
    result = run("check", path, "--profile", "keras", "-t", "adam")
    assert "when beta1 is omitted, 0.95" in result.output
    assert "when epsilon is omitted" not in result.output
    result = run("check", path, "--profile", "torch", "-t", "adam")
    assert "eps-hat" in result.output
    assert "when epsilon is omitted, 1e-07" in result.output


def test_a_port_without_a_default_is_not_judged_for_it(port):
    path = port()
    text = Path(path).read_text("utf-8").replace("epsilon=1e-08", "epsilon")
    Path(path).write_text(text, "utf-8")
    result = run("check", path, "--profile", "torch", "-t", "adam")
    assert result.exit_code == 0
    assert "1 unsupported" in result.output
