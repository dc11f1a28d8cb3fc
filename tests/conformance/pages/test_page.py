"""Reading a page: conversions do what they say, and what is missing is named."""

from __future__ import annotations

import pytest

from trainspec.conformance.basics.paths import list_techniques
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.checking.distance import measure_distance
from trainspec.conformance.diagnosis.evidence import compute_values
from trainspec.conformance.pages.page import VARIANT_HYPERPARAMETER, load_page


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
