"""``trainspec compare``: two implementations side by side."""

from __future__ import annotations

import json

import click

from trainspec.conformance import cases
from trainspec.conformance.cli.group import console, main, progress, timeout_option, widest_option
from trainspec.conformance.implementations import Implementation, load, words_of
from trainspec.conformance.printing import print_comparisons
from trainspec.conformance.report import titled
from trainspec.conformance.versus import as_data, compared_with


@main.command()
@click.argument("one")
@click.argument("other")
@click.option("--technique", "-t", multiple=True, help="Only this technique or folder.")
@widest_option
@timeout_option
@click.option("--isolate", is_flag=True, help="Run Python adapters in processes of their own.")
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
@click.pass_context
def compare(
    ctx: click.Context,
    one: str,
    other: str,
    technique: tuple[str, ...],
    dtype: str | None,
    timeout: float,
    isolate: bool,
    as_json: bool,
) -> None:
    r"""Say where two implementations agree, where they part, and how to set one as the other.

    \b
    trainspec compare torch keras
    trainspec compare my_adapter.py torch -t adam
    trainspec compare torch "./my_program --flag"

    Exit status: 0 they agree wherever both answer, 1 they do not, 4 they have nothing in common.
    """
    chosen = cases.load(technique)
    pair: list[Implementation] = []
    try:
        for word in (one, other):
            pair.append(load(words_of(word), timeout, isolated=isolate))
        total = len({case.operation for case in chosen})
        with progress(total, f"comparing {pair[0].name} and {pair[1].name}") as tick:
            found = list(compared_with(pair[0], pair[1], chosen, dtype or "", tick))
    finally:
        for implementation in pair:
            implementation.close()
    if as_json:
        data = {"implementations": list(map(titled, pair)), "operations": list(map(as_data, found))}
        click.echo(json.dumps(data, indent=1))
    else:
        print_comparisons(console(), pair[0], pair[1], found)
    both = [comparison for comparison in found if comparison.cases]
    ctx.exit(4 if not both else 0 if all(c.agree for c in both) else 1)
