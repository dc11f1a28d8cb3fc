"""Pages made from the golden files."""

from __future__ import annotations

import math

import pytest

pytest.importorskip("latex2mathml")

from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.site.case_pages import make_pages, show_margin


@pytest.fixture(scope="module")
def pages():
    return {page.name: page for page in make_pages()}


def test_every_case_has_a_page_and_every_technique_a_table(pages):
    cases = load_cases()
    assert {f"cases/{case.id}" for case in cases} <= pages.keys()
    assert {f"catches/{case.operation}" for case in cases} <= pages.keys()


def test_a_page_of_a_case_shows_its_numbers_with_their_places(pages):
    values = pages["cases/adam/first-step"].values
    first, *rest = values["numbers"]
    assert first["place"] == "params, step 1, number 1 of 3"
    assert float.fromhex(first["hex"]) == float(first["value"])
    assert len(first["tolerances"]) == 4
    assert len(rest) == 2
    assert "MLX" in values["why"]


def test_outputs_are_named(pages):
    places = [n["place"] for n in pages["cases/dropout/quarter"].values["numbers"]]
    assert places[0].startswith("y, number 1 of")
    assert any(p.startswith("test, number") for p in places)


def test_a_case_says_what_it_alone_catches(pages):
    alone = {name: page.values["alone"] for name, page in pages.items() if "alone" in page.values}
    for name, errors in alone.items():
        for error in errors:
            assert error in pages[name].values["caught"]
            operation = name.split("/")[1]
            others = [
                p for n, p in pages.items() if n.startswith(f"cases/{operation}/") and n != name
            ]
            assert not any(error in p.values["caught"] for p in others)


def test_the_table_of_a_technique_counts_cases(pages):
    table = pages["catches/adam"].values
    rows = {name: (cells, count) for name, cells, count in table["rows"]}
    cells, count = rows["betas-swapped"]
    assert count == sum(map(bool, cells)) > 1
    assert len(cells) == len(table["cases"])


def test_margins_are_short():
    assert [show_margin(m) for m in (0.0, 1.0, 12.0, 3.6e13, math.inf)] == [
        "", "", "1e1", "4e13", "∞",
    ]  # fmt: skip
