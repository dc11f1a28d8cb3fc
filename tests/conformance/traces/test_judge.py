"""Explanations held to every number of a trace."""

from __future__ import annotations

from dataclasses import replace

from traces import record
from trainspec.conformance.traces.explain import explain_trace


def test_a_number_that_was_changed_is_found():
    trace = record("sgd", steps=3, size=2000)
    params = trace.params.copy()
    params[2:, 1999] += 1e-3
    found = explain_trace(replace(trace, params=params), ["optimizers/sgd"])
    (sgd, *_) = found.explanations
    assert sgd.explained < sgd.judged
    assert sgd.first_miss.startswith("step 2, w[1999]: ")


def test_constants_are_fitted_again_to_the_numbers_that_they_miss():
    """ε of 1e-10 shows in float32 where a gradient is tiny, and hardly anywhere else."""
    trace = record("adagrad", kind="float32", steps=6, size=3000, epsilon=1e-10, rates=0.05)
    found = explain_trace(trace, ["optimizers/adagrad", "optimizers/rmsprop"])
    assert "adagrad" in [e.form for e in found.explanations if e.whole]
    adagrad = next(e for e in found.explanations if e.form == "adagrad")
    assert adagrad.solution.constants["epsilon"] < 1e-8
    assert "epsilon" in adagrad.solution.open
