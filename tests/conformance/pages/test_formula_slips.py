"""Slips of a formula: half of a variant, another base of a power, one line that computes otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from trainspec.conformance.pages.formula_slips import list_formula_slips
from trainspec.conformance.pages.load import load_page


def words_of(technique):
    page = load_page(technique)
    return [slip.words for slip in list_formula_slips(page, page.rule)]


@pytest.mark.parametrize(
    ("technique", "words"),
    [
        ("layers/dropout",
         "dx = where(u > ratio, dy / (1 - ratio), 0), which is one line of inverted alone"),
        ("optimizers/adam",
         "beta2 * beta1 ** (t - 1) in place of beta2 ** t in v_hat = v / (1 - beta2 ** t)"),
        ("layers/batch_normalization",
         "sqrt(variance) in place of root in dx = reshape_like(gamma / root * (upstream - "
         "dbeta / m - x_hat * dgamma / m), x)"),
        ("layers/batch_normalization",
         "gamma * x_hat + beta (which is y) in place of x_hat in dgamma = sum(upstream * x_hat, 0)"),
        ("layers/batch_normalization",
         "(gamma * upstream - dbeta / m - x_hat * dgamma / m) / root in place of gamma / root * "
         "(upstream - dbeta / m - x_hat * dgamma / m) in dx = reshape_like(gamma / root * "
         "(upstream - dbeta / m - x_hat * dgamma / m), x)"),
    ],
)  # fmt: skip
def test_slips_are_made_from_the_lines(technique, words):
    assert words in words_of(technique)


def test_a_schedule_may_go_on_from_its_last_value():
    page = load_page("schedules/learning_rate_decay")
    slip, from_first = [slip for slip in list_formula_slips(page, page.rule) if slip.more]
    assert "so far in place of it" in slip.words
    assert slip.more["product_so_far"](np.array([1.0, 2.0, 3.0])).tolist() == [1.0, 2.0, 6.0]
    assert "over every step from the first in place of it" in from_first.words
    product = from_first.more["product_from_first"](np.array([1.0, 4.0]), 0.5)
    assert product.tolist() == [1.0, 1.5 * 2.0 * 2.5]
    assert np.isnan(from_first.more["product_from_first"](np.array([0.5]), 0.5)).all()


def test_another_norm_may_stand_for_the_sum_of_squares():
    page = load_page("regularizers/l2_penalty")
    slips = {
        name: function
        for slip in list_formula_slips(page, page.rule)
        for name, function in slip.more.items()
    }
    W = np.array([[3.0, 0.0], [0.0, -4.0]])
    assert slips["spectral"](W) == 16
    assert slips["absolute"](W) == 7
    assert slips["absolute_squared"](W) == 49
    assert slips["largest_square"](W) == 16
    assert slips["square_of_sum"](W) == 1


@pytest.mark.parametrize("technique", ["optimizers/adam", "networks/network"])
def test_no_slip_is_the_rule_itself(technique):
    page = load_page(technique)
    assert all(str(slip.rule) != str(page.rule) for slip in list_formula_slips(page, page.rule))
