"""Constant: exact; equal weights stay equal."""

from __future__ import annotations

import numpy as np
import pytest

from kernels import assert_named, assert_passes


def filled(z, *, value):
    return np.full_like(z, value)


@pytest.mark.parametrize("function", [filled])
def test_right_orders_of_operation_pass(function):
    assert_passes("constant", function)


WRONG = {
    "zeros-always": lambda z, *, value: np.zeros_like(z),
    "ones-always": lambda z, *, value: np.ones_like(z),
    "scaled": lambda z, *, value: z * z.dtype.type(value),
    "negated": lambda z, *, value: np.full_like(z, -value),
}


@pytest.mark.parametrize("form", WRONG)
def test_wrong_formulas_are_rejected_and_named(form):
    assert_named("constant", WRONG[form], form)


def test_equal_weights_stay_equal_under_training():
    """CONSTANT-2: hidden nodes that start alike get the same gradient at every step."""
    from trainspec.networks.network import network
    from trainspec.optimizers import adam

    rng = np.random.default_rng(0)
    x, targets = rng.standard_normal((6, 3)), np.eye(2)[[0, 1, 1, 0, 1, 0]]
    p = {
        "W1": np.full((3, 4), 0.3),
        "b1": np.zeros(4),
        "gamma": np.ones(4),
        "beta": np.zeros(4),
        "W2": np.full((4, 2), 0.1),
        "b2": np.zeros(2),
    }
    p["W2"][:, 1] = -0.2
    states = {name: adam.init(W) for name, W in p.items()}
    for _ in range(5):
        out = network(x, targets, np.ones((6, 4)), **p, epsilon=1e-3, ratio=0.0)
        for name in p:
            p[name], states[name] = adam.step(
                p[name], out["d" + name], states[name], learning_rate=0.1
            )
    assert np.ptp(p["W1"], axis=1).max() < 1e-12
    assert np.ptp(p["W2"], axis=0).max() < 1e-12
    assert abs(p["W2"][0] - [0.1, -0.2]).max() > 0.01
