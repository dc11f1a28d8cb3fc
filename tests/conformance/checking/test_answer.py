"""Judging an answer: outputs by name or in order, shapes first, then numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from trainspec.conformance.basics.names import Place
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.cases.result import CallError, Outcome
from trainspec.conformance.checking.answer import flatten_answer, judge_answer

(LAYER,) = load_cases(ids=["l2_penalty/layer"])
(STEPS,) = load_cases(ids=["sgd/few-digits"])


def right(case, kind="float64"):
    """The right answer to a function's case, by name."""
    out, start = {}, 0
    for name, shape in case.outputs.items():
        size = math.prod(shape)
        out[name] = case.expected[start : start + size].reshape(shape).astype(kind)
        start += size
    return out


@pytest.mark.parametrize("shape", [dict, lambda a: tuple(a.values()), lambda a: list(a.values())])
def test_outputs_come_by_name_or_in_order(shape):
    result = judge_answer(LAYER, "float64", shape(right(LAYER)))
    assert result.outcome is Outcome.PASS
    assert result.error == 0.0


def test_the_first_number_out_of_tolerance_is_told():
    answer = right(LAYER)
    answer["gradient_W"][1, 0] += 1e-3
    result = judge_answer(LAYER, "float64", answer)
    assert result.outcome is Outcome.WRONG
    assert result.divergence.place == Place(None, "gradient_W", (1, 0))
    assert result.divergence.tolerances == pytest.approx(1e-3 / 1.3e-16, rel=0.01)
    assert result.error == result.divergence.tolerances


def test_a_number_within_tolerance_passes_with_its_error():
    answer = right(LAYER)
    answer["penalty"] = answer["penalty"] + 1.1e-15
    result = judge_answer(LAYER, "float64", answer)
    assert result.outcome is Outcome.PASS
    assert 0.4 < result.error <= 1


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_special_values_are_wrong_where_numbers_are_expected(value):
    answer = right(LAYER)
    answer["penalty"] = np.array(value)
    result = judge_answer(LAYER, "float64", answer)
    assert result.outcome is Outcome.WRONG
    assert result.divergence.tolerances == math.inf


def test_nan_and_infinity_pass_where_they_are_expected():
    (case,) = load_cases(ids=["sgd/nan-gradient"])
    rows = case.expected.reshape(case.steps, -1)
    result = judge_answer(case, "float64", [[row] for row in rows])
    assert result.outcome is Outcome.PASS


def test_another_type_is_wrong_even_with_right_numbers():
    result = judge_answer(LAYER, "float64", {k: v.astype("f4") for k, v in right(LAYER).items()})
    assert result.outcome is Outcome.WRONG
    assert "returned float32 where the inputs are float64" in result.message


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "got None (does the function return its result?)"),
        ({"penalty": 1.0}, "the answer has no output 'gradient_W'; it has penalty"),
        ((1.0, 2.0), "expected the outputs penalty, gradient_W, gradient_b as a dict or a tuple"),
        ((1.0, [[1, 2], [3]], [1, 2]), "gradient_W: expected an array of numbers"),
        ((np.array("x"), np.ones((3, 2)), np.ones(2)), "penalty: expected numbers, got an array"),
    ],
)
def test_what_has_no_right_outputs_is_malformed(answer, message):
    with pytest.raises(CallError) as caught:
        judge_answer(LAYER, "float64", answer)
    assert caught.value.outcome is Outcome.MALFORMED
    assert message in str(caught.value)


def test_steps_and_tensors_are_counted():
    with pytest.raises(CallError, match="one entry for each of the 3 steps"):
        flatten_answer(STEPS, "float64", [[np.zeros(2), np.zeros(4)]])
    with pytest.raises(CallError, match="after step 1: expected a list of 2 tensors, got a list"):
        flatten_answer(STEPS, "float64", [[np.zeros(2)]] * 3)


def test_a_bad_hyperparameter_must_be_rejected():
    (case,) = load_cases(ids=["sgd/rejects-learning-rate-nan"])
    result = judge_answer(case, "float64", [])
    assert result.outcome is Outcome.WRONG
    assert result.message == "accepted an invalid learning_rate; expected an error"


def test_another_shape_is_wrong_and_says_which():
    result = judge_answer(LAYER, "float64", (1.0, np.ones((2, 3)), np.ones(2)))
    assert result.outcome is Outcome.WRONG
    assert result.message == "gradient_W: expected shape (3, 2), got shape (2, 3)"


def test_an_output_that_is_none_is_left_out_and_the_others_are_judged():
    answer = {**right(LAYER), "gradient_b": None}
    result = judge_answer(LAYER, "float64", answer)
    assert result.outcome is Outcome.PASS
    assert result.case.skipped == ("gradient_b",)
    wrong = judge_answer(LAYER, "float64", {**answer, "penalty": np.array(7.0)})
    assert wrong.outcome is Outcome.WRONG
    assert wrong.divergence.place.output == "penalty"
    with pytest.raises(CallError, match="got None"):
        judge_answer(LAYER, "float64", dict.fromkeys(right(LAYER)))
