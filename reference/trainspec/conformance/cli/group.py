"""The group of commands: each is imported when it is called, and errors take one line.

Nothing heavy is imported here, so that ``trainspec --help`` answers at once.
"""

from __future__ import annotations

import atexit
import errno
import gc
import importlib
import io
import os
import signal
import sys
from contextlib import suppress
from typing import Any

import click

from trainspec.conformance.basics.errors import NoAnswerError, UserError

BROKEN, INTERRUPTED = 3, 130
#: A disk or a pipe that takes no more.
FULL = (errno.ENOSPC, errno.EIO, errno.EMFILE)
#: Every command with its line of help; the module of that name has its function, `command`.
COMMANDS = {
    "certify": "Derive every golden value again from the spec pages and show what differs.",
    "check": "Check an implementation against the golden values.",
    "compare": "Show where two implementations agree, where they differ, and why.",
    "docs": "Read the spec pages as a site, on this machine.",
    "effects": "Reproduce the chapter's experiments with an implementation's parts.",
    "identify": "Find out which published form an implementation is.",
    "judge": "Judge the answers that a program gave on another machine.",
    "list": "List the techniques, their cases, variants and errors, and the shipped adapters.",
    "new": "Print an adapter to fill in.",
    "report": "Check many implementations and lay them side by side in a matrix.",
    "requests": "Print what a program on another machine is to answer.",
    "serve": "Answer JSON lines for a Python adapter, as a program in any language would.",
    "show": "Show a technique, a case or a variant.",
}
#: Packages that only an extra installs: import name -> (package, extra).
EXTRAS = {
    "flint": ("python-flint", "certification"),
    "yaml": ("pyyaml", "certification"),
    "jinja2": ("jinja2", "report"),
    "junitparser": ("junitparser", "report"),
    "anybadge": ("anybadge", "report"),
    "mlxtend": ("mlxtend", "effects"),
    "matplotlib": ("matplotlib", "effects"),
    "distributed": ("distributed", "dask"),
    "sphinx": ("sphinx", "docs"),
    "myst_parser": ("myst-parser", "docs"),
    "furo": ("furo", "docs"),
    "sphinx_design": ("sphinx-design", "docs"),
    "latex2mathml": ("latex2mathml", "docs"),
    "ziamath": ("ziamath", "docs"),
    "safetensors": ("safetensors", "trace"),
    "platformdirs": ("platformdirs", "docs"),
}


def import_part(name: str) -> Any:
    """A module of the command line, imported when it is needed: most need much more than click."""
    return importlib.import_module(f"trainspec.conformance.cli.{name}")


class Commands(click.Group):
    """Imports a command when it is called, and turns a user's errors into one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_part(cmd_name).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Start: streams that are closed lead nowhere, instead of being None."""
        for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
            if getattr(sys, name) is None:
                setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115
        # Little of what a command makes is in cycles, and looking for them took a tenth of a check.
        gc.set_threshold(1_000_000, 20, 20)
        # When it ends, Python would look once more, through everything that is still there.
        atexit.register(gc.freeze)
        return super().main(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            returned = super().invoke(ctx)
            sys.stdout.flush()
            return returned
        except UserError as error:
            raise click.UsageError(str(error), click.get_current_context(silent=True)) from None
        except NoAnswerError as error:
            click.echo(f"the adapter returns no answer: {error.reason}: {error}", err=True)
            ctx.exit(BROKEN)
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            ctx.exit(INTERRUPTED)
        except BrokenPipeError:  # the reader of the pipe has seen enough
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115
            ctx.exit(141)
        except OSError as error:
            if error.errno not in FULL:
                raise
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115
            click.echo(f"the output cannot be written: {error.strerror}", err=True)
            ctx.exit(BROKEN)
        except ModuleNotFoundError as error:
            package, extra = EXTRAS.get(str(error.name), (str(error.name), ""))
            install = f"'trainspec[{extra}]'" if extra else package
            raise click.UsageError(
                f"this needs the package {package!r}: pip install {install}", ctx
            ) from None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="trainspec", prog_name="trainspec")
def main() -> None:
    """Check an implementation of a training technique against its specification.

    `trainspec check` checks trainspec's own reference, `trainspec check my_adapter.py` your code.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal without ✓ shows something else
            stream.reconfigure(errors="replace")
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            with suppress(ValueError):  # not in the main thread
                signal.signal(getattr(signal, name), _terminate)


def _terminate(number: int, frame: object) -> None:
    """End in order, so that no program that was started is left behind."""
    sys.exit(128 + number)
