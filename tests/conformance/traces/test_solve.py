"""The constants that a trace leaves open."""

from __future__ import annotations

import pytest

from traces import record
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.traces.solve import explains, find_unknown, list_usual, solve

ADAM = load_page("optimizers/adam")


@pytest.mark.parametrize("epsilon", [1e-8, 3.7e-5])
@pytest.mark.parametrize("beta2", [0.999, 0.9731])
def test_values_are_found_and_shortened(beta2, epsilon):
    trace = record("adam", steps=5, beta2=beta2, epsilon=epsilon, rates=0.0023)
    found = solve(trace, ADAM, ADAM.rule)
    assert found.constants == {"beta1": 0.9, "beta2": beta2, "epsilon": epsilon}
    assert set(found.rates) == {0.0023}
    assert explains(trace, ADAM.rule, found)


def test_nothing_is_found_for_another_rule():
    rmsprop = load_page("optimizers/rmsprop")
    assert solve(record("adam", steps=5), rmsprop, rmsprop.rule) is None


def test_what_is_given_is_not_searched():
    trace = record("adam", known=["beta1", "beta2", "epsilon", "learning_rate"])
    assert find_unknown(trace, ADAM, ADAM.rule) == []
    found = solve(trace, ADAM, ADAM.rule)
    assert found.constants == {}


def test_usual_values_begin_with_the_default_of_the_page():
    assert list_usual(ADAM, "epsilon")[0] == 1e-8
    assert list_usual(ADAM, "weight_decay")[0] == 0.01
