"""SGD: right orders pass, wrong formulas are named, mpmath agrees to 30 digits."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from helpers import KINDS, adapter, failures, margins, named, rejected_in, results, update_rule
from independent import agrees
from trainspec.optimizers import sgd


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "kernel",
    [
        lambda W, g, s, t, k, h: W - h.rate * g,
        lambda W, g, s, t, k, h: W + (-h.rate) * g,
        lambda W, g, s, t, k, h: W - W.dtype.type(h.rate) * g,
        lambda W, g, s, t, k, h: W.astype(np.float64) - h.rate * g.astype(np.float64),
        lambda W, g, s, t, k, h: -(h.rate * g - W),
    ],
)
def test_right_orders_of_operation_pass(kernel, kind):
    found = results(adapter(sgd=update_rule(kernel)), "sgd", kind)
    assert not failures(found)
    assert len(found) >= 9


def first_rate(W, g, s, t, k, h):
    s.setdefault("rate", h.rate)
    return W - s["rate"] * g


def accumulating(W, g, s, t, k, h):
    s["g"] = s.get("g", 0) + g
    return W - h.rate * s["g"]


WRONG = {
    "ascent": lambda W, g, s, t, k, h: W + h.rate * g,
    "gradient-sign": lambda W, g, s, t, k, h: W - h.rate * np.sign(g),
    "gradient-clipped-to-one": lambda W, g, s, t, k, h: W - h.rate * np.clip(g, -1, 1),
    "gradient-doubled": lambda W, g, s, t, k, h: W - 2 * h.rate * g,
    "hidden-decay": lambda W, g, s, t, k, h: W - h.rate * (g + 0.0001 * W),
    "first-learning-rate": first_rate,
    "gradient-accumulates": accumulating,
}


#: Mistakes that a published form with a constant of its own says better.
PUBLISHED = {"hidden-decay": "weight-decay, weight_decay=0.0001"}


@pytest.mark.parametrize("fault", WRONG)
def test_wrong_formulas_are_rejected_and_named(fault):
    implementation = adapter(sgd=update_rule(WRONG[fault]))
    assert named(implementation, "sgd") == PUBLISHED.get(fault, fault)
    sure = {kind for kind, margin in margins("sgd", fault).items() if margin > 2}
    assert {"float64", "float32"} <= sure
    assert sure <= rejected_in(implementation, "sgd")


def test_independent_derivation_agrees_to_30_digits():
    def derive(W, gradients, rates, h, sqrt):
        for g, rate in zip(gradients, rates):
            W = W - mpmath.mpf(rate) * g
            yield W

    agrees("optimizers/sgd", "changing-rate", derive)
    agrees("optimizers/sgd", "shrinking-gradients", derive)


def test_step_does_not_touch_its_arguments():
    W, g = np.array([1.0, 2.0]), np.array([0.5, 0.5])
    after, _ = sgd.step(W, g, sgd.init(W), learning_rate=1.0)
    assert after.tolist() == [0.5, 1.5]
    assert (W.tolist(), g.tolist()) == ([1.0, 2.0], [0.5, 0.5])
