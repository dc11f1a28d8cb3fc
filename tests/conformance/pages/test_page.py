"""What a page holds: conversions do what they say, every edit names its clauses."""

from __future__ import annotations

import re

import pytest

from trainspec.conformance.basics.paths import list_techniques, page_path
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.checking.distance import measure_distance
from trainspec.conformance.derivation.values import compute_values
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.page import Page
from trainspec.conformance.pages.parts import VARIANT_HYPERPARAMETER, PageError


@pytest.mark.parametrize("technique", list_techniques())
def test_conversions_do_what_they_say(technique):
    page = load_page(technique)
    for conversion in page.conversions:
        if not conversion.change.body and not conversion.constant_rate:
            continue  # in words
        one = page.rule_of_form(conversion.source).with_edit(conversion.change)
        other = page.rule_of_form(conversion.target)
        more = dict.fromkeys(
            page.variant_hyperparameters(one) | page.variant_hyperparameters(other),
            VARIANT_HYPERPARAMETER,
        )
        judged = 0
        for case in load_cases([technique], ["core", "numerics"]):
            rates = case.hyperparameters.get("learning_rate")
            if conversion.constant_rate and len(set(rates)) > 1:
                continue
            values = compute_values(case, one, more), compute_values(case, other, more)
            tolerance = case.tolerance.get("float64")
            if tolerance is not None:
                judged += 1
                assert measure_distance(*values, case.expected, tolerance, "float64") <= 8, (
                    conversion
                )
        assert judged >= 5


@pytest.mark.parametrize("technique", list_techniques())
def test_every_variant_and_error_names_the_clauses_that_it_breaks(technique):
    page = load_page(technique)
    assert all(edit.clauses for edit in page.edits.values())
    # Nobody breaks a clause that is only a recommendation about bad input.
    assert not [e.name for e in page.edits.values() if page.rejects in e.clauses]


def test_a_page_says_what_it_is():
    dropout = load_page("layers/dropout")
    assert (dropout.kind, dropout.rejects) == ("function", "DROPOUT-6")
    assert [draws.distribution for draws in dropout.draws] == ["uniform", "uniform"]
    assert [draws.request for draws in dropout.draws] == [{"ratio": 0.75}, {"ratio": 0.25}]
    training = load_page("networks/training")
    assert training.trained == ("W1", "b1", "gamma", "beta", "W2", "b2")
    assert training.rule.assigns >= {"loss", "dW1"}  # the included network's lines
    assert load_page("optimizers/adam").is_update_rule


def test_a_name_is_given_to_one_case():
    text = page_path("layers/relu").read_text("utf-8")
    name = re.search(r"## Cases\n\n### (\S+)", text)[1]
    other = re.findall(r"^### (\S+)", text.split("## Cases")[1], re.MULTILINE)[1]
    page = Page("layers/relu", text.replace(f"### {other}\n", f"### {name}\n"), load_page)
    with pytest.raises(PageError, match=f"2 cases are named '{name}'"):
        print(page.cases)
