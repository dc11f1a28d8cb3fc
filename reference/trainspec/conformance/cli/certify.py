"""``trainspec certify``: every golden value derived again from the pages."""

from __future__ import annotations

import click

from trainspec.conformance.cases import CaseError
from trainspec.conformance.cli.group import main, progress
from trainspec.conformance.files import techniques


@main.command()
@click.argument("technique", nargs=-1)
@click.option("--write", is_flag=True, help="Write what the pages give over the golden files.")
@click.pass_context
def certify(ctx: click.Context, technique: tuple[str, ...], write: bool) -> None:
    """Derive every golden value again from the spec pages and say what differs."""
    from trainspec.conformance.certify import certified, manifest_differences, regenerate

    wanted = set(technique)
    every = [t for t in techniques() if not wanted or wanted & {t, t.rpartition("/")[2]}]
    if not every:
        raise CaseError(f"no technique {', '.join(technique)}; there are {', '.join(techniques())}")
    texts: dict[str, str] = {}
    differences = []
    with progress(len(every), "certifying") as tick:
        for name in every:
            texts[name], found = certified(name)
            differences += found
            tick()
    if write:
        regenerate(every, texts.__getitem__)
        click.echo(f"wrote {len(every)} golden files; {len(differences)} places had differed")
        return
    differences += manifest_differences()
    for difference in differences[:50]:
        click.echo(str(difference))
    if len(differences) > 50:
        click.echo(f"… and {len(differences) - 50} more")
    if differences:
        click.echo(f"not certified: {len(differences)} differences")
        ctx.exit(1)
    click.echo(f"certified: the golden values of {len(every)} techniques are what their pages give")
