"""Normal: the deviation is the deviation."""

from __future__ import annotations

import numpy as np
import pytest

from kernels import assert_named, assert_passes


def times(z, *, std):
    return z * z.dtype.type(std)


@pytest.mark.parametrize("function", [times])
def test_right_orders_of_operation_pass(function):
    assert_passes("normal", function)


WRONG = {
    "variance-for-deviation": lambda z, *, std: z * z.dtype.type(std * std),
    "root-of-deviation": lambda z, *, std: z * z.dtype.type(std**0.5),
    "truncated": lambda z, *, std: np.clip(z, -2, 2) * z.dtype.type(std),
    "fixed-0.01": lambda z, *, std: z * z.dtype.type(0.01),
}


@pytest.mark.parametrize("form", WRONG)
def test_wrong_formulas_are_rejected_and_named(form):
    assert_named("normal", WRONG[form], form)
