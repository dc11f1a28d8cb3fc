"""What a trace was found to be, on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from trainspec.conformance.basics.plain_math import render_text
from trainspec.conformance.reporting.terminal import print_labelled
from trainspec.conformance.traces.explanation import Explained, Explanation, find_separator

#: Where the text of a labelled line begins.
INDENT = 23
#: So many golden cases that tell forms apart are shown.
FEW = 5


def print_explained(console: Console, name: str, found: Explained) -> None:
    """Print every form that explains a trace, or that none does."""
    trace = found.trace
    console.print(
        escape(f"{name}: {trace.steps} steps of {trace.size} numbers in {trace.kind}"),
        soft_wrap=True,
    )
    whole = [e for e in found.explanations if e.whole]
    shown = whole or list(found.explanations)[:1]
    for explanation in shown:
        _print_one(console, explanation, len(whole))
    if not shown:
        console.print("[red]no form of these update rules explains it[/red]")
    if len(whole) > 1:
        console.print(f"[yellow]{len(whole)} forms explain all of it[/yellow]")
        _print_separators(console, whole)
    for note in found.notes:
        console.print(f"[yellow]note[/yellow] {escape(note)}", soft_wrap=True)


def _print_separators(console: Console, whole: Sequence[Explanation]) -> None:
    """Print which golden cases tell forms of one rule apart, where there are any."""
    told: dict[str, list[str]] = {}
    for other in whole[1:]:
        separator = find_separator(whole[0], other)
        if separator:
            told.setdefault(separator, []).append(other.form)
    for separator, forms in list(told.items())[:FEW]:
        text = f"{whole[0].form} and {', '.join(forms)} differ in {separator}"
        print_labelled(console, "what tells apart", render_text(text), INDENT)


def _print_one(console: Console, explanation: Explanation, whole: int) -> None:
    colour = "green" if whole and explanation.published else "red"
    mistake = "" if explanation.published else " (a known mistake)"
    console.print(f"[{colour} bold]{explanation.form}[/{colour} bold]{mistake}")
    constants = explanation.solution.constants
    values = [f"{name} = {value:g}" for name, value in sorted(constants.items())]
    print_labelled(console, "learning rate", explanation.rates, INDENT)
    if values:
        print_labelled(console, "inferred", ", ".join(values), INDENT)
    if explanation.solution.open:
        names = ", ".join(explanation.solution.open)
        text = f"{names}: other values explain the trace as well"
        print_labelled(console, "not determined", text, INDENT)
    text = f"explains {explanation.explained} of {explanation.judged} numbers"
    if explanation.whole:
        text += f"; the largest deviation is {explanation.largest:.2g} tolerances"
    print_labelled(console, "evidence", text, INDENT)
    if explanation.counting:
        text = f"{explanation.counting}, where gradients are missing"
        print_labelled(console, "steps", text, INDENT)
    if explanation.first_miss:
        print_labelled(console, "first miss", explanation.first_miss, INDENT)
