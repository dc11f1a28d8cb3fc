"""Steps that are right but for a factor: what the factor depends on is said."""

from __future__ import annotations

import numpy as np
import pytest

from helpers import adapter, results, update_rule
from trainspec.conformance.diagnosis.evidence import gather_evidence
from trainspec.conformance.diagnosis.matching import make_form
from trainspec.conformance.diagnosis.step_factors import find_step_factors


def norm(values):
    return float(np.sqrt(np.sum(np.square(values))))


def describe(function, operation="sgd"):
    evidence = gather_evidence(results(adapter(**{operation: function}), operation, "float64"))
    return find_step_factors(evidence, make_form(evidence.page, ()))


def scaled(factor):
    """SGD whose step of a tensor is multiplied by `factor(W, g, all gradients, t, k)`."""

    def sgd(params, grads, *, learning_rate):
        after, params = [], list(params)
        for t, (gs, rate) in enumerate(zip(grads, learning_rate), 1):
            params = [
                W if g is None else (W - rate * factor(W, g, gs, t, k) * g).astype(W.dtype)
                for k, (W, g) in enumerate(zip(params, gs))
            ]
            after.append(list(params))
        return after

    return sgd


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (lambda W, g, gs, t, k: min(1, t / 4), "min(1, t / 4): 0.25, 0.5, 0.75, 1"),
        (lambda W, g, gs, t, k: 1 / (1 + 0.1 * t), "1 / (1 + 0.1 t)"),
        (lambda W, g, gs, t, k: 0.9 ** (t - 1), "0.9 to the power (t − 1)"),
        (lambda W, g, gs, t, k: 0.0 if k == len(gs) - 1 else 1.0,
         "in the last tensor the step is not made at all, and right elsewhere"),
        (lambda W, g, gs, t, k: 2.0 if W.ndim < 2 else 1.0,
         "in tensors of fewer than two dimensions the step is 2 times the right one"),
        (lambda W, g, gs, t, k: 1 / (norm([norm(x) for x in gs if x is not None]) + 1e-6),
         "multiplied by 1 / (the norm of all gradients together + 1e-06)"),
        (lambda W, g, gs, t, k: 0.01 * norm(W) / norm(g) if norm(g) else 1.0,
         "multiplied by 0.01 times the norm of the parameter / the norm of the tensor's gradient"),
        (lambda W, g, gs, t, k: min(1.0, 0.5 / norm(g)) if norm(g) else 1.0,
         "the step is scaled down so that the norm of the tensor's gradient is at most 0.5"),
        (lambda W, g, gs, t, k: 1 / max(1, len(W) if W.ndim else 1),
         "multiplied by 1 / the number of rows"),
    ],
)  # fmt: skip
def test_what_the_factor_depends_on_is_said(factor, words):
    assert words in describe(scaled(factor))


def test_nothing_is_said_of_another_rule_or_of_the_right_one():
    assert describe(update_rule(lambda W, g, s, t, k, h: W - h.rate * np.sign(g))) == ""
    assert describe(scaled(lambda *_: 1.0)) is None  # one constant: other searches name it


def test_a_state_goes_on_with_the_steps_that_were_made():
    def kernel(W, g, s, t, k, h):
        s["v"] = h.momentum * s.get("v", 0) - h.rate * 0.5**t * g
        return W + s["v"]

    assert "0.5 to the power t" in describe(update_rule(kernel), "momentum")
