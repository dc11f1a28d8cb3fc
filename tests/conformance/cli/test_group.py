"""The group of commands: bad input is one clear line, help can be read, pipes end quietly."""

from __future__ import annotations

import subprocess
import sys

import pytest

from command_line import run
from helpers import ROOT


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["check", "none.py"], 2, "there is no file none.py"),
        (["check", "nonesuch"], 2, "is not a program on this machine, a .py file or a shipped"),
        (["check", "-t", "adamm"], 2, "no technique 'adamm'; there are: initializers/constant"),
        (["check", "-c", "adam/none"], 2, "no case adam/none"),
        (["check", "-c", "none/none"], 2, "no case none/none"),
        (["check", "-l", "easy"], 2, "'easy' is not one of 'core'"),
        (["check", "-d", "float8"], 2, "'float8' is not one of 'float64'"),
        (["check", "--variant", "adam"], 2, "must be OPERATION=NAME"),
        (
            ["check", "--variant", "adam=none"],
            2,
            "has no variant 'none'; its variants are: eps-hat",
        ),
        (["check", "-t", "adam", "-l", "statistics"], 2, "no case matches these options"),
        (["check", "--timeout", "0"], 2, "0 is not in the range"),
        (["check", "--timeout", "nan"], 2, "nan is not a time"),
        (["check", "-c", "adam/usual-values", "-d", "float16"], 2, "cases serves float16"),
        (["check", "reference", "sgd"], 2, "one implementation at a time"),
        (["check", "--", "/"], 2, "is a folder, not a program"),
        (["list", "--cases", "--variants"], 2, "not both"),
        (["show", "nonesuch"], 2, "no technique 'nonesuch'"),
        (["show", "adam:none"], 2, "has no variant or error named 'none'"),
        (["certify", "nonesuch"], 2, "no technique nonesuch"),
        (["new", "cobol"], 2, "'cobol' is not one of 'python'"),
        (["check", "--", "false"], 3, "the adapter returns no answer: crashed"),
    ],
)
def test_bad_input_is_one_clear_line(arguments, status, message):
    result = run(*arguments)
    assert result.exit_code == status
    assert message in result.output
    assert "Traceback" not in result.output


def test_output_in_a_pipe_is_plain_and_ends_quietly():
    command = f"{sys.executable} -m trainspec.conformance.cli list --cases | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, cwd=ROOT, check=True)
    assert "\x1b" not in done.stdout
    assert "Traceback" not in done.stderr
