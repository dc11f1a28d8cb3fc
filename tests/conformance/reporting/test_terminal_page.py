"""Pages, cases and forms on the terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from trainspec.conformance.basics.paths import list_techniques, page_path
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.reporting.terminal_page import print_case, print_form, print_page


def printed(function, *arguments):
    out = io.StringIO()
    function(Console(file=out, width=120), *arguments)
    return out.getvalue()


@pytest.mark.parametrize("technique", list_techniques())
def test_a_page_s_sections_come_in_order(technique):
    text = page_path(technique).read_text("utf-8")
    titles = [line[3:] for line in text.splitlines() if line.startswith("## ")]
    out = printed(print_page, load_page(technique))
    places = [out.index(f"\n{title} ") for title in titles]
    assert places == sorted(places)
    assert "$" not in out
    assert str(page_path(technique)) in out.replace("\n", "")


def test_what_is_long_is_counted():
    out = printed(print_page, load_page("optimizers/adam"))
    assert "trainspec list --cases -t adam" in out
    assert "changing-rate" not in out


def test_a_form_is_its_rule_and_what_its_edits_are():
    out = printed(print_form, load_page("optimizers/adam"), "eps-hat+amsgrad")
    assert "v_max = maximum(v_max, v)" in out
    assert "departs from ADAM-4 It MUST add ε to √v̂ₜ" in out


def test_a_case_is_shown_with_its_numbers():
    (case,) = load_cases(ids=["adam/first-step"])
    out = printed(print_case, case)
    assert "why: One step of a constant gradient" in out
    assert '"shape": [3]' in out
