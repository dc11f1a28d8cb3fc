"""Pages made from the golden files: one for every case, and which case catches which mistake."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markdown_it import MarkdownIt
from msgspec import Struct

from trainspec.conformance.basics.names import operation_of
from trainspec.conformance.basics.tensors import is_list_of_shapes
from trainspec.conformance.cases.case import Case
from trainspec.conformance.cases.golden import find_techniques
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.page import Page
from trainspec.conformance.site.formulas import write_formulas
from trainspec.conformance.site.sources import name_case

#: The most numbers of a case on its page; the golden file has all of them.
SHOWN = 60
_MARKDOWN = MarkdownIt("commonmark")


class HtmlPage(Struct, frozen=True):
    """A page that is made without a source: its name, its template and what fills it."""

    name: str
    template: str
    values: Mapping[str, Any]


def make_pages() -> Iterator[HtmlPage]:
    """Every page of a case, and for every technique the table of its cases and mistakes."""
    for technique in find_techniques():
        page, cases = load_page(technique), load_cases([technique])
        catches = [_list_caught(case) for case in cases]
        for case, caught in zip(cases, catches):
            alone = [e for e in caught if sum(e in other for other in catches) == 1]
            yield HtmlPage(
                f"cases/{case.id}", "case.html", _describe_case(page, case, caught, alone)
            )
        yield HtmlPage(f"catches/{page.name}", "catches.html", _describe_catches(page, cases))


def _list_caught(case: Case) -> dict[str, float]:
    """What a case tells from the rule, errors and variants, with margins in its widest type."""
    by_form = next(iter(case.margins.values()), {})
    margins = {name: float(value) for name, value in by_form.items()}
    return {name: margin for name, margin in margins.items() if margin > 1}


def _describe_case(
    page: Page, case: Case, caught: Mapping[str, float], alone: Sequence[str]
) -> dict[str, Any]:
    return {
        "title": case.id,
        "anchor": name_case(page, case.name),
        "page": page,
        "case": case,
        "why": _render(case.why),
        "inputs": {name: json.dumps(value, indent=None) for name, value in case.inputs.items()},
        "numbers": list(_list_numbers(case)),
        "more": max(len(case.expected) - SHOWN, 0),
        "caught": {name: show_margin(margin) for name, margin in caught.items()},
        "errors": page.errors,
        "alone": [name for name in alone if name in page.errors],
    }


def _list_numbers(case: Case) -> Iterator[dict[str, Any]]:
    """The first expected numbers, with the tolerance of each in every type."""
    for index, value in enumerate(case.expected[:SHOWN]):
        yield {
            "place": _name_place(case, index),
            "value": repr(float(value)),
            "hex": float(value).hex(),
            "tolerances": [f"{case.tolerance[kind][index]:.2g}" for kind in case.types],
        }


def _name_place(case: Case, index: int) -> str:
    """Which output a number is of, and its position there."""
    steps = case.keep or range(1, (case.steps or 0) + 1)
    for name, shape in case.outputs.items():
        shapes = shape if is_list_of_shapes(shape) else [shape]
        size = sum(math.prod(s) for s in shapes)
        total = size * (len(steps) or 1)
        if index >= total:
            index -= total
            continue
        where = f"{name}, step {list(steps)[index // size]}" if len(steps) else name
        return f"{where}, number {index % size + 1} of {size}"
    return f"number {index + 1}"


def _describe_catches(page: Page, cases: Sequence[Case]) -> dict[str, Any]:
    """The table of a technique: a row for every mistake and variant, a column for every case."""
    judged = [case for case in cases if case.margins]
    found = [_list_caught(case) for case in judged]
    names = [*page.errors, *page.variants]
    rows = [(name, [show_margin(by.get(name, 0.0)) for by in found]) for name in names]
    return {
        "title": f"{operation_of(page.technique)}: which case catches what",
        "page": page,
        "cases": judged,
        "rows": [(n, cells, sum(1 for c in cells if c)) for n, cells in rows],
    }


def show_margin(margin: float) -> str:
    """A margin as a power of ten, for a narrow cell; nothing where the case does not catch it."""
    if margin <= 1:
        return ""
    return "∞" if math.isinf(margin) else f"{margin:.0e}".replace("e+", "e").replace("e0", "e")


def _render(text: str) -> str:
    """A sentence of a page as HTML, with its formulas."""
    formulas, marked = write_formulas(text)
    html = str(_MARKDOWN.renderInline(marked))
    for mark, formula in formulas.items():
        html = html.replace(mark, formula)
    return html
