"""A mask is read off an answer, and says what the whole answer must be."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from trainspec.conformance.basics.tensors import to_array
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.checking.masks import DrawingRule
from trainspec.conformance.pages.load import load_page

PAGE = load_page("layers/dropout")


def rule(form=""):
    return DrawingRule(PAGE, PAGE.draws[0], form)


def answer_of(form, mask):
    """Training with a mask, then the test pass, as one row of numbers."""
    one = rule(form)
    x, dy = (to_array(one.other_inputs[name], np.float64) for name in ("x", "dy"))
    ratio = float(one.draws.request["ratio"])
    scale, at_test_time = (1 / (1 - ratio), 1.0) if form == "inverted" else (1.0, 1 - ratio)
    return np.concatenate([(v).ravel() for v in (x * mask * scale, dy * mask * scale,
                                                 x * at_test_time)])  # fmt: skip


@pytest.mark.parametrize("form", ["", "inverted"])
def test_the_mask_and_the_exact_values_are_those_of_the_answer(form):
    one = rule(form)
    mask = (np.random.default_rng(3).random(one.draws.shape) < 0.5).astype(float)
    answer = answer_of(form, mask)
    found = one.read_mask(answer)
    x, dy = (to_array(one.other_inputs[name], np.float64) for name in ("x", "dy"))
    shown = (x != 0) | (dy != 0)
    assert np.array_equal(found[shown], mask[shown])
    case = replace(load_cases([PAGE.technique])[0], outputs={name: [1] for name in PAGE.outputs})
    exact = one.make_exact_case(case, mask)
    assert np.array_equal(exact.expected, answer)
    assert one.is_exact


def test_the_share_that_is_kept():
    one = rule()
    assert one.kept_share() == pytest.approx(1 - float(one.draws.request["ratio"]), abs=1 / 4096)
