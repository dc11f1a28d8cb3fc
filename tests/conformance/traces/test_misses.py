"""Judging a trace: learning rates that fit, and misses in tolerances."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from traces import USUAL, record
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.traces.misses import CHUNK, fit_rates, measure_misses

MOMENTUM = load_page("optimizers/momentum").rule


def test_the_rate_of_every_step_is_fitted():
    trace = record("momentum", steps=4, rates=[0.1, 0.05, 0.2, 0.01])
    rates = fit_rates(trace, MOMENTUM, {"momentum": 0.9})
    # Three numbers are rounded, each by 2⁻⁵³ of itself: the recorded one, the prediction for a rate
    # of 0, and their difference. By Cauchy and Schwarz the rate that is fitted is off by at most √n
    # times that over the norm of what the rate moves, in parts of each number.
    moved = np.array([[0.1], [0.05], [0.2], [0.01]]) * trace.grads / trace.params[1:]
    allowed = 3 * 2.0**-53 * np.sqrt(trace.size) / np.linalg.norm(moved, axis=1)
    off = np.abs(np.ravel(rates) / [0.1, 0.05, 0.2, 0.01] - 1)
    assert (off <= allowed).all()


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


def test_a_coarse_run_is_judged_where_its_type_cannot_hold_a_hyperparameter():
    # 0.999 is 1 in bfloat16. The interval of its rounding leaves nothing of 1 - beta2.
    trace, adam = record("adam", kind="bfloat16"), load_page("optimizers/adam").rule
    rates = [0.01] * trace.steps
    assert (measure_misses(trace, adam, USUAL["adam"], rates) <= 1).all()
    assert (measure_misses(trace, adam, {**USUAL["adam"], "beta1": 0.5}, rates) > 1).any()
