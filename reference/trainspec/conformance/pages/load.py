"""Finding a spec page: `technique -> page`."""

from __future__ import annotations

from functools import cache

from trainspec.conformance.basics.paths import page_path
from trainspec.conformance.pages.page import Page


@cache
def load_page(technique: str) -> Page:
    """The page of a technique, such as ``optimizers/adam``."""
    return Page(technique, page_path(technique).read_text("utf-8"), load_page)


def read_page(text: str, technique: str) -> Page:
    """The page that a text is, with every part read.

    Raises `PageError` or `RuleError`, which name the page, the place and what was expected.
    """
    return Page(technique, text, load_page).read_all()
