"""``trainspec list``: what there is to check."""

from __future__ import annotations

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from trainspec.conformance.basics.paths import list_adapters
from trainspec.conformance.basics.plain_math import render_text
from trainspec.conformance.cases.golden import find_techniques, read_golden
from trainspec.conformance.cli.group import import_part
from trainspec.conformance.cli.options import make_console, technique_option


@click.command("list")
@click.option("--cases", is_flag=True, help="Every case, with its level and reason.")
@click.option("--variants", is_flag=True, help="Every variant and named error.")
@technique_option
def command(cases: bool, variants: bool, technique: tuple[str, ...]) -> None:
    """List the techniques, their cases, variants and errors, and the shipped adapters."""
    if cases and variants:
        raise click.UsageError("--cases or --variants, not both")
    chosen = find_techniques(technique)
    out = make_console()
    if cases:
        _print_cases(out, chosen)
    elif variants:
        import_part("list_forms").print_forms(out, chosen)
    else:
        _print_techniques(out, chosen)


def _print_techniques(out: Console, chosen: list[str]) -> None:
    table = Table("technique", "operation", "cases", "variants", "errors")
    for technique in chosen:
        golden = read_golden(technique)
        counts = map(len, (golden.cases, golden.variants, golden.errors))
        table.add_row(technique, golden.operation, *map(str, counts))
    out.print(table)
    out.print(f"shipped adapters: {', '.join(list_adapters())}")


def _print_cases(out: Console, chosen: list[str]) -> None:
    for case in (case for technique in chosen for case in read_golden(technique).cases):
        kinds = ", ".join(case.tolerance) or "all types"
        out.print(
            f"[bold]{case.id}[/bold] [dim]{case.level}, {kinds}[/dim]\n"
            f"    {escape(render_text(case.why))}",
            soft_wrap=True,
        )
