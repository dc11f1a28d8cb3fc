"""``trainspec effects``: the chapter's experiments, with an implementation's parts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click

from trainspec.conformance.basics.names import Offering
from trainspec.conformance.cli.group import INTERRUPTED
from trainspec.conformance.cli.options import make_console, show_progress
from trainspec.conformance.effects.data import CLAIMED, DATA
from trainspec.conformance.effects.executors import count_jobs, limit_threads, make_executor
from trainspec.conformance.effects.judge import JudgedEffect, judge_effect
from trainspec.conformance.effects.page import list_effects, load_effect
from trainspec.conformance.effects.report import print_effects, report_effects
from trainspec.conformance.effects.trials import (
    Keeper,
    Record,
    Source,
    Trial,
    collect_records,
    list_trials,
)


@click.command("effects")
@click.argument("effect", nargs=-1)
@click.option(
    "--implementation",
    "-i",
    default="",
    metavar="TARGET",
    help="An adapter file, or a shipped adapter such as torch; the reference by default.",
)
@click.option(
    "--seeds", "-s", default=3, show_default=True, type=click.IntRange(1, 1000), help="How many."
)
@click.option(
    "--mistake",
    multiple=True,
    metavar="OPERATION:NAME",
    help="Put a variant or a named error of a page in place of an operation, and see what fails.",
)
@click.option(
    "--data",
    type=click.Choice(list(DATA)),
    default=CLAIMED,
    show_default=True,
    help="The images: MNIST's, which the claims are about, or scikit-learn's digits.",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@click.option(
    "--plots",
    type=click.Path(path_type=Path, file_okay=False),
    help="Draw the figures into this folder, as SVG and PNG, light and dark.",
)
@click.option(
    "--jobs", "-j", type=click.IntRange(1, 1024), help="Processes; one a processor by default."
)
@click.option("--dask", default="", metavar="ADDRESS", help="Run on a Dask cluster instead.")
@click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".trainspec-effects"),
    show_default=True,
    help="Where finished trials are kept: a rerun goes on from there.",
)
@click.option("--fresh", is_flag=True, help="Run every trial again, whatever is kept.")
@click.pass_context
def command(
    ctx: click.Context,
    effect: tuple[str, ...],
    implementation: str,
    seeds: int,
    mistake: tuple[str, ...],
    data: str,
    as_json: bool,
    plots: Path | None,
    jobs: int | None,
    dask: str,
    keep: Path,
    fresh: bool,
) -> None:
    """Reproduce the chapter's experiments, all or those that EFFECT names.

    \b
    trainspec effects                         the reference's parts, 3 seeds
    trainspec effects activation_spread --plots pictures
    trainspec effects -i torch                PyTorch's parts in trainspec's loop
    trainspec effects weight_decay --mistake l2_penalty:gradient-left-out

    Exit status: 0 all effects hold, 1 some do not, 2 wrong usage, 3 a part crashed, 130
    interrupted.
    """  # noqa: D301
    effects = tuple(dict.fromkeys(effect)) or list_effects()
    for name in effects:
        load_effect(name)
    if plots is not None:
        _make_folder(plots)
    source = Source(implementation, _read_mistakes(mistake), data)
    label = source.load().name
    limit_threads()
    folder = keep / source.fingerprint()
    keeper = Keeper(folder, lambda text: click.echo(text, err=True), fresh)
    trials = list_trials(effects, seeds)
    executor = partial(make_executor, jobs or count_jobs(), dask)
    with show_progress(len(trials), f"training with {label}") as tick:
        records, finished = collect_records(source, trials, executor, keeper, tick)
    used = {operation for record in records.values() for operation in record.used}
    for operation, name in source.mistakes:
        if operation not in used:
            click.echo(f"{operation}:{name} was not used: no trial asked for {operation}", err=True)
    found = [judge_effect(load_effect(name), records, data) for name in effects]
    found = [one for one in found if one.seeds]
    if as_json:
        click.echo(json.dumps(report_effects(label, found, records), indent=1))
    else:
        print_effects(make_console(), label, found)
    if plots is not None:
        _draw(plots, found, records)
    if not finished:
        click.echo("interrupted: what is done is kept, and a rerun goes on from there", err=True)
        ctx.exit(INTERRUPTED)
    ctx.exit(0 if found and all(one.holds for one in found) else 1)


def _read_mistakes(given: Sequence[str]) -> tuple[tuple[str, str], ...]:
    mistakes = []
    for text in given:
        mistake = Offering.parse(text)
        if not mistake.form:
            raise click.UsageError(
                f"--mistake {text!r} must be OPERATION:NAME, such as l2_penalty:gradient-left-out"
            )
        mistakes.append((mistake.operation, mistake.form))
    return tuple(mistakes)


def _make_folder(folder: Path) -> None:
    """Make the folder of the pictures before hours are spent on them."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.UsageError(f"--plots {folder}: {error.strerror}") from None


def _draw(folder: Path, found: Sequence[JudgedEffect], records: dict[Trial, Record]) -> None:
    """Draw the figures of all effects."""
    from trainspec.conformance.effects.figures import draw_effects  # an extra

    paths = draw_effects(folder, found, records)
    click.echo(f"drew {len(paths)} pictures in {folder}", err=True)
