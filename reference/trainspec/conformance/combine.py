"""Several variants of a page in one: `case, names -> golden entry`, derived when it is asked for.

The golden files hold every variant alone. A combination, such as ``eps-hat+decoupled-decay``, is
composed from the page's edits and goes through the very derivation that certified the files.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from trainspec.conformance.page import Page, PageError, load
from trainspec.conformance.types import TYPES

if TYPE_CHECKING:
    from trainspec.conformance.cases import Case


def checked_name(page: Page, name: str) -> str:
    """The name of a form that may be declared: variants joined by ``+``, in the page's order.

    Raises `PageError` for one that the page has not, or two that change the same line.
    """
    parts = [part for part in name.split("+") if part not in ("", "canonical")]
    touched: dict[str, str] = {}
    for part in parts:
        if part not in page.variants:
            known = ", ".join(page.variants) or "none"
            raise PageError(f"{page.technique} has no variant {part!r}; its variants are: {known}")
        for line in page.rule.touches(page.variants[part].change):
            if line in touched:
                raise PageError(
                    f"{page.technique}: {touched[line]} and {part} cannot be combined: "
                    f"both change {line}"
                )
            touched[line] = part
    return "+".join(sorted(parts, key=list(page.variants).index))


def combination(case: Case, name: str) -> Any:
    """What the golden file would hold of `case` for the variants that `name` joins."""
    return _derived(case.technique, case.id.partition("/")[2], name, tuple(case.tolerance))


@cache
def _derived(technique: str, case: str, name: str, kinds: tuple[str, ...]) -> Any:
    from trainspec.conformance import derive

    page = load(technique)
    (text,) = (text for text in page.cases if text.name == case)
    served = {kind: TYPES[kind] for kind in kinds}
    return derive.variant(page, page.whole_rule(name), text, served)
