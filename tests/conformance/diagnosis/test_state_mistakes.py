"""Mistakes around the formula are named, with the published form that they are made in."""

from __future__ import annotations

import numpy as np
import pytest

from helpers import adapter, results
from trainspec.conformance.diagnosis.diagnose import diagnose
from trainspec.conformance.diagnosis.state_mistakes import MISTAKES, list_mistakes


def test_names_are_given_once():
    names = [mistake.name for mistake in list_mistakes(101)]
    assert len(set(names)) == len(names)
    assert names[-1] == "count-sticks-at-100"
    assert len(names) == len(MISTAKES) + 3


def adam(epsilon_hat=False, **wrong):
    """Adam over steps and tensors, written out, with one thing wrong."""

    def run(params, grads, *, learning_rate, beta1, beta2, epsilon):
        m = [np.zeros_like(W) for W in params]
        v = [np.zeros_like(W) for W in params]
        after = []
        for step, (gradient, rate) in enumerate(zip(grads, learning_rate), 1):
            new = []
            shapes = [W.shape for W in params]
            for k, W in enumerate(params):
                given = gradient[shapes.index(W.shape) if wrong.get("by_shape") else k]
                drops = wrong.get("close", False) & np.isclose(given, 0)
                t = min(step, wrong.get("most", step))
                t = max(1, t % 256) if wrong.get("wraps") else t
                if wrong.get("skips") and not given.any():
                    new.append(W)
                    continue
                if wrong.get("anew"):
                    rates = learning_rate[:step]
                    same = [one == rate for one in rates[::-1]]
                    t = same.index(False) if False in same else step
                    if t == 1:
                        m[k], v[k] = np.zeros_like(W), np.zeros_like(W)
                if wrong.get("cached"):
                    t = list(learning_rate).index(rate) + 1
                if wrong.get("every_second") and step % 2 == 0:
                    new.append(W)
                    continue
                if wrong.get("forgets") and (step - 1) % wrong["forgets"] == 0:
                    m[k], v[k] = np.zeros_like(W), np.zeros_like(W)
                total = sum(earlier[k] for earlier in grads[:step])
                t = len(grads) if wrong.get("all_steps") else t
                g = np.clip(
                    total if wrong.get("accumulates") else np.where(drops, 0, given),
                    -wrong.get("clips", np.inf), wrong.get("clips", np.inf),
                )  # fmt: skip
                m[k] = beta1 * m[k] + (1 - beta1) * g
                v[k] = beta2 * v[k] + (1 - beta2) * g * g
                m_hat, v_hat = m[k] / (1 - beta1**t), v[k] / (1 - beta2**t)
                hat = epsilon / np.sqrt(1 - beta2**t) if epsilon_hat else epsilon
                moved = W - rate * m_hat / (np.sqrt(v_hat) + hat)
                rows = (g != 0).any(1, keepdims=True) if W.ndim == 2 else g != 0
                new.append(np.where(rows, moved, W) if wrong.get("lazy") else moved)
            params = [np.asarray(W, float) for W in new]
            after.append(params)
        return after

    return run


@pytest.mark.parametrize(
    ("wrong", "form"),
    [
        ({"skips": True}, "zero-tensor-skipped"),
        ({"forgets": True}, "state-forgotten"),
        ({"forgets": True, "epsilon_hat": True}, "eps-hat+state-forgotten"),
        ({"most": 256}, "count-sticks-at-256"),
        ({"clips": 0.5}, "gradient-clipped-at-0.5"),
        ({"forgets": 3}, "state-forgotten-every-3"),
        ({"wraps": True}, "count-wraps-to-one"),
        ({"by_shape": True}, "gradient-of-first-of-its-shape"),
        ({"close": True}, "gradient-dropped-below-1e-08"),
        ({"all_steps": True}, "count-of-all-steps"),
        ({"anew": True}, "state-and-count-forgotten-at-new-rate"),
        ({"cached": True}, "count-of-first-step-with-rate"),
        ({"every_second": True}, "even-steps-left-out"),
        ({"accumulates": True}, "gradient-accumulates"),
    ],
)
def test_a_mistake_is_named(wrong, form):
    diagnosis = diagnose(results(adapter(adam=adam(**wrong)), "adam", "float64"))
    assert diagnosis.form == form
