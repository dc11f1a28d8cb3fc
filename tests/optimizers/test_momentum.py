"""Momentum: the place of the learning rate, Nesterov's forms, and an independent derivation."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from helpers import KINDS, adapter, failures, margins, named, rejected_in, results, update_rule
from independent import agrees
from trainspec.optimizers import momentum


def rate_inside(W, g, s, t, k, h):
    s["v"] = h.momentum * s.get("v", np.zeros_like(W)) - h.rate * g
    return W + s["v"]


def positive_velocity(W, g, s, t, k, h):
    s["v"] = h.momentum * s.get("v", np.zeros_like(W)) + h.rate * g
    return W - s["v"]


def own_type_scalars(W, g, s, t, k, h):
    T = W.dtype.type
    s["v"] = (T(h.momentum) * s.get("v", np.zeros_like(W)) - T(h.rate) * g).astype(T)
    return W + s["v"]


def rescaled(W, g, s, t, k, h):
    """The rate outside, and the velocity rescaled whenever the rate changes: the same thing."""
    if s.get("rate", h.rate) not in (0.0, h.rate) and h.rate:
        s["v"] = s["v"] * (s["rate"] / h.rate)
    if not h.rate:
        s["v"] = s.get("v", np.zeros_like(W)) * h.momentum
        return W - s.get("rate", 0.0) * s["v"]
    s["rate"] = h.rate
    s["v"] = h.momentum * s.get("v", np.zeros_like(W)) + g
    return W - h.rate * s["v"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("kernel", [rate_inside, positive_velocity, own_type_scalars, rescaled])
def test_right_orders_of_operation_pass(kernel, kind):
    found = results(adapter(momentum=update_rule(kernel)), "momentum", kind)
    assert not failures(found)
    assert len(found) >= 15


def outside(W, g, s, t, k, h):
    s["v"] = h.momentum * s.get("v", np.zeros_like(W)) + g
    return W - h.rate * s["v"]


def nesterov(W, g, s, t, k, h):
    v = s["v"] = h.momentum * s.get("v", np.zeros_like(W)) - h.rate * g
    return W + h.momentum * v - h.rate * g


def chainer(W, g, s, t, k, h):
    v = s["v"] = h.momentum * s.get("v", np.zeros_like(W)) - h.rate * g
    return W + h.momentum**2 * v - (1 + h.momentum) * h.rate * g


def plain(W, g, s, t, k, h):
    return W - h.rate * g


def complement(W, g, s, t, k, h):
    s["v"] = (1 - h.momentum) * s.get("v", np.zeros_like(W)) - h.rate * g
    return W + s["v"]


def late(W, g, s, t, k, h):
    before = s.get("v", np.zeros_like(W))
    s["v"] = h.momentum * before - h.rate * g
    return W + before


def constant(W, g, s, t, k, h):
    s["v"] = 0.95 * s.get("v", np.zeros_like(W)) - h.rate * g
    return W + s["v"]


WRONG = {
    "rate-outside-velocity": outside,
    "nesterov": nesterov,
    "nesterov-updated-velocity": chainer,
    "momentum-ignored": plain,
    "momentum-complement": complement,
    "before-the-step": late,
    "momentum=0.95": constant,
}


@pytest.mark.parametrize("fault", WRONG)
def test_wrong_formulas_are_rejected_and_named(fault):
    implementation = adapter(momentum=update_rule(WRONG[fault]))
    assert named(implementation, "momentum") == fault
    if "=" not in fault and fault != "before-the-step":
        sure = {kind for kind, margin in margins("momentum", fault).items() if margin > 2}
        assert sure == set(KINDS)
        assert sure <= rejected_in(implementation, "momentum")


def test_declared_variant_passes():
    implementation = adapter(momentum=update_rule(outside))
    found = results(implementation, "momentum", *KINDS, variant="rate-outside-velocity")
    assert not failures(found)
    assert len(found) >= 60


@pytest.mark.parametrize("case", ["changing-rate", "usual-values"])
def test_independent_derivation_agrees_to_30_digits(case):
    def derive(W, gradients, rates, h, sqrt):
        v = mpmath.mpf(0)
        for g, rate in zip(gradients, rates):
            v = mpmath.mpf(h["momentum"]) * v - mpmath.mpf(rate) * g
            W = W + v
            yield W

    agrees("optimizers/momentum", case, derive)


def test_velocity_coasts_after_the_gradient_ends():
    W, g = np.zeros(1), np.ones(1)
    W, state = momentum.step(W, g, momentum.init(W), learning_rate=1.0, momentum=0.5)
    W, state = momentum.step(W, 0 * g, state, learning_rate=0.0, momentum=0.5)
    assert W[0] == -1.5
