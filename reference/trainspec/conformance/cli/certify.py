"""``trainspec certify``: every golden value derived again from the pages."""

from __future__ import annotations

from functools import partial

import click

from trainspec.conformance.basics.errors import CaseError
from trainspec.conformance.basics.names import matches_technique
from trainspec.conformance.basics.paths import list_techniques
from trainspec.conformance.cli.options import show_progress

#: The most differences printed.
SHOWN = 50


@click.command("certify")
@click.argument("technique", nargs=-1)
@click.option("--write", is_flag=True, help="Overwrite the golden files with what is derived.")
@click.pass_context
def command(ctx: click.Context, technique: tuple[str, ...], write: bool) -> None:
    """Derive every golden value again from the spec pages and show what differs.

    Needs the extra `certification`: pip install 'trainspec[certification]'.

    Exit status: 0 nothing differs, 1 something does.
    """
    # The extra `certification`; the help does without it.
    from trainspec.conformance.derivation.certify import (
        certify_end_points,
        certify_technique,
        compare_manifest,
        write_golden_files,
    )
    from trainspec.conformance.derivation.golden_files import PATHS  # the extra

    every = list_techniques()
    wanted = [
        name
        for name in (*every, PATHS)
        if not technique or any(matches_technique(word, name) for word in technique)
    ]
    if not wanted:
        raise CaseError(f"no technique {', '.join(technique)}; there are {', '.join(every)}")
    texts: dict[str, str] = {}
    differences = []
    with show_progress(len(wanted), "certifying") as tick:
        for name in wanted:
            certify = certify_end_points if name == PATHS else partial(certify_technique, name)
            texts[name], found = certify()
            differences += found
            tick()
    if write:
        write_golden_files(wanted, texts.__getitem__)
        click.echo(f"wrote {len(wanted)} golden files; {len(differences)} places were different")
        return
    differences += compare_manifest()
    for difference in differences[:SHOWN]:
        click.echo(str(difference))
    if len(differences) > SHOWN:
        click.echo(f"… and {len(differences) - SHOWN} more")
    if differences:
        click.echo(f"not certified: {len(differences)} differences")
        ctx.exit(1)
    many = f"{len(wanted)} golden files follow from their pages"
    click.echo(f"certified: {'1 golden file follows from its page' if len(wanted) == 1 else many}")
