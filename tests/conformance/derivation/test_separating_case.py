"""The case that tells two rules apart."""

from __future__ import annotations

from trainspec.conformance.derivation.separating_case import find_separating_case
from trainspec.conformance.pages.load import load_page

PAGE = load_page("optimizers/momentum")
OUTSIDE = PAGE.rule_of_form("rate-outside-velocity")


def test_it_is_the_first_whose_answers_differ():
    case = find_separating_case(PAGE, PAGE.rule, OUTSIDE)
    assert case.label == "momentum/changing-rate"


def test_cases_can_be_left_out():
    without = {"momentum/changing-rate"}
    case = find_separating_case(PAGE, PAGE.rule, OUTSIDE, without)
    assert case.label not in without
    assert len({tuple(case.numbers()["learning_rate"])}) == 1
    assert len(set(case.numbers()["learning_rate"])) > 1  # only a rate that changes can tell them


def test_no_case_tells_a_rule_from_itself():
    assert find_separating_case(PAGE, PAGE.rule, PAGE.rule) is None


def test_another_shape_tells_rules_apart():
    page = load_page("layers/batch_normalization")
    other = page.rule_of_form("statistics-per-activation")
    case = find_separating_case(page, page.rule, other)
    assert len(case.inputs["x"]["shape"]) == 4
