"""ReLU: exact in every type; the gradient at 0 is told apart."""

from __future__ import annotations

import numpy as np
import pytest

from helpers import KINDS
from kernels import assert_named, assert_passes


def out(y, dx):
    return {"y": y, "dx": dx}


def maximum(x, dy):
    return out(np.maximum(x, x.dtype.type(0)), np.where(x > 0, dy, dy.dtype.type(0)))


def masked(x, dy):
    y, dx = x.copy(), dy.copy()
    y[np.asarray(x <= 0)] = 0
    dx[np.asarray(~(x > 0))] = 0
    return out(y, dx)


@pytest.mark.parametrize("function", [maximum, masked])
def test_right_orders_of_operation_pass(function):
    assert_passes("relu", function, *KINDS)


WRONG = {
    "gradient-one-at-zero": lambda x, dy: out(
        np.maximum(x, 0), np.where(x >= 0, dy, 0).astype(x.dtype)
    ),
    "gradient-everywhere": lambda x, dy: out(np.maximum(x, 0), dy),
    "gradient-of-mask": lambda x, dy: out(np.maximum(x, 0), (x > 0).astype(x.dtype)),
    "absolute": lambda x, dy: out(abs(x), np.where(x > 0, dy, 0).astype(x.dtype)),
    "clipped-at-six": lambda x, dy: out(np.clip(x, 0, 6), np.where(x > 0, dy, 0).astype(x.dtype)),
}


@pytest.mark.parametrize("form", WRONG)
def test_wrong_formulas_are_rejected_and_named(form):
    assert_named("relu", WRONG[form], form)
