"""`trainspec serve`: a Python adapter as a program."""

from __future__ import annotations

import sys

from command_line import ADAM, run


def test_a_python_adapter_can_be_served_as_a_program(module):
    path = module(ADAM)
    command = [sys.executable, "-m", "trainspec.conformance.cli", "serve", path]
    result = run("check", "-t", "adam", "-c", "adam/few-digits", "-d", "float32", "--", *command)
    assert result.exit_code == 1
    assert "betas-swapped" in result.output
