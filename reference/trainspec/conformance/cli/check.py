"""``trainspec check``: one implementation against the golden values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from msgspec import Struct

from trainspec.conformance.api import Checked, check
from trainspec.conformance.basics.names import (
    Offering,
    display_form,
    split_form,
)
from trainspec.conformance.cases.case import LEVELS, STEPS, Case
from trainspec.conformance.cases.golden import find_techniques
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.checking.declarations import choose_forms
from trainspec.conformance.cli.group import INTERRUPTED
from trainspec.conformance.cli.options import (
    as_option,
    in_process_option,
    known_option,
    make_console,
    map_option,
    memory_option,
    parse_variants,
    set_option,
    show_progress,
    start_timeout_option,
    strict_option,
    technique_option,
    timeout_option,
    types_option,
    variant_option,
)
from trainspec.conformance.cli.targets import choose_target
from trainspec.conformance.diagnosis.object_forms import find_forms
from trainspec.conformance.implementations.implementation import Implementation, title_of
from trainspec.conformance.implementations.known_failures import (
    read_known_failures,
    write_known_failures,
)
from trainspec.conformance.implementations.target import load_implementation
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.profiles import load_profile
from trainspec.conformance.reporting.records import to_json
from trainspec.conformance.reporting.report import (
    choose_exit_status,
)
from trainspec.conformance.reporting.terminal import print_report
from trainspec.conformance.reporting.terminal_hints import print_hints


class _Check(click.Command):
    """Refuses a ``--`` with no program after it: an unset variable, most likely."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[-1] == "--":
            raise click.UsageError("-- must be followed by a program and its arguments", ctx)
        return super().parse_args(ctx, args)


def _add_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that choose what is checked, against what, and how it is reported."""
    for option in reversed(
        (
            technique_option,
            click.option("--case", "-c", "ids", multiple=True, help="Only this case."),
            click.option(
                "--level", "-l", multiple=True, type=click.Choice(LEVELS), help="Only this level."
            ),
            types_option,
            variant_option,
            click.option(
                "--profile",
                metavar="NAME",
                help="Check against a library's forms and default hyperparameters, such as torch.",
            ),
            strict_option,
            known_option,
            click.option(
                "--write-known",
                type=click.Path(path_type=Path),
                help="Write what fails now to such a file; reasons that it already has are kept.",
            ),
            click.option("--reason", default="", help="The reason for failures that are new."),
            click.option("--link", default="", help="A link about failures that are new."),
            start_timeout_option,
            timeout_option,
            memory_option,
            in_process_option,
            as_option,
            set_option,
            map_option,
            click.option(
                "--hints",
                is_flag=True,
                help="For learners: say which clause to read, and never the answer.",
            ),
            click.option("--json", "as_json", is_flag=True, help="Print the report as JSON."),
        )
    ):
        function = option(function)
    return function


class _Selection(Struct, frozen=True):
    """What the options choose: cases, and the techniques whose draws, steps and defaults are
    judged.
    """

    cases: Sequence[Case]
    draws_of: Sequence[str]
    steps_of: Sequence[str]
    defaults_of: Sequence[str]
    types: Sequence[str]
    forms: Mapping[str, str]
    known: Mapping[str, str]


@click.command("check", cls=_Check)
@click.argument("target", nargs=-1, type=click.UNPROCESSED)
@_add_options
@click.pass_context
def command(ctx: click.Context, /, target: tuple[str, ...], **options: Any) -> None:
    """Check TARGET: an adapter file, a shipped adapter, an object, or `-- PROGRAM ARGS…`.

    \b
    trainspec check                          the reference
    trainspec check my_adapter.py            your Python code
    trainspec check torch                    PyTorch, with a shipped adapter
    trainspec check torch.optim:AdamW        an optimizer class, without an adapter
    trainspec check mine:Opt --as momentum --map learning_rate=rate --set nesterov=True
    trainspec check -- ./my_program --flag   any program that answers JSON lines
    trainspec check my_port.py --profile torch
                                             does it behave like PyTorch, defaults included?

    Exit status: 0 conforms, 1 does not, 2 wrong usage, 3 the adapter crashed, timed out or gave
    malformed answers, 4 nothing was checked, 130 interrupted.
    """  # noqa: D301
    words = target or ("reference",)
    target = tuple(choose_target(words, options["operation"], options["fixed"], options["names"]))
    # While the adapter is imported in its process the cases are read here.
    implementation = load_implementation(
        target,
        options["timeout"],
        in_process=options["in_process"],
        start_timeout=options["start_timeout"],
        memory=options["memory"],
    )
    try:
        selection = _select(**options)
        _check_types(implementation, selection.types)
        _note_overridden_forms(implementation, options["profile"])
        _note_versions(implementation, options["profile"])
        forms = {**_find_forms(implementation, options), **selection.forms}
        with show_progress(len(selection.cases), f"checking {implementation.name}") as tick:
            checked = check(
                implementation,
                options["technique"],
                cases=selection.cases,
                types=selection.types,
                forms=forms,
                profile=options["profile"] or "",
                known=selection.known,
                draws_of=selection.draws_of,
                steps_of=selection.steps_of,
                defaults_of=selection.defaults_of,
                tick=tick,
            )
        _show(checked, words, **options)
    finally:
        implementation.close()
    if not checked.finished:
        click.echo("interrupted: the results above are those so far", err=True)
        ctx.exit(INTERRUPTED)
    if options["write_known"]:
        _write_known(checked, **options)
        ctx.exit(0)
    ctx.exit(choose_exit_status(checked.results, options["strict"]))


def _find_forms(implementation: Implementation, options: Mapping[str, Any]) -> dict[str, str]:
    """The forms that an object is found to be, which are told on standard error."""
    if not implementation.undeclared or options["variant"] or options["profile"]:
        return {}
    found = find_forms(implementation)
    for operation, form in found.items():
        if form:
            click.echo(
                f"{implementation.name} is {Offering(operation, form)}, and is checked as that; "
                f"--variant {operation}= checks the canonical form",
                err=True,
            )
    return found


def _show(checked: Checked, target: Sequence[str], **options: Any) -> None:
    """Print the report, as JSON or for people."""
    if options["as_json"]:
        click.echo(to_json(checked.report))
        return
    if options["hints"]:
        print_hints(make_console(), checked.results, checked.diagnoses)
        return
    given = ["--profile", options["profile"]] if options["profile"] else []
    given += [word for text in options["variant"] for word in ("--variant", text)]
    print_report(
        make_console(),
        checked.implementation,
        checked.results,
        checked.diagnoses,
        target,
        given,
        strict=options["strict"],
    )


def _select(**options: Any) -> _Selection:
    """What the options choose. Raises click.UsageError where nothing is left."""
    technique, ids, level = options["technique"], options["ids"], options["level"]
    cases = load_cases(technique, level, ids)
    # Draws are judged with whole techniques, or where they alone are asked for.
    draws_of = []
    if not ids and (not level or "statistics" in level):
        draws_of = [t for t in find_techniques(technique) if "statistics" not in level or _draws(t)]
    # Runs step by step likewise; a case that can only be asked so brings the others with it.
    steps_of = list(dict.fromkeys(case.technique for case in cases if case.level == STEPS))
    if not ids and (not level or STEPS in level):
        steps_of = [t for t in find_techniques(technique) if load_page(t).stepwise]
    cases = [case for case in cases if case.level != STEPS]
    if not cases and not draws_of and not steps_of:
        raise click.UsageError("no case matches these options; `trainspec list --cases`")
    types = options["dtype"]
    if types and cases and not {kind for case in cases for kind in case.types} & set(types):
        raise click.UsageError(f"none of the chosen cases serves {', '.join(types)}")
    known, writing = options["known"], options["write_known"]
    if writing and not writing.absolute().parent.is_dir():
        raise click.UsageError(f"--write-known {writing}: there is no folder {writing.parent}")
    listed = known or (writing if writing and writing.exists() else None)
    return _Selection(
        cases=cases,
        draws_of=draws_of,
        steps_of=steps_of,
        defaults_of=[] if ids or level else find_techniques(technique),
        types=types,
        forms=parse_variants(options["variant"]),
        known=read_known_failures(listed) if listed else {},
    )


def _draws(technique: str) -> bool:
    return bool(load_page(technique).draws)


def _check_types(implementation: Implementation, types: Sequence[str]) -> None:
    """Raise click.UsageError where the implementation has none of the types."""
    if types and not set(types) & set(implementation.types):
        raise click.UsageError(
            f"{implementation.name} computes in {', '.join(implementation.types)}, "
            f"not in {', '.join(types)}"
        )


def _note_overridden_forms(implementation: Implementation, profile: str | None) -> None:
    """Say on standard error which declared forms a profile overrides."""
    if not profile:
        return
    held = choose_forms(implementation, load_profile(profile))
    for operation, form in implementation.variants.items():
        if operation in held and split_form(held[operation]) != split_form(form):
            click.echo(
                f"the adapter declares {operation} as {display_form(form)}, which the profile "
                f"{profile} does not have: it is held to {display_form(held[operation])}",
                err=True,
            )


def _note_versions(implementation: Implementation, profile: str | None) -> None:
    """Say on standard error where a profile was measured with another version of the library."""
    if not implementation.profile or profile not in (None, implementation.profile):
        return
    followed = load_profile(implementation.profile)
    measured_in = [version.split()[0] for version in followed.libraries.values()]
    if implementation.version and not any(v in implementation.version for v in measured_in):
        click.echo(
            f"the profile {followed.name} was measured with {followed.version}; "
            f"this is {title_of(implementation)}",
            err=True,
        )


def _write_known(checked: Checked, **options: Any) -> None:
    """Write the file of known failures, and say what changed in it."""
    path = options["write_known"]
    written = write_known_failures(
        path,
        title_of(checked.implementation),
        checked.results,
        checked.implementation.known_failures,
        options["reason"],
        options["link"],
    )
    click.echo(
        f"wrote {written.total} known failures to {path}: "
        f"{written.added} added, {written.removed} removed",
        err=True,
    )
