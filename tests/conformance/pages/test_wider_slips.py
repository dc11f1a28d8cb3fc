"""Slips that reach beyond one place: overwritten names, other courses, statistics of a tensor."""

from __future__ import annotations

import pytest

from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.wider_slips import list_wider_slips


def words_of(technique):
    page = load_page(technique)
    return [slip.words for slip in list_wider_slips(page, page.rule)]


@pytest.mark.parametrize(
    ("technique", "words"),
    [
        ("optimizers/adam", "t is taken as 2 ** (t - 1)"),
        ("optimizers/momentum", "momentum is taken as minimum(momentum, (1 + t) / (10 + t))"),
        ("layers/batch_normalization",
         "x_hat is overwritten by gamma * x_hat + beta before dgamma = sum(upstream * x_hat, 0) "
         "reads it"),
        ("optimizers/adagrad",
         "the mean of g * g over its tensor in place of g * g in h = h + g * g"),
        ("optimizers/momentum", "momentum is taken as where(momentum == 0, 0.9, momentum)"),
        ("initializers/constant", "value is taken as sign(value) * floor(abs(value))"),
        ("initializers/xavier", "fan_in is taken as count(z, 0)"),
        ("layers/batch_normalization", "the channels are the last axis"),
        ("optimizers/rmsprop", "epsilon is taken as maximum(epsilon, 1e-06)"),
        ("networks/multilayer", "weight_decay is taken as weight_decay / count(x, 0)"),
        ("networks/network",
         "count(x, 1) in place of every N in daffine1 = gamma / root * (dnormalised - dbeta / N - "
         "x_hat * dgamma / N)"),
    ],
)  # fmt: skip
def test_slips_are_made_from_the_lines(technique, words):
    assert words in words_of(technique)


@pytest.mark.parametrize("technique", ["optimizers/adam", "networks/network", "search/grid"])
def test_no_slip_is_the_rule_itself(technique):
    page = load_page(technique)
    slips = list(list_wider_slips(page, page.rule))
    assert slips
    assert all(slip.more or str(slip.rule) != str(page.rule) for slip in slips)
    assert all(slip.line in page.rule.assigns | {"g", "W"} for slip in slips)


def test_matrix_products_may_be_narrow():
    page = load_page("layers/affine")
    words = [slip.words for slip in list_wider_slips(page, page.rule)]
    assert "matrix products take their operands in TF32" in words
    narrow = [slip.words for slip in list_wider_slips(page, page.rule, "float16")]
    assert not [text for text in narrow if " float16" in text or "TF32" in text]
    assert "matrix products take their operands in bfloat16" in narrow
