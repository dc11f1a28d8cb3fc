"""``trainspec report``: many implementations side by side in the matrix."""

from __future__ import annotations

from pathlib import Path

import click

from trainspec.conformance.cli.options import show_progress, timeout_option, types_option
from trainspec.conformance.reporting.collect import collect_report
from trainspec.conformance.reporting.matrix import build_matrix
from trainspec.conformance.reporting.matrix_files import FORMATS, write_matrix


@click.command("report")
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
    type=click.Choice(list(FORMATS)),
    help="Only this format; all five by default.",
)
@types_option
@timeout_option
@click.pass_context
def command(
    ctx: click.Context,
    target: tuple[str, ...],
    output: Path,
    formats: tuple[str, ...],
    dtype: tuple[str, ...],
    timeout: float,
) -> None:
    """Check many implementations and lay them side by side in a matrix.

    \b
    trainspec report torch keras my_adapter.py "./my_program --flag"
    trainspec report saved-*.json        from what `trainspec check --json` printed

    Each runs in a process of its own. Writes matrix.md, index.html, matrix.json, junit.xml and
    badge.svg.

    Exit status: 0 all conform apart from known failures, 1 some do not.
    """  # noqa: D301
    reports = []
    with show_progress(len(target), "checking") as tick:
        for name in target:
            reports.append(collect_report(name, dtype, timeout))
            tick()
    matrix = build_matrix(reports)
    for path in write_matrix(matrix, output, formats):
        click.echo(path)
    ctx.exit(0 if matrix.conforms else 1)
