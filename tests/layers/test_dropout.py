"""Dropout: the conventions are told apart."""

from __future__ import annotations

import numpy as np
import pytest

from kernels import assert_named, assert_passes


def rule(keep=lambda u, p: u > p, train=lambda p: 1.0, test=lambda p: 1 - p, back=None):
    def run(x, u, dy, *, ratio):
        kept = keep(u, ratio)
        with np.errstate(all="ignore"):
            scale, way_back = train(ratio), (back or train)(ratio)
        zero = x.dtype.type(0)
        return {
            "y": np.where(kept, x * x.dtype.type(scale), zero),
            "dx": np.where(kept, dy * x.dtype.type(way_back), zero),
            "test": x * x.dtype.type(test(ratio)),
        }

    return run


def inverse(p):
    return np.float64(1) / np.float64(1 - p)


def test_right_orders_of_operation_pass():
    assert_passes("dropout", rule())


WRONG = {
    "inverted": rule(train=inverse, test=lambda p: 1),
    "keep-at-ratio": rule(keep=lambda u, p: u >= p),
    "ratio-is-kept": rule(keep=lambda u, p: u > 1 - p),
    "scaled-in-neither": rule(test=lambda p: 1),
    "scaled-in-both": rule(train=inverse),
    "test-by-ratio": rule(test=lambda p: p),
    "gradient-scaled": rule(back=inverse),
    "ratio-fixed-half": lambda x, u, dy, *, ratio: rule()(x, u, dy, ratio=0.5),
    "ratio=0.3": lambda x, u, dy, *, ratio: rule()(x, u, dy, ratio=0.3),
}


@pytest.mark.parametrize("form", WRONG)
def test_wrong_formulas_are_rejected_and_named(form):
    assert_named("dropout", WRONG[form], form)


def test_multiplying_by_the_mask_is_caught_by_a_dropped_infinity():
    from helpers import adapter, results

    def multiplied(x, u, dy, *, ratio):
        kept = (u > ratio).astype(x.dtype)
        return {"y": kept * x, "dx": kept * dy, "test": x * x.dtype.type(1 - ratio)}

    found = results(adapter(dropout=multiplied), "dropout", "float64")
    assert [r.case.id for r in found if r.outcome.fails] == ["dropout/dropped-infinity"]
