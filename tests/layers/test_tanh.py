"""Tanh: forms pass, wrong ones are named."""

from __future__ import annotations

import numpy as np
import pytest

from kernels import assert_named, assert_passes


def out(y, dx):
    return {"y": y, "dx": dx}


def textbook(x, dy):
    y = np.tanh(x)
    return out(y, dy * (1 - y * y))


def factored(x, dy):
    y = np.tanh(x)
    return out(y, (1 - y) * (1 + y) * dy)


@pytest.mark.parametrize("function", [textbook, factored])
def test_right_orders_of_operation_pass(function):
    assert_passes("tanh", function)


WRONG = {
    "gradient-one-minus-y": lambda x, dy: out(np.tanh(x), dy * (1 - np.tanh(x))),
    "gradient-from-input": lambda x, dy: out(np.tanh(x), dy * (1 - x * x)),
    "gradient-of-output-only": lambda x, dy: out(np.tanh(x), 1 - np.tanh(x) ** 2),
    "gradient-sigmoid-s": lambda x, dy: out(np.tanh(x), dy * np.tanh(x) * (1 - np.tanh(x))),
}


@pytest.mark.parametrize("form", WRONG)
def test_wrong_formulas_are_rejected_and_named(form):
    assert_named("tanh", WRONG[form], form)
