"""Options and output that commands share."""

from __future__ import annotations

import click
from click.testing import CliRunner

from trainspec.conformance.cli.options import (
    make_console,
    show_progress,
    timeout_option,
    types_option,
)


@click.command()
@timeout_option
@types_option
def command(timeout, dtype):
    click.echo(f"{timeout} {','.join(dtype)}")


def run(*words):
    return CliRunner().invoke(command, list(words))


def test_a_time_is_a_positive_number():
    assert run("--timeout", "2.5").output == "2.5 \n"
    for bad in ("0", "-1", "nan", "x"):
        assert run("--timeout", bad).exit_code == 2


def test_types_may_be_several():
    assert run("-d", "float32", "-d", "bfloat16").output == "10.0 float32,bfloat16\n"
    assert "'float8' is not one of 'float64'" in run("-d", "float8").output


def test_in_a_pipe_nothing_is_wrapped_and_there_is_no_bar(capsys):
    assert make_console().width == 160
    with show_progress(3, "working") as tick:
        tick()
    assert capsys.readouterr() == ("", "")
