"""Sigmoid: every stable form passes, wrong ones are named."""

from __future__ import annotations

import numpy as np
import pytest

from kernels import assert_named, assert_passes


def out(y, dx):
    return {"y": y, "dx": dx}


def plain(x):
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-x))


def textbook(x, dy):
    y = plain(x)
    return out(y, dy * y * (1 - y))


def two_sided(x, dy):
    e = np.exp(-abs(x))
    y = np.where(x >= 0, 1 / (1 + e), e / (1 + e)).astype(x.dtype)
    return out(y, dy * (y - y * y))


@pytest.mark.parametrize("function", [textbook, two_sided])
def test_right_orders_of_operation_pass(function):
    assert_passes("sigmoid", function)


WRONG = {
    "gradient-y": lambda x, dy: out(plain(x), dy * plain(x)),
    "gradient-sign": lambda x, dy: out(plain(x), -dy * plain(x) * (1 - plain(x))),
    "tanh": lambda x, dy: out(np.tanh(x), dy * np.tanh(x) * (1 - np.tanh(x))),
    "gradient-of-output-only": lambda x, dy: out(plain(x), plain(x) * (1 - plain(x))),
    "gradient-one-minus-y-squared": lambda x, dy: out(plain(x), dy * (1 - plain(x) ** 2)),
}


@pytest.mark.parametrize("form", WRONG)
def test_wrong_formulas_are_rejected_and_named(form):
    assert_named("sigmoid", WRONG[form], form)
