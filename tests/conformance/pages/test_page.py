"""Reading a page: conversions do what they say, and what is missing is named."""

from __future__ import annotations

import re

import pytest

from trainspec.conformance.basics.paths import list_techniques, page_path
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.checking.distance import measure_distance
from trainspec.conformance.diagnosis.evidence import compute_values
from trainspec.conformance.pages.page import VARIANT_HYPERPARAMETER, PageError, load_page, read_page


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


TECHNIQUE = "layers/dropout"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("| kind | function |", "| kind | layer |"), "needs a row “kind”, one of update rule"),
        (("| rejects | DROPOUT-6 |", "| rejects | DROPOUT-66 |"), "which is not a clause"),
        (("| `keep-below` | ", "| `keep-under` | "), "has no row for 'keep-below'"),
        (("### keep-below\n", "### keep-at-ratio-2\n"), "has no row for 'keep-at-ratio-2'"),
        (("not scaled at all | DROPOUT-3 |", "not scaled at all | |"), "names no clause"),
        (("| `u` | as `x`", "| `t` | as `x`"), "'t' cannot be the name of an input or output"),
        (("| uniform | DROPOUT-7 |", "| coin | DROPOUT-7 |"), "must be one of normal, uniform"),
        (("| `u` | uniform |", "| `v` | uniform |"), "names 'v', which is no input"),
    ],
)
def test_what_a_page_says_wrongly_is_named(change, message):
    text = page_path(TECHNIQUE).read_text("utf-8")
    assert change[0] in text
    with pytest.raises(PageError, match=re.escape(message)):
        read_page(text.replace(*change), TECHNIQUE)


@pytest.mark.parametrize("technique", list_techniques())
def test_every_variant_and_error_names_the_clauses_that_it_breaks(technique):
    page = load_page(technique)
    assert all(edit.clauses for edit in page.edits.values())
    # Nobody breaks a clause that is only a recommendation about bad input.
    assert not [e.name for e in page.edits.values() if page.rejects in e.clauses]


def test_a_page_says_what_it_is():
    dropout = load_page(TECHNIQUE)
    assert (dropout.kind, dropout.rejects) == ("function", "DROPOUT-6")
    assert [draws.distribution for draws in dropout.draws] == ["uniform", "uniform"]
    assert [draws.request for draws in dropout.draws] == [{"ratio": 0.75}, {"ratio": 0.25}]
    training = load_page("networks/training")
    assert training.trained == ("W1", "b1", "gamma", "beta", "W2", "b2")
    assert training.rule.assigns >= {"loss", "dW1"}  # the included network's lines
    assert load_page("optimizers/adam").is_update_rule
