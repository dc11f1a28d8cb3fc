"""A spec page, a case or a form on the terminal, with mathematics in Unicode."""

from __future__ import annotations

import json
import re

from rich.console import Console
from rich.markdown import Markdown
from rich.markup import escape
from rich.syntax import Syntax

from trainspec.conformance.basics.names import split_form
from trainspec.conformance.basics.paths import page_path
from trainspec.conformance.basics.plain_math import render_formula, render_text
from trainspec.conformance.cases.case import Case
from trainspec.conformance.pages.page import Page

#: Sections that are too long for a terminal: a line says how to see them.
LONG_SECTIONS = {
    "Variants": "trainspec list --variants -t {name}; trainspec show {name}:VARIANT",
    "Errors": "trainspec list --variants -t {name}",
    "Cases": "trainspec list --cases -t {name}; trainspec show {name}/CASE",
}


def print_page(console: Console, page: Page) -> None:
    """Print the sections of a page in order; variants, errors and cases as counts."""
    path = page_path(page.technique)
    counts = {"Variants": page.variants, "Errors": page.errors, "Cases": page.cases}
    for title, text in _split_sections(path.read_text("utf-8")):
        if title in LONG_SECTIONS:
            how = LONG_SECTIONS[title].format(name=page.name)
            body = f"## {title}\n\n{len(counts[title])}: `{how}`"
        else:
            body = _render_section(text)
        console.print(Markdown(body))
        console.print()
    console.print(f"[dim]the whole page: {path}[/dim]", soft_wrap=True)


def _split_sections(text: str) -> list[tuple[str, str]]:
    """The title and the whole text of every section, the first one with the page's own title."""
    parts = re.split(r"^(?=## )", text, flags=re.MULTILINE)
    return [(part.split("\n", 1)[0].removeprefix("## ").strip(), part) for part in parts]


def _render_section(text: str) -> str:
    """Markdown with its formulas in Unicode, and its code left alone."""
    text = re.sub(r"^!\[.*\n", "", text, flags=re.MULTILINE)  # pictures
    pieces = re.split(r"(^```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL)
    return "".join(p if p.startswith("```") else _render_formulas(p) for p in pieces)


def _render_formulas(text: str) -> str:
    """Displayed formulas as blocks of code, the others as emphasis."""
    text = re.sub(r"\$\$(.+?)\$\$", _render_display, text, flags=re.DOTALL)
    text = re.sub(r"\$(.+?)\$", lambda match: _protect(render_formula(match[1])), text)
    return text.replace("<br>", " ")


def _render_display(match: re.Match[str]) -> str:
    """A displayed formula as a block of code, with a line for each of its parts."""
    parts = [render_formula(part) for part in match[1].split(r"\qquad")]
    return "\n```text\n" + "\n".join(parts) + "\n```\n"


def _protect(text: str) -> str:
    """Text with the characters that Markdown would take for marks escaped."""
    return re.sub(r"([*_|\\`<>\[\]])", r"\\\1", text)


def print_form(console: Console, page: Page, name: str) -> None:
    """Print the rule of a form, and what each of its edits is."""
    rule = page.rule_of_form(name)
    console.print(Syntax(str(rule), "python", theme="ansi_dark", background_color="default"))
    for part in split_form(name):
        edit = page.edits[part]
        console.print(f"\n[bold]{part}[/bold] {escape(render_text(edit.text.strip()))}")
        for clause in edit.clauses:
            text = render_text(page.clauses[clause].text)
            console.print(f"  departs from {clause} {escape(text)}", soft_wrap=True)


def print_case(console: Console, case: Case) -> None:
    """Print everything that a case holds, a line for each part."""
    data = {
        "id": case.id,
        "level": case.level,
        "clauses": case.clauses,
        "why": render_text(case.why),
        "types": case.types,
        "hyperparameters": case.hyperparameters,
        "inputs": case.inputs,
        "expected": case.expected.tolist(),
        "tolerance": {kind: values.tolist() for kind, values in case.tolerance.items()},
    }
    for key, value in data.items():
        text = value if isinstance(value, str) else json.dumps(value)
        console.print(f"[bold]{key}[/bold]: {escape(text)}", soft_wrap=True, highlight=False)
