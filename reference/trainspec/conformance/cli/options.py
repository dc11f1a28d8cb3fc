"""Options and output that several commands share."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import click
from rich.console import Console
from rich.markup import escape

from trainspec.conformance.basics.names import TYPE_NAMES


def _reject_nan(
    ctx: click.Context, parameter: click.Parameter, value: float | None
) -> float | None:
    if value is not None and math.isnan(value):
        raise click.BadParameter("nan is not a time", ctx, parameter)
    return value


timeout_option = click.option(
    "--timeout",
    default=10.0,
    show_default=True,
    type=click.FloatRange(0.01, 86400),
    callback=_reject_nan,
    help="Seconds allowed for one answer.",
)
start_timeout_option = click.option(
    "--start-timeout",
    type=click.FloatRange(0.01, 86400),
    callback=_reject_nan,
    help="Seconds allowed for a program's first answer, while it starts; as --timeout by default.",
)
technique_option = click.option(
    "--technique", "-t", multiple=True, help="Only this technique or folder."
)
widest_option = click.option(
    "--dtype", "-d", type=click.Choice(TYPE_NAMES), help="In this type; the widest by default."
)
types_option = click.option(
    "--dtype", "-d", multiple=True, type=click.Choice(TYPE_NAMES), help="Only this type."
)
in_process_option = click.option(
    "--in-process", is_flag=True, help="Run a Python adapter in this process, for a debugger."
)


def make_console() -> Console:
    """A console for standard output: as wide as the terminal, or unwrapped in a pipe."""
    width = None if sys.stdout.isatty() else 160
    return Console(width=width, highlight=False)


class Tick(Protocol):
    """Called when one more piece of the work is done."""

    def __call__(self) -> None:
        """Move the bar on by one."""


@contextmanager
def show_progress(total: int, text: str) -> Iterator[Tick]:
    """A progress bar on the terminal's standard error, and nothing in a pipe."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.progress import Progress  # takes time, and is for terminals only

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(escape(text), total=total)
        yield lambda: progress.advance(task)
