"""Fans: layouts are told apart."""

from __future__ import annotations

import numpy as np
import pytest

from kernels import assert_named, assert_passes


def products(shape, *, groups):
    T = shape.dtype.type
    area = T(np.prod(shape[2:].astype(np.float64)))
    return {"fan_in": T(area * shape[1]), "fan_out": T(area * shape[0] / T(groups))}


@pytest.mark.parametrize("function", [products])
def test_right_orders_of_operation_pass(function):
    assert_passes("fans", function)


WRONG = {
    "inputs-first": lambda s, *, groups: {
        "fan_in": s[0] / s.dtype.type(groups) * np.prod(s[2:]),
        "fan_out": s[1] * np.prod(s[2:]),
    },
    "groups-ignored-in-fan-out": lambda s, *, groups: {
        "fan_in": s[1] * np.prod(s[2:]),
        "fan_out": s[0] * np.prod(s[2:]),
    },
    "whole-count": lambda s, *, groups: {
        "fan_in": np.prod(s),
        "fan_out": s[0] / s.dtype.type(groups) * np.prod(s[2:]),
    },
}


@pytest.mark.parametrize("form", WRONG)
def test_wrong_formulas_are_rejected_and_named(form):
    assert_named("fans", WRONG[form], form)
