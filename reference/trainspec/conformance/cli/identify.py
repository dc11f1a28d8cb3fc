"""``trainspec identify``: which form an implementation is."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

from trainspec.conformance import cases
from trainspec.conformance.cli.group import console, main, progress, timeout_option, widest_option
from trainspec.conformance.files import techniques
from trainspec.conformance.identify import as_data, identified
from trainspec.conformance.implementations import load, shipped
from trainspec.conformance.printing import print_identities


@main.command()
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
@widest_option
@timeout_option
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
@click.pass_context
def identify(
    ctx: click.Context, words: tuple[str, ...], dtype: str | None, timeout: float, as_json: bool
) -> None:
    r"""Say which form an implementation is, and how that is known.

    \b
    trainspec identify my_adapter.py adam         one operation of yours
    trainspec identify torch                      all that PyTorch's adapter offers
    trainspec identify adam -- ./my_program       of a program

    Exit status: 0 every form is known, 1 one is none of the known forms.
    """
    target, operations = _target_and_operations(words)
    chosen = cases.load(operations)
    implementation = load(target, timeout)
    try:
        total = len({case.operation for case in chosen}) + len(implementation.forms)
        with progress(total, f"identifying {implementation.name}") as tick:
            found = list(identified(implementation, chosen, dtype or "", tick))
    finally:
        implementation.close()
    if as_json:
        click.echo(json.dumps([as_data(identity) for identity in found], indent=1))
    else:
        print_identities(console(), implementation, found)
    if not found:
        raise click.UsageError(f"{implementation.name} offers none of these operations")
    ctx.exit(0 if all(identity.known for identity in found) else 1)


def _target_and_operations(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The implementation's words, and the operations that stand before or after them."""
    known = {name for t in techniques() for name in (t, *t.split("/"))}
    rest = list(words)
    operations = []
    while rest and rest[0] in known:
        operations.append(rest.pop(0))
    if rest and (rest[0].endswith(".py") or rest[0] in shipped()):
        return rest[:1], operations + rest[1:]
    if not rest:
        raise click.UsageError(
            "name an implementation: an adapter file, a shipped adapter, or -- PROGRAM"
        )
    return rest, operations
