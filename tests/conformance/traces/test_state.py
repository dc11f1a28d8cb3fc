"""A state that was not recorded: the numbers that are inferred are those that were there."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from traces import record
from trainspec.conformance.arithmetic.float64 import FLOAT64_FUNCTIONS
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.traces.state import (
    MET,
    SHIFT,
    WELL_MET,
    Slots,
    infer_state,
    list_unknown_slots,
    solve_together,
    weigh,
)
from trainspec.conformance.traces.walk import predict

KNOWN = ["learning_rate", "beta1", "beta2", "epsilon", "momentum"]


@pytest.fixture
def adam():
    """Six steps of Adam from the fourth on, and the state before them."""
    whole = record("adam", steps=9, known=KNOWN)
    m, v = np.zeros(whole.size), np.zeros(whole.size)
    for g in whole.grads[:3]:
        m, v = 0.9 * m + (1 - 0.9) * g, 0.999 * v + (1 - 0.999) * g**2
    trace = replace(
        whole, params=whole.params[3:], grads=whole.grads[3:], rates=whole.rates[3:], first_step=4
    )
    return trace, {"m": m, "v": v}


def infer(trace, guess=None):
    fixed = {**FLOAT64_FUNCTIONS, **trace.hyperparameters}
    rule = load_page("optimizers/adam").rule
    return infer_state(trace, rule, fixed, trace.rates, guess)


def test_which_slots_are_unknown(adam):
    trace, state = adam
    rule = load_page("optimizers/adam").rule
    assert list_unknown_slots(trace, rule) == ["m", "v"]
    assert list_unknown_slots(replace(trace, state=state), rule) == []
    assert list_unknown_slots(replace(trace, first_step=1), rule) == []
    assert infer(replace(trace, state=state)).values.shape == (0, 1, trace.size)


def measure_misses(trace, slots):
    """How far what a state predicts is from the recording, in rough tolerances, (T, N)."""
    fixed = {**FLOAT64_FUNCTIONS, **trace.hyperparameters}
    rule = load_page("optimizers/adam").rule
    return weigh(trace, predict(trace, rule, fixed, trace.rates, slots.state(trace)))[0]


def is_close(trace, found, state):
    """Whether a state that was found is as close to the true one as what both miss allows.

    With r and s what the two miss, J the slopes of the misses and d the way from one state to the
    other, J d = r - s, so that |d| is at most (|r| + |s|) over the least singular value of J. What is
    measured of r and s is rounded by up to one rough tolerance at each of the T steps, √T in all:
    that is what a rough tolerance counts, the subtraction from W and the eight operations of a step.
    """
    true = Slots(found.names, np.stack([state[name] for name in found.names])[:, None])
    missed, left = measure_misses(trace, true), measure_misses(trace, found)
    slopes = [(measure_misses(trace, true.nudge(i)) - missed) / SHIFT for i in range(2)]
    least = np.linalg.svd(np.moveaxis(slopes, -1, 0), compute_uv=False).min(axis=-1)
    size = np.linalg.norm(missed, axis=0) + np.linalg.norm(left, axis=0)
    allowed = (size + 2 * np.sqrt(trace.steps)) / least
    # In the parts by which `Slots.shift` moves: of m's size and the mean one, and of v itself.
    m, v = true.values[:, 0]
    parts = (found.values[:, 0] - true.values[:, 0]) / [np.abs(m) + np.abs(m).mean(), v]
    return np.linalg.norm(parts, axis=0) <= allowed


def test_the_state_is_found(adam):
    trace, state = adam
    found = infer(trace)
    assert (np.square(measure_misses(trace, found)).sum(0) <= MET * trace.steps).all()
    assert is_close(trace, found, state).all()
    other = Slots(found.names, found.values * 1.000001)
    assert (np.square(measure_misses(trace, other)).sum(0) > MET * trace.steps).all()


def test_a_guess_is_where_it_starts(adam):
    trace, state = adam
    near = Slots(("m", "v"), np.stack([state["m"], state["v"]])[:, None] * 1.01)
    assert is_close(trace, infer(trace, near), state).all()


def test_positive_slots_stay_so_and_others_may_change_their_sign():
    slots = Slots(("m", "v"), np.array([[[1.0, -1.0]], [[1.0, 2.0]]]))
    moved = slots.shift(np.full((2, 1, 1), -5.0))
    assert (moved.values[1] > 0).all()
    assert moved.values[0, 0, 0] < 0
    assert slots.take(slice(1)).values.shape == (2, 1, 1)


def test_what_is_no_number_is_far_off_or_not_asked(adam):
    trace, _ = adam
    predicted = trace.params[1:][None].copy()
    assert not weigh(trace, predicted).any()
    predicted[0, 0, 0] = np.nan
    assert weigh(trace, predicted)[0, 0, 0] > 1e9
    lost = replace(trace, params=np.full_like(trace.params, np.nan))
    assert not weigh(lost, predicted).any()


def test_constants_and_states_are_solved_for_together():
    # y = c * t + s for every element, with one c for all and an s of each: linear, so one step.
    t, truth = np.arange(4.0)[:, None], np.array([1.0, -2.0])
    misses = 0 * t - (3.0 * t + truth)  # from c = 0 and s = 0
    slopes, of_state = np.broadcast_to(t, (1, 4, 2)), np.ones((1, 4, 2))
    move, by = solve_together(slopes / 2, of_state, misses / 1, 0.0)
    assert np.allclose(move, 1.5)  # steps are limited
    move, by = solve_together(slopes * 3, of_state, misses, 0.0)
    assert np.allclose(move, 1.0)
    assert np.allclose(by[0, 0], truth)


@pytest.mark.parametrize(
    ("form", "first", "kind"),
    [("amsgrad", 4, "float32"), ("amsgrad", 21, "float64"), ("amsgrad-corrected", 4, "float64")],
)
def test_a_maximum_that_does_nothing_at_the_start_is_found_for_every_element(form, first, kind):
    whole = record("adam", form, kind, steps=first + 6, known=KNOWN, size=400)
    begin = first - 1
    trace = replace(
        whole,
        params=whole.params[begin:],
        grads=whole.grads[begin:],
        rates=whole.rates[begin:],
        first_step=first,
    )
    rule = load_page("optimizers/adam").rule_of_form(form)
    fixed = {**FLOAT64_FUNCTIONS, **trace.hyperparameters}
    slots = infer_state(trace, rule, fixed, trace.rates)
    misses = weigh(trace, predict(trace, rule, fixed, trace.rates, slots.state(trace)))[0]
    assert (np.square(misses).sum(0) <= WELL_MET * trace.steps).all()
