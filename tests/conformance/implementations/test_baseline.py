"""Doing nothing: parameters as they were, zeros elsewhere, in the right shapes."""

from __future__ import annotations

import numpy as np

from trainspec.conformance.basics.names import Offering
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.cases.result import Outcome
from trainspec.conformance.checking.check import check_cases
from trainspec.conformance.implementations.baseline import DoNothing


def test_nothing_is_done_in_the_right_shapes():
    (case,) = load_cases(ids=["adam/changing-rate"])
    answer = DoNothing().call(case, "float32")
    assert len(answer) == 6
    np.testing.assert_array_equal(answer[0][0], answer[5][0])
    (case,) = load_cases(ids=["dropout/ratio-zero"])
    assert {name: out.any() for name, out in DoNothing().call(case, "float64").items()} == {
        "y": False,
        "dx": False,
        "test": False,
    }


def test_it_is_never_malformed():
    found = list(check_cases(DoNothing(), load_cases()))
    assert not [r for r in found if r.outcome in (Outcome.MALFORMED, Outcome.CRASHED)]
    assert DoNothing().offers("adam")
    assert DoNothing().accepts(Offering("adam")) == frozenset()
