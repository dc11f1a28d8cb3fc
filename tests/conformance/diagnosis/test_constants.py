"""The search for constants: one, two, factors, and none where none explains."""

from __future__ import annotations

import numpy as np
import pytest

from helpers import adapter, results, update_rule
from trainspec.conformance.diagnosis.constants import solve_constants
from trainspec.conformance.diagnosis.evidence import gather_evidence
from trainspec.conformance.diagnosis.matching import make_form
from trainspec.conformance.pages.forms import find_slots


def evidence(kernel, operation):
    return gather_evidence(
        results(adapter(**{operation: update_rule(kernel)}), operation, "float64")
    )


def solve(found, name, edits=()):
    base = make_form(found.page, edits)
    (slot,) = [s for s in find_slots(found.page, base.rule) if s.name == name]
    series = solve_constants(found, base, slot)
    return [next(iter(forms)).constants for forms in series]


@pytest.mark.parametrize("value", [0.9, 0.123, 0.0, 1e-3])
def test_a_constant_in_place_of_momentum_is_found(value):
    def kernel(W, g, s, t, k, h):
        s["v"] = value * s.get("v", np.zeros_like(W)) - h.rate * g
        return W + s["v"]

    found = solve(evidence(kernel, "momentum"), "momentum")
    assert found
    assert all(constants == {"momentum": value} for constants in found)


def test_a_factor_of_the_gradient_is_found():
    found = evidence(lambda W, g, s, t, k, h: W - h.rate * 0.7 * g, "sgd")
    assert {"g*": 0.7} in solve(found, "g*")


def test_a_hidden_decay_is_found_without_a_slot():
    found = evidence(lambda W, g, s, t, k, h: W - h.rate * (g + 0.01 * W), "sgd")
    base = make_form(found.page, ("weight-decay",))
    (series,) = solve_constants(found, base, None)
    form = next(series)
    assert form.more == {"weight_decay": 0.01}
    assert form.words == ("weight_decay is 0.01 although nothing was passed",)


def test_no_constant_explains_a_sign():
    found = evidence(lambda W, g, s, t, k, h: W - h.rate * np.sign(g), "sgd")
    assert solve(found, "learning_rate") == []


def test_answers_that_are_all_infinite_determine_no_constant():
    def kernel(W, g, s, t, k, h):
        return np.full_like(W, np.inf)

    found = evidence(kernel, "adam")
    assert not np.isfinite(found.sample.answer).any()
    base = make_form(found.page, ())
    for slot in find_slots(found.page, base.rule):
        assert not list(solve_constants(found, base, slot))
    assert not list(solve_constants(found, make_form(found.page, ("decoupled-decay",)), None))
