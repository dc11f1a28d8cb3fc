"""What `identify` and `compare` found, on the terminal and in a pipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from trainspec.conformance.basics.names import display_form, split_form
from trainspec.conformance.diagnosis.compare import Comparison
from trainspec.conformance.diagnosis.identify import Identity
from trainspec.conformance.diagnosis.wording import NO_FORM
from trainspec.conformance.implementations.implementation import Implementation, title_of
from trainspec.conformance.reporting.terminal import print_labelled

print_line = partial(print_labelled, indent=23)

#: So many forms that explain the answers as well are shown with what would tell them apart.
FEW = 3


def print_identities(
    console: Console, implementation: Implementation, found: Sequence[Identity]
) -> None:
    """Print what each offering of an implementation is, and how that is known."""
    console.print(f"[bold]{escape(title_of(implementation))}[/bold]")
    for identity in found:
        _print_identity(console, identity)
        # An object declares nothing.
        declared = split_form(identity.declared)
        differs = identity.diagnosis.edits != declared and not identity.passed
        if differs and not implementation.undeclared:
            print_line(console, "declared", display_form(identity.declared))


def _print_identity(console: Console, identity: Identity) -> None:
    d, other = identity.diagnosis, identity.alternative
    colour = "green" if identity.known else "yellow"
    console.print()
    console.print(
        f"[{colour} bold]{identity.offering}[/{colour} bold] in {identity.kind}"
        f"{_format_passed(identity.passed)}: [bold]{escape(d.form or NO_FORM)}[/bold]",
        soft_wrap=True,
    )
    print_line(console, "diagnosis", d.text)
    if identity.known:
        every = "the one case" if d.cases == 1 else f"all {d.cases} cases"
        explained = every if d.explained == d.cases else f"{d.explained} of {d.cases} cases"
        print_line(
            console,
            "evidence",
            f"explains {explained}; the largest deviation is {d.distance:.2g} tolerances",
        )
    if identity.unanswered:
        print_line(
            console,
            "without an answer",
            f"{_count_cases(len(identity.unanswered))}, such as {identity.unanswered[0]}",
        )
    if identity.recheck is not None:
        r = identity.recheck
        print_line(
            console,
            "checked as this form",
            f"{r.passed} of {r.asked} cases pass, the largest error is {r.error:.2f} tolerances",
        )
    if identity.reason:
        print_line(console, "checked as this form", identity.reason)
    for like in identity.alike[:FEW]:
        apart = f"the answer to {like.case} would tell them apart: {like.why}" if like.case else ""
        print_line(console, "explained as well by", f"{like.form}; {apart or 'no case differs'}")
    if len(identity.alike) > FEW:
        more = ", ".join(like.form for like in identity.alike[FEW:])
        print_line(console, "", f"and by {more}")
    if other is not None:
        cases = _count_cases(other.separating)
        print_line(
            console,
            "closest alternative",
            f"{other.form}, ruled out by {cases}; in {other.case}, {other.difference} "
            f"({other.tolerances:.2g} × tolerance)",
        )


def _count_cases(number: int) -> str:
    return "1 case" if number == 1 else f"{number} cases"


def _format_passed(passed: Mapping[str, float]) -> str:
    given = ", ".join(f"{name} = {value:g}" for name, value in passed.items())
    return f", with {given}" if given else ""


def print_comparisons(
    console: Console,
    one: Implementation,
    other: Implementation,
    found: Sequence[Comparison],
) -> None:
    """Print where two implementations agree, and where and how they differ."""
    table = Table(title=escape(f"{title_of(one)} and {title_of(other)}"), title_justify="left")
    for column in ("operation", "type", one.name, other.name, "agree in"):
        table.add_column(escape(column))
    for c in (c for c in found if c.cases):
        forms = [escape(d.form or NO_FORM) for d in c.forms]
        colour = "green" if c.agree else "red"
        agree = f"[{colour}]{c.agreeing} of {c.cases}[/{colour}]"
        table.add_row(f"{c.offering}{_format_passed(c.passed)}", c.kind, *forms, agree)
    console.print(table)
    for c in found:
        _print_comparison(console, c)
    alone = [f"{c.offering} ({c.reason})" for c in found if not c.cases and not c.passed]
    if alone:
        console.print(f"\n[dim]not compared: {escape(', '.join(alone))}[/dim]", soft_wrap=True)


def _print_comparison(console: Console, c: Comparison) -> None:
    lines = [*c.advice, *c.defaults]
    if c.difference is None and not lines:
        return
    console.print()
    console.print(f"[bold]{c.offering}[/bold]{_format_passed(c.passed)}")
    if c.difference is not None:
        d = c.difference
        console.print(
            f"  they first differ in {d.case} in {c.kind}, {d.where}: {d.one!r} and {d.other!r}, "
            f"{d.tolerances:.3g} tolerances apart",
            soft_wrap=True,
            highlight=False,
        )
    for line in lines:
        console.print(f"  {escape(line)}", soft_wrap=True)
