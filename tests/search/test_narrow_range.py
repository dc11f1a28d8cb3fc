"""Narrowing: the best values bound the next round."""

from __future__ import annotations

import numpy as np
import pytest

from kernels import assert_named, assert_passes


def narrow(order=lambda v, s: np.argsort(-s), count=lambda k: k):
    def run(values, scores, *, survivors):
        best = values[order(values, scores)[: int(count(survivors))]]
        return {"low": best.min(), "high": best.max()}

    return run


def test_right_orders_of_operation_pass():
    assert_passes("narrow_range", narrow(lambda v, s: np.argsort(s)[::-1]))


WRONG = {
    "worst": narrow(lambda v, s: np.argsort(s)),
    "by-value": narrow(lambda v, s: np.argsort(-v)),
    "one-more": narrow(count=lambda k: k + 1),
    "all": narrow(count=lambda k: 1000),
}


@pytest.mark.parametrize("form", WRONG)
def test_wrong_formulas_are_rejected_and_named(form):
    assert_named("narrow_range", WRONG[form], form)
