"""Asking for draws: the reference passes, wrong shapes and crashes are told."""

from __future__ import annotations

import math

import numpy as np
import pytest

from helpers import adapter
from trainspec.conformance.basics.paths import list_techniques
from trainspec.conformance.cases.result import Outcome
from trainspec.conformance.checking.random_draws import check_draws, expected_deviation
from trainspec.conformance.implementations.target import load_implementation
from trainspec.conformance.pages.page import load_page

DRAWING = [technique for technique in list_techniques() if load_page(technique).draws]


def test_pages_say_what_is_drawn():
    assert {"initializers/he", "initializers/normal", "initializers/xavier", "layers/dropout"} <= {
        *DRAWING
    }


@pytest.mark.parametrize("technique", DRAWING)
def test_the_reference_passes(technique):
    found = list(check_draws(load_implementation(["reference"]), [technique], ["float64"]))
    assert {r.outcome for r in found} == {Outcome.PASS}
    assert len(found) >= 12


def test_deviations_are_the_pages():
    def deviation(name):
        page = load_page(f"initializers/{name}")
        return expected_deviation(page, page.draws)

    assert deviation("xavier") == pytest.approx(math.sqrt(1 / 64))
    assert deviation("he") == pytest.approx(math.sqrt(2 / 64))
    assert deviation("normal") == 0.01


def test_a_wrong_shape_and_a_crash_are_told():
    square = adapter(he_draw=lambda *, seed, fan_in, fan_out: np.zeros((fan_out, fan_in)))
    (result,) = check_draws(square, ["initializers/he"], ["float64"])
    assert result.outcome is Outcome.MALFORMED
    broken = adapter(he_draw=lambda **_: 1 / 0)
    (result,) = check_draws(broken, ["initializers/he"], ["float64"])
    assert result.outcome is Outcome.CRASHED
