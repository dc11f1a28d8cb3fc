"""Grid: where the points lie."""

from __future__ import annotations

import numpy as np
import pytest

from kernels import assert_named, assert_passes


def powers(index, *, low, high, points):
    return (low * (high / low) ** (index.astype(np.float64) / (points - 1))).astype(index.dtype)


@pytest.mark.parametrize("function", [powers])
def test_right_orders_of_operation_pass(function):
    assert_passes("grid", function)


WRONG = {
    "open-end": lambda i, *, low, high, points: (low * (high / low) ** (i / points)).astype(
        i.dtype
    ),
    "linear": lambda i, *, low, high, points: (low + i / (points - 1) * (high - low)).astype(
        i.dtype
    ),
    "reversed": lambda i, *, low, high, points: (high * (low / high) ** (i / (points - 1))).astype(
        i.dtype
    ),
}


@pytest.mark.parametrize("form", WRONG)
def test_wrong_formulas_are_rejected_and_named(form):
    assert_named("grid", WRONG[form], form)
