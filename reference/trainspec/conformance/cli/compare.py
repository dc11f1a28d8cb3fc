"""``trainspec compare``: two implementations side by side."""

from __future__ import annotations

import click

from trainspec.conformance.api import compare, load_implementation
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.cli.options import (
    in_process_option,
    make_console,
    memory_option,
    show_progress,
    technique_option,
    timeout_option,
    widest_option,
)
from trainspec.conformance.diagnosis.compare import comparison_data
from trainspec.conformance.implementations.implementation import Implementation, title_of
from trainspec.conformance.reporting.records import to_json
from trainspec.conformance.reporting.terminal_identify import print_comparisons


@click.command("compare")
@click.argument("one")
@click.argument("other")
@technique_option
@widest_option
@timeout_option
@memory_option
@in_process_option
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
@click.pass_context
def command(
    ctx: click.Context,
    one: str,
    other: str,
    technique: tuple[str, ...],
    dtype: str | None,
    timeout: float,
    memory: float | None,
    in_process: bool,
    as_json: bool,
) -> None:
    """Show where two implementations agree, where they differ, and why.

    Says how to set one so that it does what the other does, where that is known.

    \b
    trainspec compare torch keras
    trainspec compare my_adapter.py torch -t adam
    trainspec compare torch "./my_program --flag"

    Exit status: 0 they agree wherever both answer, 1 they do not, 4 they have nothing in common.
    """  # noqa: D301
    cases = load_cases(technique)
    pair: list[Implementation] = []
    try:
        for word in (one, other):
            pair.append(
                load_implementation(word, timeout=timeout, in_process=in_process, memory=memory)
            )
        total = len({case.operation for case in cases})
        with show_progress(total, f"comparing {pair[0].name} and {pair[1].name}") as tick:
            found = compare(pair[0], pair[1], technique, dtype=dtype or "", tick=tick)
    finally:
        for implementation in pair:
            implementation.close()
    if as_json:
        operations = list(map(comparison_data, found))
        click.echo(
            to_json({"implementations": list(map(title_of, pair)), "operations": operations})
        )
    elif not found:
        click.echo(
            f"{pair[0].name} and {pair[1].name} have nothing in common that can be compared; what "
            "draws its own numbers is not: `trainspec identify` says which form each is"
        )
    else:
        print_comparisons(make_console(), pair[0], pair[1], found)
    both = [comparison for comparison in found if comparison.cases]
    ctx.exit(4 if not both else 0 if all(c.agree for c in both) else 1)
