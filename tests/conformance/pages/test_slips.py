"""Slips: small changes of a rule, made from its own lines."""

from __future__ import annotations

import numpy as np
import pytest

from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.slips import join_lines, list_plain_slips, list_slips

ADAM = load_page("optimizers/adam")


def words_of(operation, kind="float64"):
    page = load_page(operation)
    return {slip.words for slip in list_slips(page, page.rule, kind)}


@pytest.mark.parametrize(
    "words",
    [
        "t + 1 in place of t in m_hat = m / (1 - beta1 ** t)",
        "beta1 in place of 1 - beta1 in m = beta1 * m + (1 - beta1) * g",
        "v_hat in place of sqrt(v_hat) in step = m_hat / (sqrt(v_hat) + epsilon)",
        "W = W + learning_rate * step in place of W = W - learning_rate * step",
        "m_hat is stored as m for the next step",
        "v_hat = v / (1 - beta2 ** t) reads v of the step before",
        "the whole step is stored as m for the next step",
        "v is held in float16",
        "v is held in float16 between the steps",
        "v is held in float32, and so is what is computed of it alone",
    ],
)
def test_what_people_write_is_among_adams(words):
    assert words in words_of("optimizers/adam")


def test_a_type_is_only_narrower_than_the_implementations():
    assert "v is held in bfloat16" in words_of("optimizers/adam", "float32")
    assert "v is held in float32" not in words_of("optimizers/adam", "float32")


def test_a_term_may_land_outside_its_brackets_and_its_line():
    rates = words_of("schedules/learning_rate_decay")
    assert any("= learning_rate / 1 + decay * (steps - 1) in place" in words for words in rates)
    assert any("/ sqrt(h) + epsilon" in words for words in words_of("optimizers/adagrad"))
    joined = join_lines(load_page("optimizers/adagrad").rule)
    assert str(joined.body[-1]) == "W = W - learning_rate * (g / (sqrt(h) + epsilon))"


def test_each_slip_is_another_rule_and_leaves_the_page_alone():
    before = str(ADAM.rule)
    slips = list(list_slips(ADAM, ADAM.rule, "float64"))
    assert len(slips) > 900
    assert all(str(slip.rule) != before for slip in slips)
    assert str(ADAM.rule) == before
    assert len(list(list_plain_slips(ADAM, ADAM.rule))) < len(slips) / 2


def test_a_narrower_type_rounds():
    slips = list_slips(ADAM, ADAM.rule, "float64")
    (slip,) = (slip for slip in slips if slip.words == "v is held in float16")
    assert slip.more["as_float16"](np.array(0.1)) == float(np.float16(0.1))


def test_a_narrow_state_keeps_what_is_computed_of_it_and_of_numbers_narrow():
    page = load_page("optimizers/rmsprop")
    words = "h is held in float32 between the steps, and so is what is computed of it alone"
    (slip,) = (s for s in list_slips(page, page.rule, "float64") if s.words == words)
    lines = [str(line) for line in slip.rule.body]
    assert lines[0] == "h = as_float32(as_float32(rho) * h) + (1 - rho) * (g * g)"
    assert lines[1] == "step = g / (sqrt(h) + epsilon)"
    assert lines[-1] == "h = as_float32(h)"
