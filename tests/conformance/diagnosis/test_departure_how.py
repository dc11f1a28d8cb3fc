"""The words for how wrong numbers depend on the right ones."""

from __future__ import annotations

import numpy as np
import pytest

from helpers import adapter, results
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
        (RIGHT * [1.001, 1.002, 1.0005, 1.0013], ""),  # near, but with digits that float16 lacks
        (np.array([1.0, 2.0, -3.0, 0.25]), ""),
    ],
)
def test_the_dependence_is_named(evidence, got, words):
    zero = np.zeros(len(RIGHT))
    wrong = Places(zero, zero, got, RIGHT, zero, zero > 0, {})
    assert find_how(evidence, wrong) == words
