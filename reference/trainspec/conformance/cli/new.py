"""``trainspec new``: an adapter to fill in."""

from __future__ import annotations

import click

from trainspec.conformance.basics.paths import TEMPLATES

#: Language -> the ending of its template.
LANGUAGES = {"python": "py", "javascript": "mjs", "cpp": "cpp"}


@click.command("new")
@click.argument("language", type=click.Choice(list(LANGUAGES)))
def command(language: str) -> None:
    """Print an adapter to fill in, for LANGUAGE.

    \b
    trainspec new python > my_adapter.py
    """  # noqa: D301
    template = TEMPLATES / f"adapter.{LANGUAGES[language]}"
    click.echo(template.read_text("utf-8"), nl=False)
