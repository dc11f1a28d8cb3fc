"""Log-uniform sampling: bounds by value, exponents of ten or of e are told apart."""

from __future__ import annotations

import numpy as np
import pytest

from kernels import assert_named, assert_passes


def base_ten(u, *, low, high):
    a, b = np.log10(low), np.log10(high)
    return (10 ** (a + u.astype(np.float64) * (b - a))).astype(u.dtype)


def geometric(u, *, low, high):
    u64 = u.astype(np.float64)
    return (low ** (1 - u64) * high**u64).astype(u.dtype)


@pytest.mark.parametrize("function", [base_ten, geometric])
def test_right_orders_of_operation_pass(function):
    assert_passes("log_uniform", function)


WRONG = {
    "bounds-by-log10": lambda u, *, low, high: (
        10.0 ** (low + u.astype(float) * (high - low))
    ).astype(u.dtype),
    "bounds-by-ln": lambda u, *, low, high: np.exp(low + u.astype(float) * (high - low)).astype(
        u.dtype
    ),
    "linear": lambda u, *, low, high: (low + u * (high - low)).astype(u.dtype),
    "reversed": lambda u, *, low, high: np.exp(
        np.log(high) - u.astype(float) * np.log(high / low)
    ).astype(u.dtype),
}


@pytest.mark.parametrize("form", WRONG)
def test_wrong_formulas_are_rejected_and_named(form):
    assert_named("log_uniform", WRONG[form], form)
