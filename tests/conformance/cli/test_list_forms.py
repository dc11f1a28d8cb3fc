"""The variants and errors of a technique, a line each."""

from __future__ import annotations

import io

from rich.console import Console

from trainspec.conformance.cli.list_forms import print_forms
from trainspec.conformance.pages.load import load_page


def test_every_form_has_a_line_with_its_clauses():
    out = io.StringIO()
    print_forms(Console(file=out, width=400, highlight=False), ["optimizers/adam"])
    lines = out.getvalue().splitlines()
    page = load_page("optimizers/adam")
    assert len(lines) == len(page.variants) + len(page.errors)
    assert "adam variant eps-hat departs from ADAM-4" in out.getvalue()
    assert all("ADAM-" in line for line in lines)
