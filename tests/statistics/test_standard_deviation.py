"""Standard deviation: two passes and Welford pass; one pass is caught."""

from __future__ import annotations

import numpy as np
import pytest

from kernels import assert_named, assert_passes


def numpy(x):
    return {"mean": x.mean(), "variance": x.var(), "std": x.std()}


def welford(x):
    T = x.dtype.type
    mean, squares = T(0), T(0)
    for n, value in enumerate(x, 1):
        old = mean
        mean = T(mean + (value - mean) / T(n))
        squares = T(squares + (value - old) * (value - mean))
    return {"mean": mean, "variance": squares / T(len(x)), "std": np.sqrt(squares / T(len(x)))}


def reversed_sum(x):
    n = x.dtype.type(len(x))
    mean = x[::-1].sum() / n
    variance = ((mean - x[::-1]) ** 2).sum() / n
    return {"mean": mean, "variance": variance, "std": variance ** x.dtype.type(0.5)}


@pytest.mark.parametrize("function", [numpy, welford, reversed_sum])
def test_right_orders_of_operation_pass(function):
    assert_passes("standard_deviation", function)


WRONG = {
    "sample": lambda x: {
        "mean": x.mean(),
        "variance": x.var(ddof=1) if len(x) > 1 else x[0] * np.nan,
        "std": x.std(ddof=1) if len(x) > 1 else x[0] * np.nan,
    },
    "root-left-out": lambda x: {"mean": x.mean(), "variance": x.var(), "std": x.var()},
    "absolute": lambda x: {"mean": x.mean(), "variance": x.var(), "std": abs(x - x.mean()).mean()},
    "mean-not-subtracted": lambda x: {
        "mean": x.mean(),
        "variance": (x * x).mean(),
        "std": np.sqrt((x * x).mean()),
    },
}


@pytest.mark.parametrize("form", WRONG)
def test_wrong_formulas_are_rejected_and_named(form):
    assert_named("standard_deviation", WRONG[form], form)


def test_one_pass_in_float32_is_caught():
    from helpers import adapter, results

    def one_pass(x):
        variance = np.maximum((x * x).mean() - x.mean() ** 2, 0).astype(x.dtype)
        return {"mean": x.mean(), "variance": variance, "std": np.sqrt(variance)}

    found = results(adapter(standard_deviation=one_pass), "standard_deviation", "float32")
    assert "standard_deviation/far-from-zero" in [r.case.id for r in found if r.outcome.fails]
