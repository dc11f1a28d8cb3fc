"""The rule beside the reference: `page -> a table with a row for every line`.

A line of the rule stands beside the statement of the reference that assigns the same name. Where
the reference folds a line into another, its place is empty.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import cache

from trainspec.conformance.basics.paths import PACKAGE, page_path
from trainspec.conformance.pages.markdown import read_tables
from trainspec.conformance.pages.page import Page
from trainspec.conformance.site.latex import write_line


def write_beside(page: Page) -> str:
    """A section with a row for every line of the rule: as a formula, and in the reference."""
    symbols = read_symbols(page.technique)
    statements = dict(_read_statements(page.technique))
    rows = []
    for line in page.rule.body:
        found = statements.get(line.name, "")
        code = f"`` {_escape(found)} ``" if found else ""
        rows.append(f"| ${_escape(write_line(line, symbols))}$ | {code} |")
    if not any(statements.get(line.name) for line in page.rule.body):
        return ""
    return (
        "### The rule beside the reference\n\n"
        f"Each line of the rule, and the statement of the reference, `{page.technique}.py`, that "
        "computes the same name. The reference may fold one line into another.\n\n"
        "| the rule | the reference |\n|---|---|\n" + "\n".join(rows) + "\n\n"
    )


@cache
def read_symbols(technique: str) -> Mapping[str, str]:
    """The symbol of every name that a page's tables give one for, as LaTeX."""
    _, tables = read_tables(page_path(technique).read_text("utf-8"))
    rows = (row for table in tables.values() for row in table if {"symbol", "name"} <= row.keys())
    return {row["name"]: row["symbol"].strip("$ ") for row in rows if row["symbol"].startswith("$")}


@cache
def _read_statements(technique: str) -> tuple[tuple[str, str], ...]:
    """The names that the reference assigns, each with its first statement that is an equation."""
    path = PACKAGE / f"{technique}.py"
    if not path.is_file():
        return ()
    source = path.read_text("utf-8")
    found: dict[str, str] = {}
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
            continue
        text = " ".join((ast.get_source_segment(source, node) or "").split())
        if isinstance(node.value, (ast.BinOp, ast.Call, ast.UnaryOp, ast.IfExp)):
            found.setdefault(node.targets[0].id.rstrip("_"), text)
    return tuple(found.items())


def _escape(text: str) -> str:
    """Text for a cell of a table."""
    return text.replace("|", r"\|")
