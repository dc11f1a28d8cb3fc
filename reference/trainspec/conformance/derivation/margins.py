"""Margins: how far apart two forms are in a case, in tolerances."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

from trainspec.conformance.arithmetic.interval import Interval
from trainspec.conformance.derivation.chosen_constants import ORDERS
from trainspec.conformance.pages.page import Page

#: A case tells two forms apart only if they are this many tolerances from each other.
TELLING = 100.0


def measure_margin(
    one: list[Interval],
    other: list[Interval],
    radii: list[float],
    others: list[float] | None = None,
) -> float:
    """The margin: largest distance of two outcomes, in tolerances of the less certain one."""
    if len(one) != len(other):
        return math.inf
    largest = 0.0
    for index, (a, b) in enumerate(zip(one, other)):
        if radii[index] == math.inf or (others and others[index] == math.inf):
            continue
        if isinstance(a.x, float) or isinstance(b.x, float):
            same = isinstance(a.x, float) and isinstance(b.x, float) and repr(a.x) == repr(b.x)
            largest = largest if same else math.inf
            continue
        apart = float((a.x - b.x).abs_lower())
        tolerance = ORDERS * max(radii[index], others[index] if others else 0.0)
        largest = max(largest, apart / tolerance if tolerance else (math.inf if apart else 0.0))
    return largest


def iterate_pairs(
    page: Page, golden: dict[str, Any], kind: str
) -> Iterator[tuple[str, str, float]]:
    """Every two forms that must be told apart, with the largest margin of any case in `kind`.

    Variants from each other and from the canonical form (named ""), errors from the latter.
    """
    cases = [case for case in golden["cases"] if kind in case.get("margins", {})]
    for name in page.edits:
        margins = [float(c["margins"][kind][name]) for c in cases if name in c["margins"][kind]]
        yield "", name, max(margins, default=0.0)
    for one, other in itertools.combinations(page.variants, 2):
        yield one, other, max((_read_margin(c, one, other, kind) for c in cases), default=0.0)


def _read_margin(case: dict[str, Any], one: str, other: str, kind: str) -> float:
    a, b = case["variants"][one], case["variants"][other]
    if kind not in a["tolerance"] or kind not in b["tolerance"]:
        return 0.0
    if len(a["expected"]) != len(b["expected"]):
        return math.inf
    largest = 0.0
    for x, y, *around in zip(
        a["expected"], b["expected"], a["tolerance"][kind], b["tolerance"][kind]
    ):
        if "Infinity" in around:
            continue
        if isinstance(x, str) or isinstance(y, str):
            largest = largest if x == y else math.inf
        elif x != y:
            largest = max(largest, abs(x - y) / max(around) if max(around) else math.inf)
    return largest
