"""Diagnosis: the simplest explanation, what it leaves open, and quick ones."""

from __future__ import annotations

import numpy as np

from helpers import adapter, results, update_rule
from trainspec.conformance.diagnosis.diagnose import diagnose


def found(kernel, operation="sgd", kind="float64", **how):
    return diagnose(results(adapter(**{operation: update_rule(kernel)}), operation, kind), **how)


def test_a_right_implementation_is_canonical():
    diagnosis = found(lambda W, g, s, t, k, h: W - h.rate * g)
    assert (diagnosis.form, diagnosis.exact) == ("canonical", True)
    assert diagnosis.explained == diagnosis.cases
    assert str(diagnosis) == "this is the canonical form"


def test_a_constant_is_part_of_the_form():
    diagnosis = found(lambda W, g, s, t, k, h: W - h.rate * (g + 0.01 * W))
    assert diagnosis.form == "weight-decay, weight_decay=0.01"
    assert diagnosis.constants == {"weight_decay": 0.01}


def test_a_form_that_differs_at_an_edge_is_named_with_it():
    def guarded(W, g, s, t, k, h):
        return W - h.rate * np.where(np.isinf(g), 0.0, g)

    diagnosis = found(guarded)
    assert diagnosis.departures or diagnosis.form != "canonical"


def test_what_nothing_explains_has_a_closest_form():
    diagnosis = found(lambda W, g, s, t, k, h: W - h.rate * np.cos(g))
    assert diagnosis.form == ""
    assert diagnosis.nearest
    assert f"no number is that of {diagnosis.nearest}, the closest form" in diagnosis.text


def test_a_quick_one_combines_nothing():
    def two_mistakes(W, g, s, t, k, h):
        return W - h.rate / np.sqrt(t) * np.sign(g)

    assert found(two_mistakes, quick=True).form == ""


def test_nothing_answered_is_nothing_said():
    assert diagnose(results(adapter(), "sgd", "float64")) is None
