"""The command line: ``trainspec check``, ``list``, ``show``, ``new``, ``certify`` …"""

from __future__ import annotations

import io
import json
import math
import os
import shlex
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from trainspec import __version__
from trainspec.conformance import cases, page, profiles
from trainspec.conformance import known as known_failures
from trainspec.conformance.cases import CaseError
from trainspec.conformance.check import checked
from trainspec.conformance.defaults import measured
from trainspec.conformance.draws import DRAWS
from trainspec.conformance.files import PACKAGE, page_file, techniques
from trainspec.conformance.identify import as_data as as_identity_data
from trainspec.conformance.identify import identified
from trainspec.conformance.implementations import Implementation, load, shipped
from trainspec.conformance.outcome import AdapterError, CallError, Result
from trainspec.conformance.page import PageError
from trainspec.conformance.report import (
    as_data,
    diagnoses,
    exit_status,
    print_comparisons,
    print_identities,
    printed,
)
from trainspec.conformance.rule import RuleError
from trainspec.conformance.types import TYPES
from trainspec.conformance.versus import as_data as as_comparison_data
from trainspec.conformance.versus import compared_with

USAGE = 2
BROKEN = 3


class _Commands(click.Group):
    """Turns every error that a user can cause into one line."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (CaseError, AdapterError, PageError, RuleError) as error:
            raise click.UsageError(str(error), click.get_current_context(silent=True)) from None
        except BrokenPipeError:  # the reader of the pipe has seen enough
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115
            ctx.exit(141)
        except CallError as error:
            click.echo(f"the adapter gives no answer: {error.outcome.value}: {error}", err=True)
            ctx.exit(BROKEN)
        except ModuleNotFoundError as error:
            package = {"yaml": "pyyaml", "flint": "python-flint"}.get(str(error.name), error.name)
            extra = "certification" if package != error.name else "report"
            raise click.UsageError(
                f"this needs the package {package!r}: pip install 'trainspec[{extra}]'", ctx
            ) from None


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="trainspec")
def main() -> None:
    """Tell whether an implementation of a training technique conforms to its specification.

    `trainspec check` runs the reference; `trainspec check my_adapter.py` runs yours.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal without ✓ shows something else
            stream.reconfigure(errors="replace")
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            with suppress(ValueError):  # not in the main thread
                signal.signal(getattr(signal, name), _terminated)


def _terminated(number: int, frame: object) -> None:
    """End in order, so that no program that was started is left behind."""
    sys.exit(128 + number)


def _finite(ctx: click.Context, parameter: click.Parameter, value: float) -> float:
    if math.isnan(value):
        raise click.BadParameter("nan is no time", ctx, parameter)
    return value


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
        click.option(
            "--timeout",
            default=10.0,
            show_default=True,
            type=click.FloatRange(0.01, 86400),
            callback=_finite,
            help="Seconds allowed for one answer.",
        ),
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
        found = diagnoses(results)
        if as_json:
            click.echo(json.dumps(as_data(implementation, results, found), indent=1))
        else:
            printed(_console(), implementation, results, found, target)
    finally:
        implementation.close()
    if write_known:
        name = f"{implementation.name} {implementation.version}".strip()
        kept = known_failures.write(write_known, name, results, elsewhere, reason, link)
        click.echo(
            f"wrote {kept[0]} known failures to {write_known}: {kept[1]} new, {kept[2]} gone",
            err=True,
        )
        ctx.exit(0)
    ctx.exit(exit_status(results, strict))


@main.command()
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--dtype", "-d", type=click.Choice(list(TYPES)), help="In this type; else the widest."
)
@click.option("--timeout", default=10.0, show_default=True, type=click.FloatRange(0.01, 86400))
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
        with _progress(total, f"identifying {implementation.name}") as tick:
            found = list(identified(implementation, chosen, dtype or "", tick))
    finally:
        implementation.close()
    if as_json:
        click.echo(json.dumps([as_identity_data(identity) for identity in found], indent=1))
    else:
        print_identities(_console(), implementation, found)
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


@main.command()
@click.argument("one")
@click.argument("other")
@click.option("--technique", "-t", multiple=True, help="Only this technique or folder.")
@click.option(
    "--dtype", "-d", type=click.Choice(list(TYPES)), help="In this type; else the widest."
)
@click.option("--timeout", default=10.0, show_default=True, type=click.FloatRange(0.01, 86400))
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
            pair.append(load(_words(word), timeout, isolated=isolate))
        total = len({case.operation for case in chosen})
        with _progress(total, f"comparing {pair[0].name} and {pair[1].name}") as tick:
            found = list(compared_with(pair[0], pair[1], chosen, dtype or "", tick))
    finally:
        for implementation in pair:
            implementation.close()
    if as_json:
        names = [f"{i.name} {i.version}".strip() for i in pair]
        data = {"implementations": names, "operations": list(map(as_comparison_data, found))}
        click.echo(json.dumps(data, indent=1))
    else:
        print_comparisons(_console(), pair[0], pair[1], found)
    both = [comparison for comparison in found if comparison.cases]
    ctx.exit(4 if not both else 0 if all(c.agree for c in both) else 1)


def _words(target: str) -> list[str]:
    """A target that is one word of the command line, as the words that it stands for."""
    return [target] if Path(target).is_file() else shlex.split(target) or [target]


@main.command()
@click.argument("target", nargs=-1, required=True)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("trainspec-report"),
    show_default=True,
    help="The folder to write to.",
)
@click.option(
    "--format",
    "-f",
    "formats",
    multiple=True,
    type=click.Choice(["markdown", "html", "json", "junit", "badge"]),
    help="Only this format; else all five.",
)
@click.option(
    "--dtype", "-d", multiple=True, type=click.Choice(list(TYPES)), help="Only this type."
)
@click.option("--timeout", default=10.0, show_default=True, type=click.FloatRange(0.01, 86400))
@click.pass_context
def report(
    ctx: click.Context,
    target: tuple[str, ...],
    output: Path,
    formats: tuple[str, ...],
    dtype: tuple[str, ...],
    timeout: float,
) -> None:
    r"""Check many implementations and lay them side by side: the matrix.

    \b
    trainspec report torch keras my_adapter.py "./my_program --flag"
    trainspec report saved-*.json        from what `trainspec check --json` printed

    Each is run in a process of its own. Writes matrix.md, index.html, matrix.json, junit.xml and
    badge.svg. Exit status: 0 all conform, known failures aside, 1 not all.
    """
    from trainspec.conformance import matrix

    reports = []
    with _progress(len(target), "checking") as tick:
        for name in target:
            reports.append(matrix.measured(name, dtype, timeout))
            tick()
    for path in matrix.written(reports, output, formats):
        click.echo(path)
    ctx.exit(0 if matrix.conform(reports) else 1)


def _run(
    implementation: Implementation,
    chosen: Sequence[cases.Case],
    dtype: Sequence[str],
    variants: dict[str, str],
    draws_of: Sequence[str],
) -> list[Result]:
    with _progress(len(chosen), f"checking {implementation.name}") as tick:
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


@main.command("list")
@click.option("--cases", "with_cases", is_flag=True, help="Every case, with its level and reason.")
@click.option("--variants", "with_variants", is_flag=True, help="Every variant and named error.")
@click.option("--technique", "-t", multiple=True, help="Only this technique or folder.")
def list_(with_cases: bool, with_variants: bool, technique: tuple[str, ...]) -> None:
    """List techniques, their cases, their variants and errors, and the shipped adapters."""
    console = _console()
    chosen = cases.resolve(technique)
    if with_cases and not with_variants:
        for case in cases.load(chosen):
            console.print(
                f"[bold]{case.id}[/bold] [dim]{case.level}, {', '.join(case.types)}[/dim]\n"
                f"    {escape(case.why)}",
                soft_wrap=True,
            )
        return
    if with_variants and with_cases:
        raise click.UsageError("--cases or --variants, not both")
    if with_variants:
        for name in chosen:
            spec = page.load(name)
            for edit in spec.variants.values():
                console.print(f"[bold]{spec.name}[/bold] variant {edit.name}", soft_wrap=True)
            for edit in spec.errors.values():
                console.print(
                    f"[bold]{spec.name}[/bold] error   {edit.name}: [dim]{escape(edit.text)}[/dim]",
                    soft_wrap=True,
                )
        return
    table = Table("technique", "operation", "cases", "variants", "errors")
    for name in chosen:
        spec = page.load(name)
        count = str(len(cases.load([name])))
        table.add_row(name, spec.name, count, str(len(spec.variants)), str(len(spec.errors)))
    console.print(table)
    console.print(f"shipped adapters: {', '.join(shipped())}")


@main.command()
@click.argument("what")
def show(what: str) -> None:
    """Show a technique, a case (adam/first-step) or a variant (adam:eps-hat, adam:a+b)."""
    console = _console()
    if ":" in what:
        operation, _, form = what.partition(":")
        spec = page.load(cases.resolve([operation])[0])
        console.print(str(spec.whole_rule(form)), markup=False, highlight=False)
        for part in filter(None, form.split("+")):
            edit = spec.variants.get(part) or spec.errors[part]
            console.print(f"\n{edit.text.strip()}", markup=False, highlight=False)
    elif any(case.id == what for case in cases.load()):
        _show_case(console, cases.load(ids=[what])[0])
    else:
        (name, *_) = cases.resolve([what])
        spec = page.load(name)
        console.print(f"[bold]{spec.title}[/bold]  {page_file(name)}\n", soft_wrap=True)
        console.print(str(spec.rule), markup=False, highlight=False)
        table = Table("parameter", "default", "domain", "meaning")
        for parameter in spec.parameters.values():
            table.add_row(
                parameter.name, parameter.default, escape(parameter.domain), parameter.meaning
            )
        console.print(table)
        for clause in spec.clauses.values():
            console.print(f"[bold]{clause.id}[/bold] {escape(clause.text)}", soft_wrap=True)


def _show_case(console: Console, case: cases.Case) -> None:
    data = {
        "id": case.id,
        "level": case.level,
        "clauses": case.clauses,
        "why": case.why,
        "types": case.types,
        "hyperparameters": case.hyperparameters,
        "inputs": case.inputs,
        "expected": case.expected.tolist(),
        "tolerance": {kind: values.tolist() for kind, values in case.tolerance.items()},
    }
    for key, value in data.items():
        text = value if isinstance(value, str) else json.dumps(value)
        console.print(f"[bold]{key}[/bold]: {escape(text)}", soft_wrap=True, highlight=False)


@main.command()
@click.argument("language", type=click.Choice(["python", "javascript", "cpp"]))
def new(language: str) -> None:
    """Print an adapter to fill in, for LANGUAGE: `trainspec new python > my_adapter.py`."""
    ending = {"python": "py", "javascript": "mjs", "cpp": "cpp"}[language]
    template = PACKAGE / "conformance" / "templates" / f"adapter.{ending}"
    click.echo(template.read_text("utf-8"), nl=False)


@main.command()
@click.argument("target", nargs=1)
def serve(target: str) -> None:
    """Answer JSON lines for a Python adapter, as a program in any language would."""
    from trainspec.conformance.serve import serve as answer

    answer(load([target]), sys.stdin, sys.stdout)


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
    with _progress(len(every), "certifying") as tick:
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


def _console() -> Console:
    """A console for standard output: as wide as the terminal, or unwrapped in a pipe."""
    width = None if sys.stdout.isatty() else 160
    return Console(width=width, highlight=False)


@contextmanager
def _progress(total: int, text: str) -> Any:
    """A progress bar on the terminal's standard error, and nothing in a pipe."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(escape(text), total=total)
        yield lambda: progress.advance(task)


if __name__ == "__main__":
    main()
