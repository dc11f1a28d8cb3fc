"""The group of commands: bad input is one clear line, help can be read, pipes end quietly."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from command_line import run
from helpers import ROOT
from trainspec.conformance.cli.group import COMMANDS, main


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
        (["check", "--timeout", "nan"], 2, "nan is not a number"),
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


@pytest.mark.parametrize("name", COMMANDS)
def test_every_help_page_can_be_read(name):
    """Examples stand line by line, nothing of the source's marks is left, and it is short."""
    result = run(name, "--help")
    assert result.exit_code == 0
    assert "\\b" not in result.output
    assert "\b" not in result.output
    examples = [line for line in result.output.splitlines() if line.startswith("  trainspec ")]
    assert examples or name in ("certify", "list")
    assert not [line for line in examples if line.count("trainspec ") > 2]
    command = main.get_command(click.Context(main), name)
    assert command.name == name
    summary = command.help.split("\n\n")[0].replace("\n", " ")
    assert COMMANDS[name].split(",")[0].split(" for ")[0].rstrip(".").split(" against")[0].split()[0] in summary  # fmt: skip


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom click.testing import CliRunner\n"
        "from trainspec.conformance.cli.group import main\n"
        "assert CliRunner().invoke(main, ['--help']).exit_code == 0\n"
        "print({'numpy', 'rich', 'markdown_it', 'psutil'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_two_dashes_with_nothing_behind_are_refused():
    """An unset variable, as in `trainspec check -- $PROGRAM`, must not check the reference."""
    result = run("check", "--")
    assert result.exit_code == 2
    assert "-- must be followed by a program" in result.output


def test_ctrl_c_has_a_status_of_its_own(monkeypatch):
    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("trainspec.conformance.cli.list.find_techniques", interrupt)
    result = run("list")
    assert result.exit_code == 130
    assert "interrupted" in result.output
