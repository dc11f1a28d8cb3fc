"""``trainspec new`` and ``trainspec serve``: an adapter to fill in, and one as a program."""

from __future__ import annotations

import sys

import click

from trainspec.conformance.cli.group import main
from trainspec.conformance.files import PACKAGE
from trainspec.conformance.implementations import load


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
