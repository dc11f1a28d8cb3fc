"""One small change of a form is named: of a line, of a number in it, of the steps."""

from __future__ import annotations

import numpy as np
import pytest

from helpers import adapter, results, update_rule
from trainspec.conformance.diagnosis.diagnose import diagnose


def said(operation, kernel):
    found = results(adapter(**{operation: update_rule(kernel)}), operation, "float64")
    return diagnose(found)


def _moments(W, g, s, h, one=None):
    s["m"] = h.beta1 * s.get("m", 0) + ((1 - h.beta1) if one is None else one) * g
    s["v"] = h.beta2 * s.get("v", 0) + (1 - h.beta2) * g * g


def _late(W, g, s, t, k, h):
    _moments(W, g, s, h)
    m, v = s["m"] / (1 - h.beta1 ** (t + 1)), s["v"] / (1 - h.beta2**t)
    return W - h.rate * m / (np.sqrt(v) + h.epsilon)


def _stored(W, g, s, t, k, h):
    _moments(W, g, s, h)
    s["m"] = s["m"] / (1 - h.beta1**t)
    return W - h.rate * s["m"] / (np.sqrt(s["v"] / (1 - h.beta2**t)) + h.epsilon)


def _fixed(W, g, s, t, k, h):
    _moments(W, g, s, h, 0.1)
    m, v = s["m"] / (1 - h.beta1**t), s["v"] / (1 - h.beta2**t)
    return W - h.rate * m / (np.sqrt(v) + h.epsilon)


def _clipped(W, g, s, t, k, h):
    s["v"] = np.clip(h.momentum * s.get("v", 0) - h.rate * g, -0.5, 0.5)
    return W + s["v"]


def _short(W, g, s, t, k, h):
    s["v"] = (
        np.asarray(h.momentum * s.get("v", 0) - h.rate * g).astype(np.float16).astype(np.float64)
    )
    return W + s["v"]


def _decayed(W, g, s, t, k, h):
    s["h"] = s.get("h", 0) + g * g
    return W - h.rate * (g + 0.01 * W) / (np.sqrt(s["h"]) + h.epsilon)


@pytest.mark.parametrize(
    ("operation", "kernel", "words"),
    [
        ("adam", _late, "this is canonical with one change: t + 1 in place of t in m_hat ="),
        ("adam", _stored, "m_hat is stored as m for the next step"),
        ("adam", _fixed, "0.1 in place of 1 - beta1 in m = beta1 * m + (1 - beta1) * g"),
        ("momentum", _clipped, "is clipped at 0.5 and minus that in v ="),
        ("momentum", _short, "v is held in float16"),
        ("adagrad", _decayed, "0.01 W is added to g in step = g / (sqrt(h) + epsilon)"),
        ("sgd", lambda W, g, s, t, k, h: W - h.rate * min(1, t / 4) * g,
         "the learning rate is multiplied by min(1, t / 4)"),
    ],
)  # fmt: skip
def test_it_is_named(operation, kernel, words):
    assert words in said(operation, kernel).text


def test_the_clause_is_that_of_the_line():
    assert "ADAM-3" in said("adam", _late).clauses


def test_a_named_error_and_a_change_are_found_together():
    def kernel(W, g, s, t, k, h):
        s["h"] = s.get("h", 0) + g * g + h.epsilon
        return W - h.rate * g / (np.sqrt(np.sqrt(s["h"])) + h.epsilon)

    text = said("adagrad", kernel).text
    assert text.startswith("two changes together: this is the known error epsilon-in-h")
    assert "sqrt(sqrt(h)) in place of sqrt(h)" in text


def test_one_wrong_number_fits_any_constant_and_names_none():
    def decay(steps, *, learning_rate, decay):
        return learning_rate / (1 + decay * (np.mod(steps, 256) - 1))

    found = diagnose(results(adapter(learning_rate_decay=decay), "learning_rate_decay", "float64"))
    assert not found.form
    assert "wrong exactly where steps is over" in found.text


def test_two_changes_are_found_where_the_pairs_are_few():
    def kernel(W, g, s, t, k, h):
        s["v"] = h.rate * s.get("v", 0) - h.rate * W
        return W + s["v"]

    text = said("momentum", kernel).text
    assert text.startswith("this is canonical with two changes: ")
    assert "W in place of g" in text
