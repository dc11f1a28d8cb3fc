"""The two numbers that are not derived."""

from __future__ import annotations

from helpers import ROOT
from trainspec.conformance.derivation.chosen_constants import CAP, ORDERS


def test_they_are_what_the_page_says():
    page = (ROOT / "spec" / "numerics.md").read_text("utf-8")
    assert "the largest radius times two" in page
    assert "no tolerance exceeds an eighth of the largest value" in page
    assert (ORDERS, CAP) == (2.0, 1 / 8)
