"""Replaying a trace: predictions, learning rates that fit, and misses in tolerances."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from traces import USUAL, record
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.traces.replay import CHUNK, make_columns, measure_misses, replay

MOMENTUM = load_page("optimizers/momentum").rule


def test_a_rule_predicts_its_own_run():
    trace = record("momentum", steps=5)
    predicted, rates = replay(trace, MOMENTUM, {"momentum": 0.9}, [0.01] * 5)
    assert np.array_equal(predicted, trace.params[1:])  # the same operations on the same numbers
    assert rates == [0.01] * 5


def test_the_rate_of_every_step_is_fitted():
    trace = record("momentum", steps=4, rates=[0.1, 0.05, 0.2, 0.01])
    _, rates = replay(trace, MOMENTUM, {"momentum": 0.9}, None)
    # Three numbers are rounded, each by 2⁻⁵³ of itself: the recorded one, the prediction for a rate
    # of 0, and their difference. By Cauchy and Schwarz the rate that is fitted is off by at most √n
    # times that over the norm of what the rate moves, in parts of each number.
    moved = np.array([[0.1], [0.05], [0.2], [0.01]]) * trace.grads / trace.params[1:]
    allowed = 3 * 2.0**-53 * np.sqrt(trace.size) / np.linalg.norm(moved, axis=1)
    off = np.abs(np.ravel(rates) / [0.1, 0.05, 0.2, 0.01] - 1)
    assert (off <= allowed).all()


def test_candidates_are_rows():
    trace = record("momentum", steps=3)
    columns = make_columns(["momentum"], np.array([[0.5], [0.9]]))
    predicted, _ = replay(trace, MOMENTUM, columns, [0.01] * 3)
    assert predicted.shape == (2, 3, trace.size)
    assert np.allclose(predicted[1], trace.params[1:])
    assert not np.allclose(predicted[0], trace.params[1:])


@pytest.mark.parametrize("kind", ["float64", "float32", "float16", "bfloat16"])
def test_every_number_of_a_right_run_is_within_its_tolerance(kind):
    trace = record("momentum", kind=kind, steps=5, size=CHUNK + 10)
    misses = measure_misses(trace, MOMENTUM, USUAL["momentum"], [0.01] * 5)
    assert misses.shape == (5, CHUNK + 10)
    assert np.nanmax(misses) <= 1
    wrong = measure_misses(trace, MOMENTUM, {"momentum": 0.95}, [0.01] * 5)
    assert np.nanmax(wrong) > 1


def test_what_no_type_can_bound_is_not_judged():
    trace = record("adagrad", steps=2, kind="float16")
    grads = np.zeros_like(trace.grads)
    rule = load_page("optimizers/adagrad").rule
    misses = measure_misses(replace(trace, grads=grads), rule, {"epsilon": 1e-8}, [0.01] * 2)
    assert np.isnan(misses).all()  # 0/0 where the type holds ε as 0
