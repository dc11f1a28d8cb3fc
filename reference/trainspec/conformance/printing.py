"""Printing what `identify` and `compare` found, for a terminal and for a pipe."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from trainspec.conformance.identify import Identity
from trainspec.conformance.implementations import Implementation
from trainspec.conformance.report import titled
from trainspec.conformance.versus import Comparison


def print_identities(
    console: Console, implementation: Implementation, found: Sequence[Identity]
) -> None:
    """Print what each form of an implementation is, and how that is known."""
    console.print(f"[bold]{escape(titled(implementation))}[/bold]")
    for identity in found:
        d, r = identity.diagnosis, identity.runner_up
        passed = ", ".join(f"{name} = {value:g}" for name, value in identity.passed.items())
        console.print()
        colour = "green" if identity.known else "yellow"
        console.print(
            f"[{colour} bold]{identity.row}[/{colour} bold] in {identity.kind}"
            + (f", with {passed}" if passed else "")
            + f": [bold]{escape(d.form or 'none of the known forms')}[/bold]",
            soft_wrap=True,
        )
        console.print(f"  [bold]that is[/bold]    {escape(d.text)}", soft_wrap=True)
        if identity.known:
            console.print(
                f"  [bold]evidence[/bold]   explains {d.explained} of {d.cases} cases, "
                f"the farthest by {d.distance:.2g} tolerances"
            )
        if identity.unanswered:
            console.print(
                f"  [bold]but[/bold]        {len(identity.unanswered)} cases have no answer: "
                f"{escape(identity.unanswered[0])}",
                soft_wrap=True,
            )
        if identity.conforms is not None:
            good, every, error = identity.conforms
            console.print(
                f"  [bold]held to it[/bold] {good} of {every} cases pass, largest error "
                f"{error:.2f} tolerances"
            )
        if identity.reason:
            console.print(f"  [bold]held to it[/bold] {escape(identity.reason)}")
        if r is not None:
            console.print(
                f"  [bold]not[/bold]        {escape(r.form)}, the runner-up: {r.tolerances:.3g} "
                f"tolerances off in {r.case} ({r.place}); {r.separating} cases exclude it",
                soft_wrap=True,
            )
        declared = identity.declared or "canonical"
        if d.edits != tuple(filter(None, identity.declared.split("+"))) and not passed:
            console.print(f"  [bold]declared[/bold]   {escape(declared)}")


def print_comparisons(
    console: Console,
    one: Implementation,
    other: Implementation,
    found: Sequence[Comparison],
) -> None:
    """Print where two implementations agree, and where and how they part."""
    table = Table(title=escape(f"{titled(one)} and {titled(other)}"), title_justify="left")
    for column in ("operation", "type", one.name, other.name, "agree in"):
        table.add_column(escape(column))
    for c in (c for c in found if c.cases):
        forms = [escape(d.form or "none of the known forms") for d in c.forms]
        colour = "green" if c.agree else "red"
        agree = f"[{colour}]{c.agreeing} of {c.cases}[/{colour}]"
        table.add_row(c.operation, c.kind, *forms, agree)
    console.print(table)
    for c in found:
        lines = [*c.advice, *c.defaults]
        if c.parting is None and not lines:
            continue
        console.print()
        console.print(f"[bold]{c.operation}[/bold]")
        if c.parting is not None:
            p = c.parting
            console.print(
                f"  they part in {p.case} in {c.kind}, {p.place}: {p.one!r} and {p.other!r}, "
                f"{p.tolerances:.3g} tolerances apart",
                soft_wrap=True,
                highlight=False,
            )
        for line in lines:
            console.print(f"  {escape(line)}", soft_wrap=True)
    alone = [f"{c.operation} ({c.reason})" for c in found if not c.cases]
    if alone:
        console.print(f"\n[dim]not compared: {escape(', '.join(alone))}[/dim]", soft_wrap=True)
