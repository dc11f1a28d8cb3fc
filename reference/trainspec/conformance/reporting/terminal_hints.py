"""Hints for a learner: how far each function is, and which clause to read; never the answer."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from trainspec.conformance.basics.paths import page_path
from trainspec.conformance.basics.plain_math import render_text
from trainspec.conformance.cases.result import Outcome, Result
from trainspec.conformance.reporting.report import (
    Diagnoses,
    find_broken_clauses,
    group_by_offering,
)
from trainspec.conformance.reporting.terminal import print_labelled

#: The most clauses named at a time: a learner mends one thing after the other.
CLAUSES = 2


def print_hints(console: Console, results: Sequence[Result], found: Diagnoses) -> None:
    """Print a line for every function that is offered, and a hint for each that is not right.

    A hint names the clause to read and why the case exists. It shows no expected number, no rule
    and no diagnosis.
    """
    grouped = group_by_offering([r for r in results if r.kind])
    done = 0
    for offering, own in grouped.items():
        asked = [r for r in own if r.outcome is not Outcome.UNSUPPORTED]
        failing = [r for r in asked if r.outcome.fails]
        if not asked:
            continue
        done += not failing
        mark = "[red]✗[/red]" if failing else "[green]✓[/green]"
        console.print(
            f"{mark} {offering}: {len(asked) - len(failing)} of {len(asked)} answers are right"
        )
        if not failing:
            continue
        first = failing[0]
        if first.message and (first.fault or first.outcome is not Outcome.WRONG):
            print_labelled(console, first.outcome.value, first.message)
        clauses = find_broken_clauses(first, found.get(offering))[:CLAUSES]
        if clauses:
            print_labelled(
                console, "read", f"{', '.join(clauses)} in {page_path(first.case.technique)}"
            )
        if first.case.why and not first.fault:
            print_labelled(console, "try", f"{first.case.label}: {render_text(first.case.why)}")
    total = sum(any(r.outcome is not Outcome.UNSUPPORTED for r in own) for own in grouped.values())
    console.print(escape(f"{done} of {total} functions are right"))
