"""``trainspec check``: one implementation, held to the golden values."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from trainspec.conformance import cases, profiles
from trainspec.conformance import known as known_failures
from trainspec.conformance.check import checked
from trainspec.conformance.cli.group import console, main, progress, timeout_option
from trainspec.conformance.defaults import measured
from trainspec.conformance.draws import DRAWS
from trainspec.conformance.files import techniques
from trainspec.conformance.implementations import Implementation, load
from trainspec.conformance.outcome import Result
from trainspec.conformance.report import as_data, diagnoses, exit_status, printed, titled
from trainspec.conformance.types import TYPES


def _selection(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that choose cases, types and variants."""
    for option in (
        click.option("--technique", "-t", multiple=True, help="Only this technique or folder."),
        click.option("--case", "-c", "ids", multiple=True, help="Only this case."),
        click.option(
            "--level", "-l", multiple=True, type=click.Choice(cases.LEVELS), help="Only this level."
        ),
        click.option(
            "--dtype", "-d", multiple=True, type=click.Choice(list(TYPES)), help="Only this type."
        ),
        click.option(
            "--variant",
            multiple=True,
            metavar="OPERATION=NAME",
            help="Hold an operation to a variant instead of what the adapter declares; "
            "OPERATION= for the canonical form.",
        ),
        timeout_option,
    ):
        command = option(command)
    return command


@main.command()
@click.argument("target", nargs=-1, type=click.UNPROCESSED)
@_selection
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--strict", is_flag=True, help="Let advice (a SHOULD not met) fail the check.")
@click.option("--isolate", is_flag=True, help="Run a Python adapter in a process of its own.")
@click.option(
    "--profile",
    metavar="NAME",
    help="Hold it to a library's forms and default hyperparameters, such as torch.",
)
@click.option(
    "--known",
    type=click.Path(path_type=Path),
    help="A file of known failures, with reasons: these do not fail the check.",
)
@click.option(
    "--write-known",
    type=click.Path(path_type=Path),
    help="Write what fails now to such a file, and keep the reasons that it has.",
)
@click.option("--reason", default="", help="The reason of the failures that are new in it.")
@click.option("--link", default="", help="The link of the failures that are new in it.")
@click.pass_context
def check(
    ctx: click.Context,
    target: tuple[str, ...],
    technique: tuple[str, ...],
    ids: tuple[str, ...],
    level: tuple[str, ...],
    dtype: tuple[str, ...],
    variant: tuple[str, ...],
    timeout: float,
    as_json: bool,
    strict: bool,
    isolate: bool,
    profile: str | None,
    known: Path | None,
    write_known: Path | None,
    reason: str,
    link: str,
) -> None:
    r"""Check TARGET: an adapter file, a shipped adapter, or `-- PROGRAM ARGS…`.

    \b
    trainspec check                          the reference
    trainspec check my_adapter.py            your Python code
    trainspec check torch                    PyTorch, by a shipped adapter
    trainspec check -- ./my_program --flag   any program that answers JSON lines
    trainspec check my_port.py --profile torch   is it what PyTorch does, defaults included

    Exit status: 0 conforms, 1 does not, 2 wrong usage, 3 the adapter crashed, timed out or gave
    malformed answers, 4 nothing was checked.
    """
    target = target or ("reference",)
    chosen = cases.load(technique, level, ids)
    # Draws are judged with whole techniques, or where they alone are asked for.
    statistics = not ids and (not level or "statistics" in level)
    draws_of = cases.resolve(technique) if statistics else []
    if not chosen and not any(draw.technique in draws_of for draw in DRAWS):
        raise click.UsageError("no case is left by these options; `trainspec list --cases`")
    followed = profiles.load(profile) if profile else None
    held = ["--profile", profile] if profile else []
    held += [word for text in variant for word in ("--variant", text)]
    variants = {**(followed.main if followed else {}), **_variants(variant)}
    served = {kind for case in chosen for kind in case.types}
    if dtype and chosen and not served & set(dtype):
        raise click.UsageError(f"none of the chosen cases serves {', '.join(dtype)}")
    implementation = load(target, timeout, isolated=isolate)
    missing = [kind for kind in dtype if kind not in implementation.types]
    if missing and len(missing) == len(dtype):
        implementation.close()
        raise click.UsageError(
            f"{implementation.name} computes in {', '.join(implementation.types)}, "
            f"not in {', '.join(missing)}"
        )
    elsewhere = implementation.known_failures
    listed = known or (write_known if write_known and write_known.exists() else None)
    if listed:
        implementation.known_failures = {**elsewhere, **known_failures.read(listed)}
    try:
        results = _run(implementation, chosen, dtype, variants, draws_of)
        followed = followed or (
            profiles.load(implementation.profile) if implementation.profile else None
        )
        if followed and not ids and not level:
            results += measured(implementation, followed, cases.resolve(technique))
        if followed and implementation.profile == followed.name:
            _note_versions(implementation, followed)
        found = diagnoses(results)
        if as_json:
            click.echo(json.dumps(as_data(implementation, results, found), indent=1))
        else:
            printed(console(), implementation, results, found, target, held)
    finally:
        implementation.close()
    if write_known:
        name = titled(implementation)
        kept = known_failures.write(write_known, name, results, elsewhere, reason, link)
        click.echo(
            f"wrote {kept[0]} known failures to {write_known}: {kept[1]} new, {kept[2]} gone",
            err=True,
        )
        ctx.exit(0)
    ctx.exit(exit_status(results, strict))


def _note_versions(implementation: Implementation, followed: profiles.Profile) -> None:
    """Say on standard error where a library is not the version that its profile was measured in."""
    measured_in = [version.split()[0] for version in followed.libraries.values()]
    if implementation.version and not any(v in implementation.version for v in measured_in):
        click.echo(
            f"the profile {followed.name} was measured with {followed.version}; "
            f"this is {implementation.name} {implementation.version}",
            err=True,
        )


def _run(
    implementation: Implementation,
    chosen: Sequence[cases.Case],
    dtype: Sequence[str],
    variants: dict[str, str],
    draws_of: Sequence[str],
) -> list[Result]:
    with progress(len(chosen), f"checking {implementation.name}") as tick:
        return list(checked(implementation, chosen, dtype, variants, tick, draws_of=draws_of))


def _variants(given: Sequence[str]) -> dict[str, str]:
    variants = {}
    for text in given:
        operation, equals, name = text.partition("=")
        known = [t.rpartition("/")[2] for t in techniques()]
        if not equals or operation not in known:
            raise click.UsageError(
                f"--variant {text!r} must be OPERATION=NAME; operations: {', '.join(known)}"
            )
        variants[operation] = "" if name == "canonical" else name
    return variants
