"""Reporting on the terminal and in a pipe: `results -> table, failures, one line`."""

from __future__ import annotations

import math
import platform
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from trainspec import __version__
from trainspec.conformance import numbers
from trainspec.conformance.diagnose import Diagnosis, diagnosed
from trainspec.conformance.evaluate import evaluated
from trainspec.conformance.files import page_file
from trainspec.conformance.implementations import Implementation
from trainspec.conformance.nest import array, mapped, spelled
from trainspec.conformance.outcome import Outcome, Result
from trainspec.conformance.page import load
from trainspec.conformance.types import TYPES

Diagnoses = dict[str, Diagnosis]


def diagnoses(results: Sequence[Result]) -> Diagnoses:
    """For every operation and further form with wrong answers, what the implementation is instead.

    The widest type with a wrong answer is looked at: its digits say most.
    """
    found: Diagnoses = {}
    for row in dict.fromkeys(r.case.row for r in results):
        own = [r for r in results if r.case.row == row]
        wrong = [r for r in own if r.outcome is Outcome.WRONG and r.divergence is not None]
        for kind in TYPES:
            if any(r.kind == kind for r in wrong):
                diagnosis = diagnosed([r for r in own if r.kind == kind])
                if diagnosis is not None:
                    found[row] = diagnosis
                break
    return found


def exit_status(results: Iterable[Result], strict: bool = False) -> int:
    """What happened, as a class: 0 conforms, 1 does not, 3 the adapter broke, 4 nothing checked."""
    outcomes = {result.outcome for result in results}
    if any(outcome.breaks for outcome in outcomes):
        return 3
    if any(outcome.fails for outcome in outcomes):
        return 1
    if strict and Outcome.ADVICE in outcomes:
        return 1
    return 0 if outcomes & {Outcome.PASS, Outcome.KNOWN_FAILURE, Outcome.ADVICE} else 4


def as_data(
    implementation: Implementation, results: Sequence[Result], found: Diagnoses
) -> dict[str, Any]:
    """The whole report as JSON data (format ``trainspec-report``, version 1)."""
    return {
        "format": "trainspec-report",
        "format_version": 1,
        "implementation": {"name": implementation.name, "version": implementation.version},
        "profile": implementation.profile,
        "environment": {
            "trainspec": __version__,
            "python": platform.python_version(),
            "platform": platform.platform(),
        },
        "counts": {o.value: n for o, n in Counter(r.outcome for r in results).items()},
        "diagnoses": {
            name: {"form": d.form, "text": d.text, "cases": d.cases, "explained": d.explained}
            for name, d in found.items()
        },
        "results": [_result_data(r) for r in results],
    }


def _result_data(result: Result) -> dict[str, Any]:
    data: dict[str, Any] = {
        "case": result.case.id,
        "technique": result.case.technique,
        "variant": result.case.variant,
        **({"form": result.case.form} if result.case.form else {}),
        "type": result.kind,
        "outcome": result.outcome.value,
        "error_in_tolerances": _finite(result.error),
    }
    if result.message:
        data["message"] = result.message
    d = result.divergence
    if d is not None:
        data["divergence"] = {
            "place": d.place,
            "expected": _finite(d.expected),
            "got": _finite(d.got),
            "ulps": _finite(d.ulps),
            "tolerances": _finite(d.tolerances),
        }
    return data


def _finite(value: float) -> float | str:
    return spelled(value)


def printed(
    console: Console,
    implementation: Implementation,
    results: Sequence[Result],
    found: Diagnoses,
    target: Sequence[str],
    options: Sequence[str] = (),
) -> None:
    """Print the table, the failures and a closing line.

    `target` and `options` are what the command that reproduces a failure needs.
    """
    console.print(_table(implementation, results))
    for row in dict.fromkeys(r.case.row for r in results):
        own = [r for r in results if r.case.row == row]
        print_failures(console, own, found.get(row), target, options)
    _print_rest(console, results)
    console.print(_closing(implementation, results))


def _table(implementation: Implementation, results: Sequence[Result]) -> Table:
    kinds = [kind for kind in TYPES if any(r.kind == kind for r in results)]
    table = Table(title=escape(titled(implementation)), title_justify="left")
    table.add_column("technique")
    table.add_column("form")
    for kind in kinds:
        table.add_column(kind, justify="right")
    for technique, row in dict.fromkeys((r.case.technique, r.case.row) for r in results):
        own = [r for r in results if r.case.row == row]
        if all(r.kind == "" for r in own):
            table.add_row(technique, "[dim]not offered[/dim]")
            continue
        form = next((r.case.variant for r in own if r.case.variant), "canonical")
        table.add_row(technique, form, *(_cell([r for r in own if r.kind == k]) for k in kinds))
    return table


def titled(implementation: Implementation) -> str:
    """Its name with its version."""
    return f"{implementation.name} {implementation.version}".strip()


def _cell(results: Sequence[Result]) -> str:
    if all(r.outcome is Outcome.UNSUPPORTED for r in results):
        return "[dim]-[/dim]"
    bad = sum(r.outcome.fails for r in results)
    if bad:
        return f"[red]✗ {bad} of {len(results)} fail[/red]"
    largest = max((r.error for r in results if r.outcome is Outcome.PASS), default=0.0)
    passed = sum(r.outcome is Outcome.PASS for r in results)
    known = sum(r.outcome is Outcome.KNOWN_FAILURE for r in results)
    note = f", {known} known" if known else ""
    return f"[green]✓ {passed}[/green] [dim]≤ {largest:.2f} tol{note}[/dim]"


def print_failures(
    console: Console,
    results: Sequence[Result],
    diagnosis: Diagnosis | None,
    target: Sequence[str],
    options: Sequence[str] = (),
) -> None:
    """Print what is to be said of one operation's failing results, if there are any."""
    failing = [r for r in results if r.outcome.fails]
    if not failing:
        return
    first = min(failing, key=_telling)
    case = first.case
    page = load(case.technique)
    console.print()
    console.print(f"[red bold]✗ {case.row}[/red bold] {_summary(failing)}")
    if diagnosis is not None and first.divergence is not None:
        console.print(f"  [bold]what it is[/bold]  {escape(diagnosis.text)}", soft_wrap=True)
    kind = f" in {first.kind}" if first.kind else ""
    console.print(f"  [bold]first[/bold]       {case.label}{kind}: {first.outcome.value}")
    if first.message:
        console.print(f"              {escape(first.message)}", soft_wrap=True)
    if first.divergence is not None:
        _print_divergence(console, first)
    for name in filter(None, case.variant.split("+")):
        lines = "; ".join(str(page.variants[name].change).split("\n"))
        console.print(f"  [bold]held to[/bold]     {name}: {escape(lines)}", soft_wrap=True)
    for clause in case.clauses[: 0 if case.variant else 3]:
        text = page.clauses[clause].text
        console.print(f"  [bold]{clause:<11}[/bold] {escape(text)}", soft_wrap=True)
    console.print(f"  [bold]spec[/bold]        {page_file(case.technique)}", soft_wrap=True)
    console.print(f"  [bold]why[/bold]         {escape(case.why)}", soft_wrap=True)
    if case.link and not is_default(first):
        console.print(f"  [bold]seen in[/bold]     {case.link}", soft_wrap=True)
    for other in failing:
        if is_default(other) and other is not first:
            console.print(f"              {escape(other.message)}", soft_wrap=True)
    command = _command(target, first, options)
    console.print(f"  [bold]again[/bold]       {escape(command)}", soft_wrap=True)
    others = list(
        dict.fromkeys(r.case.label for r in failing if r.case.id != case.id and not is_default(r))
    )
    if others:
        console.print(f"  [bold]also fail[/bold]   {escape(', '.join(others))}", soft_wrap=True)


def _telling(result: Result) -> tuple[Any, ...]:
    """Plain failures of ordinary cases first: they teach more than edges do."""
    order = ("core", "numerics", "statistics", "edge")
    return (
        result.divergence is None and result.outcome is Outcome.WRONG,
        order.index(result.case.level),
        list(TYPES).index(result.kind) if result.kind else 0,
    )


def _summary(failing: Sequence[Result]) -> str:
    words = Counter(r.outcome.value for r in failing)
    kinds = [k for k in TYPES if any(r.kind == k for r in failing)]
    counts = ", ".join(f"{n} {word}" for word, n in words.items())
    return f"({counts}; in {', '.join(kinds)})" if kinds else f"({counts})"


def _print_divergence(console: Console, result: Result) -> None:
    d = result.divergence
    assert d is not None
    console.print(f"              {d.place}")
    for word, value in (("expected", d.expected), ("got", d.got)):
        console.print(f"              {word:<9}{value!r:<24} {_hex(value)}", highlight=False)
    if math.isfinite(d.ulps):
        console.print(
            f"              off by {d.ulps:.3g} ulps, {d.tolerances:.3g} tolerances",
            highlight=False,
        )
    values = intermediates(result)
    if values:
        inside = ", ".join(f"{name} = {value:.9g}" for name, value in values.items())
        console.print(f"              [dim]there the rule has {inside}[/dim]", soft_wrap=True)


def intermediates(result: Result) -> dict[str, float]:
    """What the rule's names are at the place where the answer first departs, in float64."""
    case, d = result.case, result.divergence
    if d is None or "grads" not in case.inputs:
        return {}
    words = d.place.replace("[", " ").replace("]", " ").replace(",", " ").split()
    step, tensor = int(words[1]), int(words[3])
    element = tuple(int(w) for w in words[5:])
    rule = load(case.technique).whole_rule(case.variant)
    seen: dict[str, float] = {}

    def watch(place: tuple[int, ...], names: dict[str, Any]) -> None:
        if place == (step - 1, tensor):
            for line in rule.body:
                value = np.asarray(names[line.name], dtype=np.float64)
                seen[line.name] = float(value[element] if value.shape else value)

    inputs = mapped(lambda t: array(t, np.float64), case.inputs)
    outputs = tuple(case.outputs)
    evaluated(case.technique, outputs, rule, inputs, case.numbers(), numbers.FUNCTIONS, watch)
    return seen


def _hex(value: float) -> str:
    return value.hex() if math.isfinite(value) else ""


def is_default(result: Result) -> bool:
    """Whether a result is of a default hyperparameter, not of a golden case."""
    return result.case.id.partition("/")[2].startswith("default-")


def _command(target: Sequence[str], result: Result, given: Sequence[str]) -> str:
    words = list(target)
    program = len(words) > 1 or not (words[0].endswith(".py") or words[0].isidentifier())
    options = ["--case", result.case.id, *(["--dtype", result.kind] if result.kind else [])]
    if is_default(result):
        options = ["--technique", result.case.operation]
        given = given or ["--profile", result.case.link]
    options += given
    parts = [*options, "--", *words] if program else [*words, *options]
    return shlex.join(["trainspec", "check", *parts])


def _print_rest(console: Console, results: Sequence[Result]) -> None:
    known = {r.case.label: r.message for r in results if r.outcome is Outcome.KNOWN_FAILURE}
    for case, reason in known.items():
        console.print(f"[yellow]known failure[/yellow] {case}: {escape(reason)}", soft_wrap=True)
    advice: dict[str, list[str]] = {}
    for r in results:
        if r.outcome is Outcome.ADVICE:
            ids = advice.setdefault(r.case.row, [])
            if r.case.label not in ids:
                ids.append(r.case.label)
    for operation, ids in advice.items():
        shown = ", ".join(ids[:2]) + (f" and {len(ids) - 2} more" if len(ids) > 2 else "")
        clauses = sorted({c for r in results if r.case.label in ids for c in r.case.clauses})
        console.print(
            f"[yellow]advice[/yellow] {operation}: what {', '.join(clauses)} recommends is not "
            f"done in {shown}",
            soft_wrap=True,
        )


def _closing(implementation: Implementation, results: Sequence[Result]) -> str:
    counts = Counter(r.outcome.value for r in results if r.kind)
    offered = [r for r in results if r.kind]
    if all(r.outcome is Outcome.UNSUPPORTED for r in offered):
        if offered or any(r.message != "not offered" for r in results):
            return "[red]nothing was checked:[/red] no case of these types is supported"
        return (
            "[red]nothing was checked:[/red] none of the operations is offered; "
            "see `trainspec list` for their names"
        )
    failing = any(r.outcome.fails for r in offered)
    verdict = "[red]does not conform[/red]" if failing else "[green]conforms[/green]"
    told = ", ".join(f"{n} {word}" for word, n in counts.items())
    return f"{escape(implementation.name)} {verdict}: {told}"
