"""The record of a case: what it is called, what it serves, its numbers."""

from __future__ import annotations

import math

from msgspec.structs import replace

from trainspec.conformance.basics.names import Offering, Subject
from trainspec.conformance.cases.load import load_cases

(FIRST,) = load_cases(ids=["adam/first-step"])


def test_a_case_names_its_offering():
    assert FIRST.operation == "adam"
    assert FIRST.label == "adam/first-step"
    further = replace(FIRST, offered="amsgrad")
    assert further.offering == Offering("adam", "amsgrad")
    assert further.label == "adam:amsgrad/first-step"


def test_a_draw_is_another_entry_point():
    draw = replace(FIRST, draw="he_draw", subject=Subject.DRAW, hyperparameters={"seed": 3})
    assert draw.entry_point == Offering("he_draw")
    assert type(draw.numbers()["seed"]) is int


def test_hyperparameters_are_floats():
    assert FIRST.numbers()["beta1"] == 0.875
    (case,) = load_cases(ids=["sgd/rejects-learning-rate-nan"])
    assert math.isnan(case.numbers()["learning_rate"][0])
    assert case.types == ("float64", "float32", "float16", "bfloat16")
