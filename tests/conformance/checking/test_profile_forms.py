"""A port is held to the form of the library that it has, where the library has several."""

from __future__ import annotations

import numpy as np

from helpers import adapter, update_rule
from trainspec.conformance.checking.profile_forms import fit_profile
from trainspec.conformance.pages.profiles import load_profile

TORCH = load_profile("torch")


def momentum(outside):
    def kernel(W, g, s, t, k, h):
        v = s.get("v", np.zeros(np.shape(W), W.dtype))
        s["v"] = h.momentum * v + (g if outside else h.rate * g)
        return W - (h.rate * s["v"] if outside else s["v"])

    return update_rule(kernel)


def test_the_first_form_that_passes_is_chosen():
    def nesterov(W, g, s, t, k, h):
        v = h.momentum * s.get("v", np.zeros(np.shape(W), W.dtype)) + g
        s["v"] = v
        return W - h.rate * (g + h.momentum * v)

    held = fit_profile(adapter(momentum=update_rule(nesterov)), TORCH, ["momentum"])
    assert held["momentum"] == "nesterov-rate-outside"
    held = fit_profile(adapter(momentum=momentum(True)), TORCH, ["momentum"])
    assert held["momentum"] == "rate-outside-velocity"


def test_one_that_passes_none_is_held_to_the_main_form():
    held = fit_profile(adapter(momentum=momentum(False)), TORCH, ["momentum"])
    assert held["momentum"] == "rate-outside-velocity"


def test_a_declaration_is_not_tried():
    own = adapter({"momentum": "dampening"}, momentum=momentum(True))
    assert fit_profile(own, TORCH, ["momentum"])["momentum"] == "dampening"
