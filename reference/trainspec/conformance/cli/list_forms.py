"""What ``trainspec list --variants`` prints, which needs the pages read."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from trainspec.conformance.basics.plain_math import render_text
from trainspec.conformance.pages.load import load_page


def print_forms(out: Console, chosen: list[str]) -> None:
    """Print every variant and named error of the chosen techniques, a line each."""
    for page in map(load_page, chosen):
        for edit in page.variants.values():
            out.print(
                f"[bold]{page.name}[/bold] variant {edit.name} "
                f"[dim]departs from {', '.join(edit.clauses)}[/dim]",
                soft_wrap=True,
            )
        for edit in page.errors.values():
            out.print(
                f"[bold]{page.name}[/bold] error   {edit.name}: "
                f"[dim]{escape(render_text(edit.text))}; breaks {', '.join(edit.clauses)}[/dim]",
                soft_wrap=True,
            )
