"""Options and output that several commands share."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import click
from rich.console import Console
from rich.markup import escape

from trainspec.conformance.basics.names import TYPE_NAMES, Offering, operation_of, split_form
from trainspec.conformance.basics.paths import list_techniques


def _reject_nan(
    ctx: click.Context, parameter: click.Parameter, value: float | None
) -> float | None:
    if value is not None and math.isnan(value):
        raise click.BadParameter("nan is not a number", ctx, parameter)
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
memory_option = click.option(
    "--memory",
    metavar="MB",
    type=click.FloatRange(1),
    callback=_reject_nan,
    help="End an implementation that holds more than this many MB, with its children.",
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
variant_option = click.option(
    "--variant",
    multiple=True,
    metavar="OPERATION=NAME",
    help="Check an operation against this variant instead of the declared one; "
    "OPERATION= for the canonical form.",
)
strict_option = click.option(
    "--strict", is_flag=True, help="Count advice (an unmet SHOULD) as failure."
)
known_option = click.option(
    "--known",
    type=click.Path(path_type=Path),
    help="A file of known failures, with reasons; these do not fail the check.",
)
as_option = click.option(
    "--as", "operation", metavar="OPERATION", default="", help="Which operation an object is."
)
set_option = click.option(
    "--set", "fixed", multiple=True, metavar="NAME=VALUE", help="Always pass this to an object."
)
map_option = click.option(
    "--map",
    "names",
    multiple=True,
    metavar="HYPERPARAMETER=NAME",
    help="What an object calls a hyperparameter, such as learning_rate=lr.",
)
in_process_option = click.option(
    "--in-process", is_flag=True, help="Run a Python adapter in this process, for a debugger."
)


def parse_variants(given: Sequence[str]) -> dict[str, str]:
    """Operation -> form, from words such as ``adam=eps-hat``."""
    operations = [operation_of(technique) for technique in list_techniques()]
    forms = {}
    for text in given:
        operation, equals, name = text.partition("=")
        if not equals or operation not in operations:
            raise click.UsageError(
                f"--variant {text!r} must be OPERATION=NAME; operations: {', '.join(operations)}"
            )
        forms[Offering.parse(operation).operation] = name if split_form(name) else ""
    return forms


def make_console() -> Console:
    """A console for standard output: as wide as the terminal, or unwrapped in a pipe."""
    width = None if sys.stdout.isatty() else 160
    return _Console(width=width, highlight=False)


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to the group of commands: Rich would exit with 1, a verdict."""
        raise BrokenPipeError


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
