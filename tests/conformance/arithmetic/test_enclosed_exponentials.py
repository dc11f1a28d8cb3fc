"""exp, log, tanh and erf of enclosed arrays: the true value is inside, and the last bit is right."""

from __future__ import annotations

import numpy as np
import pytest
from flint import arb

from enclosed_expressions import ROUNDINGS, draw_numbers
from trainspec.conformance.arithmetic.enclosed import enclose_exact
from trainspec.conformance.arithmetic.enclosed_exponentials import EXPONENTIALS, LN2, PI

TRUE = {"exp": arb.exp, "log": arb.log, "tanh": arb.tanh, "erf": arb.erf}


@pytest.mark.parametrize(("constant", "truth"), [(LN2, arb.const_log2()), (PI, arb.pi())])
def test_the_constants_are_arbs(constant, truth):
    assert abs(arb(float(constant.high)) + arb(float(constant.low)) - truth) < constant.error


@pytest.mark.parametrize("name", TRUE)
def test_the_true_value_is_inside_and_rounds_to_the_same_number(name):
    draws = np.random.default_rng(1)
    enclosed = certain = 0
    for _ in range(60):
        values, third = draw_numbers(draws, 20), float(draws.choice([1.0, 1 / 3, 100.0]))
        if name == "log":
            values = np.abs(values) + (values == 0)
        x = enclose_exact(ROUNDINGS, values) * enclose_exact(ROUNDINGS, third)
        made = EXPONENTIALS[name](x)
        nearest, sure = made.nearest()
        for index in np.flatnonzero(np.isfinite(made.error)):
            truth = TRUE[name](arb(values[index]) * arb(third))
            off = abs(truth - arb(float(made.high[index])) - arb(float(made.low[index])))
            assert not off > arb(float(made.error[index]))
            assert not sure[index] or float(truth.mid()) == nearest[index]
        enclosed += int(np.isfinite(made.error).sum())
        certain += int(sure.sum())
    assert certain > 0.95 * enclosed > 700


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("exp", [1, np.inf, 0, np.nan]),
        ("log", [-np.inf, np.inf, np.nan, np.nan]),
        ("tanh", [0, 1, -1, np.nan]),
        ("erf", [0, 1, -1, np.nan]),
    ],
)
def test_infinities_and_nan_follow_ieee_754(name, expected):
    made = EXPONENTIALS[name](enclose_exact(ROUNDINGS, np.array([0, np.inf, -np.inf, np.nan])))
    value, certain = made.nearest()
    assert np.array_equal(value, expected, equal_nan=True)
    assert certain.all()


def test_what_is_far_out_is_bounded_or_left_to_arb():
    x = enclose_exact(ROUNDINGS, np.array([-1e4, 1e4, -650.0, 650.0]))
    exp = EXPONENTIALS["exp"](x)
    assert np.isfinite(exp.error).tolist() == [True, False, True, False]
    assert (1 + exp).nearest()[1].tolist() == [True, False, True, False]
    for name in ("tanh", "erf"):
        value, certain = EXPONENTIALS[name](x).nearest()
        assert value.tolist() == [-1, 1, -1, 1]
        assert certain.all()


def test_a_librarys_function_may_round_four_times():
    (bound,) = EXPONENTIALS["exp"](enclose_exact(ROUNDINGS, np.array([1.0]))).bounds()[0]
    assert 4 * np.e * 2.0**-53 <= bound < 4.01 * np.e * 2.0**-53
    with pytest.raises(TypeError, match="bare number 2"):
        EXPONENTIALS["exp"](2)
