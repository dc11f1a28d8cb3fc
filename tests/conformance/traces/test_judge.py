"""Explanations held to every number of a trace."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from traces import record
from trainspec.conformance.traces.explain import explain_trace
from trainspec.conformance.traces.read import read_trace
from trainspec.trace import Recorder


def test_a_number_that_was_changed_is_found():
    trace = record("sgd", steps=3, size=2000)
    params = trace.params.copy()
    params[2:, 1999] += 1e-3
    found = explain_trace(replace(trace, params=params), ["optimizers/sgd"])
    (sgd, *_) = found.explanations
    assert sgd.explained < sgd.judged
    assert sgd.first_miss.startswith("step 2, w[1999]: ")


def test_of_a_large_trace_a_sample_is_judged(monkeypatch):
    monkeypatch.setattr("trainspec.conformance.traces.explain.JUDGED", 300)
    trace = record("sgd", steps=3, size=2000)
    found = explain_trace(trace, ["optimizers/sgd"])
    assert found.explanations[0].judged == 300
    assert found.trace is trace
    assert "a sample of 300 of 6,000 numbers was judged" in found.notes[0]
    every = explain_trace(trace, ["optimizers/sgd"], whole=True)
    assert every.explanations[0].judged == 6000
    assert not every.notes


def test_a_miss_in_a_sample_is_named_by_its_place_in_the_recording(monkeypatch):
    monkeypatch.setattr("trainspec.conformance.traces.explain.JUDGED", 4500)
    trace = record("sgd", steps=3, size=2000)
    params = trace.params.copy()
    params[2:, 1990:] += 1e-3
    found = explain_trace(replace(trace, params=params), ["optimizers/sgd"])
    place = found.explanations[0].first_miss.removeprefix("step 2, w[").partition("]")[0]
    assert 1990 <= int(place) < 2000


def test_constants_are_fitted_again_to_the_numbers_that_they_miss():
    """ε of 1e-10 shows in float32 where a gradient is tiny, and hardly anywhere else."""
    trace = record("adagrad", kind="float32", steps=6, size=3000, epsilon=1e-10, rates=0.05)
    found = explain_trace(trace, ["optimizers/adagrad", "optimizers/rmsprop"])
    assert "adagrad" in [e.form for e in found.explanations if e.whole]
    adagrad = next(e for e in found.explanations if e.form == "adagrad")
    assert adagrad.solution.constants["epsilon"] < 1e-8
    assert "epsilon" in adagrad.solution.open


def record_with_gaps(own, tmp_path, beta1=0.9, wrong=0.0, both=False):
    """A run of Adam over two tensors; the second lacks its gradient at steps 2, 3 and 6.

    With `both` the first lacks it too, at step 4.
    """
    draws = np.random.default_rng(3)
    params = {name: draws.standard_normal(20) for name in "ab"}
    m, v = ({name: np.zeros(20) for name in "ab"} for _ in range(2))
    counts = dict.fromkeys("ab", 0)
    recorder = Recorder(params)
    for t in range(1, 9):
        grads = {name: 0.3 * draws.standard_normal(20) + 0.1 for name in "ab"}
        if t in (2, 3, 6):
            grads["b"] = None
        if both and t == 4:
            grads["a"] = None
        for name, g in grads.items():
            if g is None:
                continue
            counts[name] += 1
            step = counts[name] if own else t
            m[name] = beta1 * m[name] + (1 - beta1) * g
            v[name] = 0.999 * v[name] + 0.001 * g * g
            scaled = np.sqrt(v[name] / (1 - 0.999**step)) + 1e-8
            moved = params[name] - 0.01 * (m[name] / (1 - beta1**step)) / scaled
            params = {**params, name: moved + (wrong if name == "b" and t == 7 else 0)}
        recorder.step(grads, params)
    recorder.save(tmp_path / "gaps.npz")
    return read_trace(tmp_path / "gaps.npz")


@pytest.mark.parametrize(
    ("own", "counting"),
    [(True, "each tensor counts its own"), (False, "all tensors share one count")],
)
def test_who_counts_steps_without_a_gradient_is_told(own, counting, tmp_path):
    found = explain_trace(record_with_gaps(own, tmp_path), ["optimizers/adam"])
    (adam,) = [e for e in found.explanations if e.form == "adam"]
    assert adam.whole
    assert adam.judged == 20 * 8 + 20 * 5
    assert adam.counting == counting


@pytest.mark.parametrize(
    ("own", "counting"),
    [(True, "each tensor counts its own"), (False, "all tensors share one count")],
)
def test_every_tensor_may_lack_some_gradient(own, counting, tmp_path):
    trace = record_with_gaps(own, tmp_path, both=True)
    assert trace.names == ["a"]
    assert trace.places == [0, 1, 2, 4, 5, 6, 7]
    found = explain_trace(trace, ["optimizers/adam"])
    (adam,) = [e for e in found.explanations if e.form == "adam"]
    assert adam.whole
    assert adam.judged == 20 * 7 + 20 * 5
    assert adam.counting == counting


def test_what_every_count_explains_is_said(tmp_path):
    recorder, w = Recorder({"a": np.ones(9), "b": np.ones(9)}), {"a": np.ones(9), "b": np.ones(9)}
    for t in range(5):
        grads = {"a": None if t == 3 else np.full(9, t + 1.0), "b": None if t == 1 else np.ones(9)}
        w = {k: w[k] if g is None else w[k] - 0.1 * g for k, g in grads.items()}
        recorder.step(grads, w)
    recorder.save(tmp_path / "gaps.npz")
    found = explain_trace(read_trace(tmp_path / "gaps.npz"), ["optimizers/sgd"])
    (sgd,) = [e for e in found.explanations if e.form == "sgd"]
    assert sgd.whole
    assert sgd.judged == 9 * 4 * 2
    assert sgd.counting == "the count does not show"


def test_what_a_tensor_with_gaps_does_wrong_is_found(tmp_path):
    found = explain_trace(record_with_gaps(True, tmp_path, wrong=1e-4), ["optimizers/adam"])
    best = found.explanations[0]
    assert not best.whole
    assert "b[" in best.first_miss
    assert best.first_miss.startswith("step 7, ")


def test_a_rule_without_a_count_does_not_show_it(tmp_path):
    recorder, w = Recorder({"a": np.ones(9), "b": np.ones(9)}), {"a": np.ones(9), "b": np.ones(9)}
    for t in range(4):
        grads = {"a": np.arange(9.0) + t, "b": None if t == 1 else np.arange(9.0)}
        w = {k: w[k] if g is None else w[k] - 0.1 * g for k, g in grads.items()}
        recorder.step(grads, w)
    recorder.save(tmp_path / "gaps.npz")
    found = explain_trace(read_trace(tmp_path / "gaps.npz"), ["optimizers/sgd"])
    assert found.explanations[0].counting == "the count does not show"
