"""Explanations as records, in their order, and as JSON data."""

from __future__ import annotations

import pytest

from traces import record
from trainspec.conformance.traces.explain import explain_trace
from trainspec.conformance.traces.explanation import Explanation, explained_data
from trainspec.conformance.traces.solve import Solution


def make(edits=(), constants=None, explained=10, first=0.1):
    return Explanation("optimizers/adam", edits, Solution(constants or {}, [first]), explained, 10)


def test_names_and_words():
    explanation = make(("eps-hat", "amsgrad"))
    assert explanation.form == "adam:eps-hat+amsgrad"
    assert explanation.published
    assert explanation.whole
    assert explanation.rates == "0.1"
    assert not make(("betas-swapped",)).published


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (make(), make(explained=9)),  # whole ones
        (make(), make(("eps-hat",))),
        (make(), make(constants={"beta1": 0.9})),
        (make(constants={"beta1": 0.9}), make(("eps-hat",))),
    ],
)
def test_the_simplest_comes_first(first, second):
    assert first.simplicity < second.simplicity


def test_as_data():
    data = explained_data(explain_trace(record("sgd", steps=3), ["optimizers/sgd"]))
    assert data["known"]
    assert data["explanations"][0]["form"] == "sgd"
    assert data["explanations"][0]["learning_rates"] == [0.01] * 3
