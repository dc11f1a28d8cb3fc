"""He: orders pass, other constants are named."""

from __future__ import annotations

import numpy as np
import pytest

from kernels import assert_named, assert_passes


def divided(z, *, fan_in, fan_out):
    return z / z.dtype.type((fan_in / 2) ** 0.5)


def rooted(z, *, fan_in, fan_out):
    T = z.dtype.type
    return z * (np.sqrt(T(2)) / np.sqrt(T(fan_in)))


@pytest.mark.parametrize("function", [divided, rooted])
def test_right_orders_of_operation_pass(function):
    assert_passes("he", function)


WRONG = {
    "fan-out-mode": lambda z, *, fan_in, fan_out: (np.sqrt(2 / fan_out) * z).astype(z.dtype),
    "variance-for-deviation": lambda z, *, fan_in, fan_out: (2 / fan_in * z).astype(z.dtype),
    "glorot": lambda z, *, fan_in, fan_out: (np.sqrt(2 / (fan_in + fan_out)) * z).astype(z.dtype),
    "gain-one": lambda z, *, fan_in, fan_out: (np.sqrt(1 / fan_in) * z).astype(z.dtype),
    "fixed-0.01": lambda z, *, fan_in, fan_out: z * z.dtype.type(0.01),
    "truncated-not-corrected": lambda z, *, fan_in, fan_out: (
        np.sqrt(2 / fan_in) * np.clip(z, -2, 2)
    ).astype(z.dtype),
}


@pytest.mark.parametrize("form", WRONG)
def test_wrong_formulas_are_rejected_and_named(form):
    assert_named("he", WRONG[form], form)
