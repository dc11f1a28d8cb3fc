"""The words for how wrong numbers depend on the right ones."""

from __future__ import annotations

import numpy as np
import pytest

from helpers import adapter, results, update_rule
from trainspec.conformance.diagnosis.departure_how import find_how
from trainspec.conformance.diagnosis.evidence import gather_evidence
from trainspec.conformance.diagnosis.places import Places

RIGHT = np.array([0.3, -0.7, 1.9, 4.1])


@pytest.fixture(scope="module")
def evidence():
    return gather_evidence(
        results(adapter(relu=lambda x, dy: {"y": x, "dx": dy}), "relu", "float64")
    )


@pytest.mark.parametrize(
    ("got", "words"),
    [
        (3 * RIGHT, "there the value is 3 times the right one"),
        (-RIGHT, "there the value has the other sign"),
        (0 * RIGHT, "there it is 0"),
        (RIGHT + 0.5, "there 0.5 is added to the value"),
        (RIGHT[::-1], "there the right numbers stand in another order"),
        (RIGHT.astype(np.float32).astype(np.float64), "there the digits are float32's"),
        (0.25 * np.sign(RIGHT), "there the result is 0.25 or minus that, as if it were clipped"),
        (np.nan * RIGHT, "there it is NaN"),
        (RIGHT.astype(np.float16).astype(np.float64), "there the digits are float16's"),
        (
            RIGHT * [1.001, 1.002, 1.0005, 1.0013],  # near, but with digits that float16 lacks
            "there the value is within 0.2 % of the right one",
        ),
        (np.array([1.0, 2.0, -3.0, 0.25]), ""),
        (RIGHT * (1 + 1e-12), "there only digits far behind differ, by 1e-12 of it"),
        (np.array([5.0, -5.0, 5.0, 5.0]), ""),  # larger than what is right: nothing is clipped
    ],
)
def test_the_dependence_is_named(evidence, got, words):
    zero = np.zeros(len(RIGHT))
    wrong = Places(zero, zero, got, RIGHT, zero, zero > 0, {})
    assert find_how(evidence, wrong) == words


def test_one_number_in_another_place_has_no_order(evidence):
    case, one = np.arange(3), np.zeros(3)
    wrong = Places(case, one, np.array([2.0, 3.0, 5.0]), np.array([1.0, 4.0, 6.5]), one, one > 0)
    assert find_how(evidence, wrong) == ""


def test_zeros_in_other_places_are_another_mask(evidence):
    zero = np.zeros(4)
    right, got = np.array([2.0, 0.0, 0.0, 3.0]), np.array([0.0, 1.0, 4.0, 0.0])
    words = "there it is 0 where it should not be, and the other way round"
    assert find_how(evidence, Places(zero, zero, got, right, zero, zero > 0)) == words


def test_where_some_are_no_number_is_said(evidence):
    zero = np.zeros(4)
    got = np.array([np.nan, 1.0, np.nan, 2.0])
    features = {"gradient": np.array([-1.0, 1.0, -2.0, 3.0])}
    wrong = Places(zero, zero, got, RIGHT, zero, zero > 0, features)
    assert find_how(evidence, wrong) == "NaN where the gradient is negative, and nowhere else"


def test_a_power_of_the_step_holds_at_the_first_step_too():
    found = gather_evidence(
        results(adapter(sgd=update_rule(lambda W, g, s, t, k, h: W - g)), "sgd", "float64")
    )
    step, zero = np.array([1.0, 2.0, 3.0]), np.zeros(3, int)

    def say(factors):
        got = RIGHT[:3] * factors
        return find_how(found, Places(zero, zero, got, RIGHT[:3], zero, zero > 0, {"step": step}))

    assert say([1, 0.5, 0.25]) == "there the step is 0.5 to the power (t − 1) times the right one"
    assert say([0.2, 0.5, 0.25]) == ""


def test_a_factor_of_most_numbers_is_said_with_their_count(evidence):
    right = np.arange(1.0, 11.0)
    got, zero = 2 * right, np.zeros(10)
    got[4] = 7.0
    wrong = Places(zero, zero, got, right, zero, zero > 0, {})
    assert find_how(evidence, wrong) == "there the value is 2 times the right one in 9 of 10 places"
