"""A form in words."""

from __future__ import annotations

from collections.abc import Sequence

from trainspec.conformance.basics.float_types import FloatArray
from trainspec.conformance.basics.plain_math import render_formulas
from trainspec.conformance.checking.distance import find_first_difference, locate
from trainspec.conformance.diagnosis.evidence import NEAR, Evidence
from trainspec.conformance.pages.forms import Form, list_complements, list_float_products
from trainspec.conformance.pages.page import Page

#: What is said where no form explains the answers.
NO_FORM = "none of the known forms"


def describe_form(page: Page, form: Form) -> str:
    """A form in words: its variants and errors, the lines that they change, its constants."""
    if len(form.edits) > 2:
        published = [name for name in form.edits if name in page.variants]
        parts = [f"the published variants {', '.join(published)} together"]
        parts += [describe_edit(page, name) for name in form.edits if name not in published]
    else:
        parts = [describe_edit(page, name) for name in form.edits]
    if len(form.edits) == 2:
        parts = ["two changes together: " + ", and ".join(parts)]
    parts += form.words
    return "; ".join(parts) or "this is the canonical form"


def describe_edit(page: Page, name: str) -> str:
    """A variant, an error, or another reading, in words."""
    if name not in page.edits:
        products = list_float_products(page.technique)
        if name in products:
            return f"a product is rounded before its whole part is taken: {products[name]}"
        change = list_complements(page.technique)[name]
        return f"a hyperparameter is meant the other way round: {change}"
    edit = page.variants.get(name) or page.errors[name]
    lines = "; ".join(map(str, (*edit.change.start, *edit.change.body)))
    if name in page.variants:
        return f"this is the published variant {name}: {lines}"
    return f"this is the known error {name} ({render_formulas(edit.text)}): {lines}"


def describe_first_difference(
    evidence: Evidence, index: int, values: FloatArray, names: Sequence[str]
) -> str:
    """The place of the first number of an answer that is not what a form returns."""
    case, answer = evidence.cases[index], evidence.answers[index]
    if values.shape != answer.shape:
        return "whose shape differs"
    allowed = evidence.allowed(index, names)
    off = find_first_difference(answer, values, case.expected, allowed, evidence.kind, NEAR)
    if off is None:
        return "everywhere"
    there, got = float(values[off[0]]), float(answer[off[0]])
    return f"{locate(case, off[0])}: it gives {there!r}, yours gives {got!r}"
