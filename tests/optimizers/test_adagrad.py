"""AdaGrad: right orders pass, wrong formulas are named, mpmath agrees to 30 digits."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from helpers import KINDS, adapter, failures, margins, named, rejected_in, results, update_rule
from independent import agrees
from trainspec.optimizers import adagrad


def summed(s, g, start=0.0):
    s["h"] = s.get("h", np.full_like(g, start)) + g * g
    return s["h"]


def right(W, g, s, t, k, h):
    return W - h.rate * g / (np.sqrt(summed(s, g)) + h.epsilon)


def reciprocal(W, g, s, t, k, h):
    return W - (h.rate * (1 / (np.sqrt(summed(s, g)) + h.epsilon))) * g


def step_first(W, g, s, t, k, h):
    return W - h.rate * (g / (h.epsilon + summed(s, g) ** 0.5))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("kernel", [right, reciprocal, step_first])
def test_right_orders_of_operation_pass(kernel, kind):
    found = [
        r
        for r in results(adapter(adagrad=update_rule(kernel)), "adagrad", kind)
        if not r.case.id.endswith("usual-epsilon")
    ]
    assert not failures(found)
    assert len(found) >= 12


def unkept(W, g, s, t, k, h):
    return W - h.rate * g / (np.abs(g) + h.epsilon)


WRONG = {
    "epsilon-in-root": lambda W, g, s, t, k, h: W - h.rate * g / np.sqrt(summed(s, g) + h.epsilon),
    "starts-at-tenth": lambda W, g, s, t, k, h: W
    - h.rate * g / (np.sqrt(summed(s, g, 0.1)) + h.epsilon),
    "starts-at-tenth-epsilon-in-root": lambda W, g, s, t, k, h: W
    - h.rate * g / np.sqrt(summed(s, g, 0.1) + h.epsilon),
    "root-left-out": lambda W, g, s, t, k, h: W - h.rate * g / (summed(s, g) + h.epsilon),
    "h-averaged": lambda W, g, s, t, k, h: W
    - h.rate * g / (np.sqrt(summed(s, g) / t) + h.epsilon),
    "h-not-kept": unkept,
    "epsilon=1e-06": lambda W, g, s, t, k, h: W - h.rate * g / (np.sqrt(summed(s, g)) + 1e-6),
    "h=0.3": lambda W, g, s, t, k, h: W
    - h.rate * g / (np.sqrt(summed(s, g, 0.3)) + h.epsilon),
}  # fmt: skip


@pytest.mark.parametrize("fault", WRONG)
def test_wrong_formulas_are_rejected_and_named(fault):
    implementation = adapter(adagrad=update_rule(WRONG[fault]))
    assert named(implementation, "adagrad").removeprefix("start of ") == fault
    if "=" not in fault:
        sure = {kind for kind, margin in margins("adagrad", fault).items() if margin > 2}
        assert {"float64", "float32"} <= sure
        assert sure <= rejected_in(implementation, "adagrad")


@pytest.mark.parametrize("case", ["changing-rate", "usual-values", "tiny-gradients"])
def test_independent_derivation_agrees_to_30_digits(case):
    def derive(W, gradients, rates, h, sqrt):
        total = mpmath.mpf(0)
        for g, rate in zip(gradients, rates):
            total += mpmath.mpf(g) ** 2
            W = W - mpmath.mpf(rate) * g / (sqrt(total) + mpmath.mpf(h["epsilon"]))
            yield W

    agrees("optimizers/adagrad", case, derive)


def test_rate_falls_with_the_root_of_the_step():
    W, g = np.zeros(1), np.ones(1)
    state, moved = adagrad.init(W), []
    for _ in range(4):
        after, state = adagrad.step(W, g, state, learning_rate=1.0, epsilon=0.0)
        moved.append(float(W[0] - after[0]))
        W = after
    np.testing.assert_allclose(moved, 1 / np.sqrt([1, 2, 3, 4]), rtol=1e-15)
