"""``trainspec report``: many implementations, laid side by side in the matrix."""

from __future__ import annotations

from pathlib import Path

import click

from trainspec.conformance import matrix
from trainspec.conformance.cli.group import main, progress, timeout_option
from trainspec.conformance.types import TYPES


@main.command()
@click.argument("target", nargs=-1, required=True)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("trainspec-report"),
    show_default=True,
    help="The folder to write to.",
)
@click.option(
    "--format",
    "-f",
    "formats",
    multiple=True,
    type=click.Choice(list(matrix.FORMATS)),
    help="Only this format; else all five.",
)
@click.option(
    "--dtype", "-d", multiple=True, type=click.Choice(list(TYPES)), help="Only this type."
)
@timeout_option
@click.pass_context
def report(
    ctx: click.Context,
    target: tuple[str, ...],
    output: Path,
    formats: tuple[str, ...],
    dtype: tuple[str, ...],
    timeout: float,
) -> None:
    r"""Check many implementations and lay them side by side: the matrix.

    \b
    trainspec report torch keras my_adapter.py "./my_program --flag"
    trainspec report saved-*.json        from what `trainspec check --json` printed

    Each is run in a process of its own. Writes matrix.md, index.html, matrix.json, junit.xml and
    badge.svg. Exit status: 0 all conform, known failures aside, 1 not all.
    """
    reports = []
    with progress(len(target), "checking") as tick:
        for name in target:
            reports.append(matrix.measured(name, dtype, timeout))
            tick()
    laid = matrix.laid(reports)
    for path in matrix.written(laid, output, formats):
        click.echo(path)
    ctx.exit(0 if laid.conforms else 1)
