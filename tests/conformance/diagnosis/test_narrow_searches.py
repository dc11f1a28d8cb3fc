"""A right formula in the digits of a narrower type."""

from __future__ import annotations

import numpy as np

from helpers import adapter, results, update_rule
from trainspec.conformance.diagnosis.diagnose import diagnose


def describe(kernel):
    return diagnose(results(adapter(adagrad=update_rule(kernel)), "adagrad", "float64"))


def test_all_in_float32_is_the_formula_in_float32():
    def kernel(W, g, s, t, k, h):
        W, g = np.float32(W), np.float32(g)
        s["h"] = np.float32(s.get("h", np.float32(0)) + g * g)
        return W - np.float32(h.rate) * g / (np.sqrt(s["h"]) + np.float32(h.epsilon))

    found = describe(kernel)
    assert "the digits are float32's" in found.text


def test_one_hyperparameter_in_float32_is_named():
    def kernel(W, g, s, t, k, h):
        s["h"] = s.get("h", 0) + g * g
        return W - float(np.float32(h.rate)) * g / (np.sqrt(s["h"]) + h.epsilon)

    assert describe(kernel).text.startswith("learning_rate are held in float32")
