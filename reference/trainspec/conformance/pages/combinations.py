"""Names of forms: which variants of a page may be joined, and how their name is written."""

from __future__ import annotations

from trainspec.conformance.basics.names import join_form, split_form
from trainspec.conformance.pages.page import Page
from trainspec.conformance.pages.parts import PageError


def normalize_form(page: Page, name: str) -> str:
    """The name of a form that may be declared: variants joined by ``+``, in the page's order.

    Raises `PageError` for one that the page does not have, or for two that change the same line.
    """
    parts = split_form(name)
    touched: dict[str, str] = {}
    for part in parts:
        if part not in page.variants:
            known = ", ".join(page.variants) or "none"
            raise PageError(f"{page.technique} has no variant {part!r}; its variants are: {known}")
        for line in page.rule.changed_names(page.variants[part].change):
            if line in touched:
                raise PageError(
                    f"{page.technique}: {touched[line]} and {part} cannot be combined: "
                    f"both change {line}"
                )
            touched[line] = part
    return join_form(sorted(parts, key=list(page.variants).index))
