"""The group of commands, and what they share: errors in one line, a console, progress."""

from __future__ import annotations

import io
import math
import os
import signal
import sys
from contextlib import contextmanager, suppress
from typing import Any

import click
from rich.console import Console
from rich.markup import escape

from trainspec import __version__
from trainspec.conformance.cases import CaseError
from trainspec.conformance.outcome import AdapterError, CallError
from trainspec.conformance.page import PageError
from trainspec.conformance.rule import RuleError
from trainspec.conformance.types import TYPES

USAGE = 2
BROKEN = 3


class _Commands(click.Group):
    """Turns every error that a user can cause into one line."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (CaseError, AdapterError, PageError, RuleError) as error:
            raise click.UsageError(str(error), click.get_current_context(silent=True)) from None
        except BrokenPipeError:  # the reader of the pipe has seen enough
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115
            ctx.exit(141)
        except CallError as error:
            click.echo(f"the adapter gives no answer: {error.outcome.value}: {error}", err=True)
            ctx.exit(BROKEN)
        except ModuleNotFoundError as error:
            package = {"yaml": "pyyaml", "flint": "python-flint"}.get(str(error.name), error.name)
            extra = "certification" if package != error.name else "report"
            raise click.UsageError(
                f"this needs the package {package!r}: pip install 'trainspec[{extra}]'", ctx
            ) from None


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="trainspec")
def main() -> None:
    """Tell whether an implementation of a training technique conforms to its specification.

    `trainspec check` runs the reference; `trainspec check my_adapter.py` runs yours.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal without ✓ shows something else
            stream.reconfigure(errors="replace")
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            with suppress(ValueError):  # not in the main thread
                signal.signal(getattr(signal, name), _terminated)


def _terminated(number: int, frame: object) -> None:
    """End in order, so that no program that was started is left behind."""
    sys.exit(128 + number)


def _finite(ctx: click.Context, parameter: click.Parameter, value: float) -> float:
    if math.isnan(value):
        raise click.BadParameter("nan is no time", ctx, parameter)
    return value


timeout_option = click.option(
    "--timeout",
    default=10.0,
    show_default=True,
    type=click.FloatRange(0.01, 86400),
    callback=_finite,
    help="Seconds allowed for one answer.",
)
widest_option = click.option(
    "--dtype", "-d", type=click.Choice(list(TYPES)), help="In this type; else the widest."
)


def console() -> Console:
    """A console for standard output: as wide as the terminal, or unwrapped in a pipe."""
    width = None if sys.stdout.isatty() else 160
    return Console(width=width, highlight=False)


@contextmanager
def progress(total: int, text: str) -> Any:
    """A progress bar on the terminal's standard error, and nothing in a pipe."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(escape(text), total=total)
        yield lambda: progress.advance(task)
