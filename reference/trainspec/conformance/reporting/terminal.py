"""The report of a check on the terminal and in a pipe: a table, the failures, one closing line."""

from __future__ import annotations

import math
import shlex
from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from trainspec.conformance.basics.float_types import TYPES
from trainspec.conformance.basics.names import Offering, Subject, display_form, split_form
from trainspec.conformance.basics.paths import page_path
from trainspec.conformance.basics.plain_math import render_text
from trainspec.conformance.cases.case import LEVELS
from trainspec.conformance.cases.result import Divergence, Fault, Outcome, Result
from trainspec.conformance.diagnosis.diagnose import Diagnosis
from trainspec.conformance.implementations.implementation import Implementation, title_of
from trainspec.conformance.implementations.objects import names_object
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.page import Page
from trainspec.conformance.reporting.report import (
    Diagnoses,
    choose_exit_status,
    compute_intermediates,
    find_broken_clauses,
    group_by_offering,
)

#: Where the text of a labelled line begins.
INDENT = 20
RIGHT_BUT_FOR_THE_TYPE = (
    "the formula is right; the results have the wrong type: return them in the type of the inputs, "
    "such as np.asarray(…, dtype=W.dtype), or name the types that your code has, such as "
    'types = ["float64"]'
)
#: The most clauses shown with one failure.
CLAUSES = 3


def print_report(
    console: Console,
    implementation: Implementation,
    results: Sequence[Result],
    found: Diagnoses,
    target: Sequence[str],
    options: Sequence[str] = (),
    *,
    strict: bool = False,
) -> None:
    """Print the table, the failures and a closing line.

    `target` and `options` are what the command that reproduces a failure needs.
    """
    grouped = group_by_offering(results)
    console.print(_make_table(implementation, grouped))
    whole = [r.case.operation for r in results if r.subject is Subject.STEPS and not r.kind]
    missing = [o for o, own in grouped.items() if not _is_offered(own) and str(o) not in whole]
    if missing:
        names = ", ".join(map(str, missing))
        console.print(f"[dim]not offered: {escape(names)}[/dim]", soft_wrap=True)
    if whole:
        console.print(f"[dim]not offered step by step: {', '.join(whole)}[/dim]", soft_wrap=True)
    for own in grouped.values():
        print_failures(console, own, _choose_diagnosis(own, found), target, options)
    _print_known_failures(console, results)
    _print_advice(console, results)
    for line in list_notes(results):
        console.print(f"[yellow]note[/yellow] {escape(line)}", soft_wrap=True)
    console.print(_format_closing(implementation, results, strict))


def _choose_diagnosis(results: Sequence[Result], found: Diagnoses) -> Diagnosis | None:
    """The diagnosis that the first of an offering's failures belongs to."""
    first = min((r for r in results if r.outcome.fails), key=_rank, default=None)
    if first is None:
        return None
    offering = first.case.offering
    return found.get(offering.starter if first.subject is Subject.STEPS else offering)


def _is_offered(results: Sequence[Result]) -> bool:
    return any(r.kind for r in results)


def _make_table(implementation: Implementation, grouped: dict[Offering, list[Result]]) -> Table:
    kinds = [k for k in TYPES if any(r.kind == k for own in grouped.values() for r in own)]
    table = Table(title=escape(title_of(implementation)), title_justify="left")
    table.add_column("technique")
    table.add_column("form")
    for kind in kinds:
        table.add_column(kind, justify="right")
    for own in filter(_is_offered, grouped.values()):
        form = display_form(next((r.case.form for r in own if r.case.form), ""))
        cells = (_format_cell([r for r in own if r.kind == k]) for k in kinds)
        table.add_row(own[0].case.technique, form, *cells)
    return table


def _format_cell(results: Sequence[Result]) -> str:
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
    """Print what there is to say of one offering's failing results, if there are any."""
    failing = [r for r in results if r.outcome.fails]
    if not failing:
        return
    first = min(failing, key=_rank)
    case = first.case
    page = load_page(case.technique)
    console.print()
    console.print(f"[red bold]✗ {case.offering}[/red bold] {_summarize(failing)}")
    _print_diagnosis(console, page, first, diagnosis)
    for name in split_form(case.form):
        lines = "; ".join(str(page.variants[name].change).split("\n"))
        print_labelled(console, "checked against", f"{name}: {lines}")
    kind = f" in {first.kind}" if first.kind else ""
    print_labelled(console, "first failure", f"{case.label}{kind}: {first.outcome.value}")
    if first.message:
        print_labelled(console, "", first.message)
    if first.divergence is not None:
        _print_divergence(console, first, first.divergence)
    for result in failing:
        if result.subject is Subject.DEFAULT and result is not first:
            print_labelled(console, "", result.message)
    if not first.fault:
        print_labelled(console, "why it matters", render_text(case.why))
    if case.link:
        print_labelled(console, "seen in", case.link)
    print_labelled(console, "spec page", str(page_path(case.technique)))
    if target:
        print_labelled(console, "reproduce with", _format_command(target, first, options))
    golden = (r for r in failing if r.subject is not Subject.DEFAULT)
    others = list(dict.fromkeys(r.case.label for r in golden if r.case.id != case.id))
    if others:
        print_labelled(console, "also failing", ", ".join(others))


def _print_diagnosis(
    console: Console, page: Page, first: Result, diagnosis: Diagnosis | None
) -> None:
    """Print what the implementation is instead, and the clauses that it breaks."""
    told = first.answer is not None or first.drawn or first.diagnosis
    if first.fault is Fault.TYPE:
        print_labelled(console, "diagnosis", RIGHT_BUT_FOR_THE_TYPE)
    elif diagnosis is not None and told:
        print_labelled(console, "diagnosis", diagnosis.text)
    clauses = find_broken_clauses(first, diagnosis if told else None)[:CLAUSES]
    # Where no form is known, the clauses are those that the case is about.
    known = first.fault is not None or bool(told and diagnosis is not None and diagnosis.edits)
    label = "breaks" if known or len(clauses) == 1 else "breaks one of"
    for number, clause in enumerate(clauses):
        text = f"{clause} {render_text(page.clauses[clause].text)}"
        print_labelled(console, "" if number else label, text)


def print_labelled(console: Console, label: str, text: str, indent: int = INDENT) -> None:
    """Print a text behind its label; `indent` is where the text begins."""
    console.print(f"  [bold]{label:<{indent - 2}}[/bold]{escape(text)}", soft_wrap=True)


def _rank(result: Result) -> tuple[Any, ...]:
    """Plain failures of ordinary cases first: they teach more than edges do."""
    order = [level for level in LEVELS if level != "edge"] + ["edge"]
    return (
        result.divergence is None and result.outcome is Outcome.WRONG,
        order.index(result.case.level),
        list(TYPES).index(result.kind) if result.kind else 0,
    )


def _summarize(failing: Sequence[Result]) -> str:
    words = Counter(r.outcome.value for r in failing)
    kinds = [k for k in TYPES if any(r.kind == k for r in failing)]
    counts = ", ".join(f"{n} {word}" for word, n in words.items())
    return f"({counts}; in {', '.join(kinds)})" if kinds else f"({counts})"


def _print_divergence(console: Console, result: Result, d: Divergence) -> None:
    print_labelled(console, "", str(d.place))
    for word, value in (("expected", d.expected), ("got", d.got)):
        print_labelled(console, "", f"{word:<9}{value!r:<24} {_format_hex(value)}".rstrip())
    if math.isfinite(d.ulps):
        print_labelled(console, "", f"off by {d.ulps:.3g} ulps, {d.tolerances:.3g} tolerances")
    values = compute_intermediates(result)
    if values:
        inside = ", ".join(f"{name} = {value:.9g}" for name, value in values.items())
        print_labelled(console, "", f"there the rule has {inside}")


def _format_hex(value: float) -> str:
    return value.hex() if math.isfinite(value) else ""


def _format_command(target: Sequence[str], result: Result, given: Sequence[str]) -> str:
    words = list(target)
    one = words[0]
    python = one.endswith(".py") or one.isidentifier() or names_object(one)
    program = len(words) > 1 or not python
    options = ["--case", result.case.id, *(["--dtype", result.kind] if result.kind else [])]
    if result.subject is not Subject.CASE:
        options = ["--technique", result.case.operation]
    if result.subject is Subject.STEPS:
        options += ["--level", "steps", "--dtype", result.kind]
    if result.subject is Subject.DEFAULT:
        given = given or ["--profile", result.case.profile]
    options += given
    parts = [*options, "--", *words] if program else [*words, *options]
    return shlex.join(["trainspec", "check", *parts])


def _print_known_failures(console: Console, results: Sequence[Result]) -> None:
    known = {r.case.label: r.message for r in results if r.outcome is Outcome.KNOWN_FAILURE}
    for case, reason in known.items():
        console.print(f"[yellow]known failure[/yellow] {case}: {escape(reason)}", soft_wrap=True)


def _print_advice(console: Console, results: Sequence[Result]) -> None:
    """Print, for every recommendation that is not followed, what it says and what happened."""
    advice: dict[tuple[Offering, str], list[Result]] = {}
    for r in results:
        if r.outcome is Outcome.ADVICE:
            for clause in r.case.clauses:
                advice.setdefault((r.case.offering, clause), []).append(r)
    for (offering, clause), own in advice.items():
        text = render_text(load_page(own[0].case.technique).clauses[clause].text)
        labels = list(dict.fromkeys(r.case.label for r in own))
        rest = f" and {len(labels) - 1} more" if len(labels) > 1 else ""
        happened = own[0].message or own[0].outcome.value
        if own[0].divergence is not None:
            happened = f"expected {own[0].divergence.expected!r}, got {own[0].divergence.got!r}"
        console.print(
            f"[yellow]advice[/yellow] {offering}: {clause} {escape(text)}", soft_wrap=True
        )
        print_labelled(console, "", f"in {labels[0]}{rest}: {happened}")


def list_notes(results: Sequence[Result]) -> list[str]:
    """What of an offered operation was not checked, and what else is good to know of it."""
    lines = []
    for r in results:
        if (
            r.kind
            and r.subject in (Subject.DRAW, Subject.STEPS)
            and (r.outcome is Outcome.UNSUPPORTED)
        ):
            lines.append(f"{r.case.offering}: {r.message}")
        if r.subject in (Subject.ACCEPTED, Subject.STEPS) and r.outcome is Outcome.PASS:
            lines += [f"{r.case.offering}: {r.message}"] if r.message else []
        lines += [
            f"{r.case.offering}: the output {name} is None and is not checked"
            for name in r.case.skipped
        ]
    return list(dict.fromkeys(lines))


def _format_closing(implementation: Implementation, results: Sequence[Result], strict: bool) -> str:
    offered = [r for r in results if r.kind]
    counts = Counter(r.outcome.value for r in offered)
    if all(r.outcome is Outcome.UNSUPPORTED for r in offered):
        if offered and not any(r.message for r in offered):
            return (
                "[red]nothing was checked:[/red] every function raises NotImplementedError, as the "
                "template does; fill one in"
            )
        if offered or any(r.message != "not offered" for r in results):
            return "[red]nothing was checked:[/red] no case of these types is supported"
        return (
            "[red]nothing was checked:[/red] none of the operations is offered; "
            "see `trainspec list` for their names"
        )
    failing = choose_exit_status(offered, strict) not in (0, 4)
    advised = not any(r.outcome.fails for r in offered) and failing
    verdict = "[red]does not conform[/red]" if failing else "[green]conforms[/green]"
    note = " (--strict: advice counts)" if advised else ""
    told = ", ".join(f"{n} {word}" for word, n in counts.items())
    return f"{escape(implementation.name)} {verdict}{note}: {told}"
