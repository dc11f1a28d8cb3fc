"""``trainspec identify``: which form an implementation is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from trainspec.conformance.api import identify, identify_trace, load_implementation
from trainspec.conformance.basics.names import matches_technique
from trainspec.conformance.basics.paths import list_adapters, list_techniques
from trainspec.conformance.cases.golden import find_techniques
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.cli.options import (
    as_option,
    make_console,
    map_option,
    memory_option,
    set_option,
    show_progress,
    timeout_option,
    widest_option,
)
from trainspec.conformance.cli.targets import choose_target
from trainspec.conformance.diagnosis.identify import identity_data
from trainspec.conformance.implementations.objects import names_object
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.reporting.records import to_json
from trainspec.conformance.reporting.terminal_identify import print_identities
from trainspec.conformance.reporting.terminal_trace import print_explained
from trainspec.conformance.traces.explanation import explained_data


@click.command("identify")
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
@widest_option
@timeout_option
@memory_option
@click.option(
    "--trace",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Ask about a recorded run instead of an implementation.",
)
@click.option("--whole", is_flag=True, help="Judge every number of a large recorded run.")
@as_option
@set_option
@map_option
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
@click.pass_context
def command(
    ctx: click.Context,
    words: tuple[str, ...],
    dtype: str | None,
    timeout: float,
    memory: float | None,
    trace: Path | None,
    whole: bool,
    operation: str,
    fixed: tuple[str, ...],
    names: tuple[str, ...],
    as_json: bool,
) -> None:
    """Find out which published form an implementation is, or which rule a run was trained with.

    \b
    trainspec identify my_adapter.py adam         one operation of yours
    trainspec identify torch                      all that PyTorch's adapter offers
    trainspec identify adam -- ./my_program       one operation of a program
    trainspec identify torch.optim:AdamW          an object, without an adapter
    trainspec identify mine:Opt --as adam         the same, where its name does not say what it is
    trainspec identify --trace run.npz            a recorded run: parameters and gradients
    trainspec identify --trace run.npz adam       the same, of one update rule

    Exit status: 0 every form is known, 1 one is none of the known forms.
    """  # noqa: D301
    if trace is not None:
        ctx.exit(0 if _identify_trace(trace, words, whole, as_json) else 1)
    target, operations = _split_words(words)
    cases = load_cases(operations)
    target = choose_target(target, operation, fixed, names)
    implementation = load_implementation(target, timeout=timeout, memory=memory)
    try:
        total = len({case.operation for case in cases}) + len(implementation.forms)
        with show_progress(total, f"identifying {implementation.name}") as tick:
            found = identify(implementation, operations, dtype=dtype or "", tick=tick)
    finally:
        implementation.close()
    if as_json:
        click.echo(to_json([identity_data(identity) for identity in found]))
    else:
        print_identities(make_console(), implementation, found)
    if not found:
        raise click.UsageError(f"{implementation.name} offers none of these operations")
    ctx.exit(0 if all(identity.known for identity in found) else 1)


def _identify_trace(path: Path, words: Sequence[str], whole: bool, as_json: bool) -> bool:
    """Print what explains a trace; returns whether a published form does."""
    techniques = [t for t in find_techniques(words) if load_page(t).is_update_rule]
    if not techniques:
        raise click.UsageError(f"{', '.join(words)}: a trace is of an update rule")
    with show_progress(len(techniques) * 3, f"identifying {path.name}") as tick:
        found = identify_trace(path, techniques, whole=whole, tick=tick)
    if as_json:
        click.echo(to_json(explained_data(found)))
    else:
        print_explained(make_console(), path.name, found)
    return found.known


def _split_words(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The implementation's words, and the operations that stand before or after them."""
    rest = list(words)
    operations = []
    while rest and any(matches_technique(rest[0], technique) for technique in list_techniques()):
        operations.append(rest.pop(0))
    if rest and (rest[0].endswith(".py") or rest[0] in list_adapters() or names_object(rest[0])):
        return rest[:1], operations + rest[1:]
    if not rest:
        raise click.UsageError(
            "name an implementation: an adapter file, a shipped adapter, or -- PROGRAM"
        )
    return rest, operations
