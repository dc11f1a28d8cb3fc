"""Walking through a trace: every step from the recorded parameters before it."""

from __future__ import annotations

import numpy as np

from traces import record
from trainspec.conformance.arithmetic.float64 import FLOAT64_FUNCTIONS
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.traces.misses import make_columns
from trainspec.conformance.traces.walk import predict, walk

MOMENTUM = load_page("optimizers/momentum").rule


def test_a_rule_predicts_its_own_run_and_hands_its_state_on():
    trace = record("momentum", steps=5)
    fixed = {**FLOAT64_FUNCTIONS, "momentum": 0.9}
    walked = list(walk(trace, MOMENTUM, fixed, [0.01] * 5, None))
    predicted = np.stack([W for W, _, _ in walked])
    assert np.array_equal(predicted, trace.params[1:])  # the same operations on the same numbers
    assert [rate for _, rate, _ in walked] == [0.01] * 5
    middle = walk(trace.take(slice(None)), MOMENTUM, fixed, [0.01] * 5, walked[0][2])
    assert not np.array_equal(next(middle)[0], trace.params[1])


def test_candidates_are_rows():
    trace = record("momentum", steps=3)
    columns = make_columns(["momentum"], np.array([[0.5], [0.9]]))
    fixed = {**FLOAT64_FUNCTIONS, **columns}
    predicted = predict(trace, MOMENTUM, fixed, [0.01] * 3, None)
    assert predicted.shape == (2, 3, trace.size)
    assert np.allclose(predicted[1], trace.params[1:])
    assert not np.allclose(predicted[0], trace.params[1:])
