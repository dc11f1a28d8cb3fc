"""The network: its gradients are those of its loss, and the test pass is what it says."""

from __future__ import annotations

import numpy as np
import pytest

from trainspec.conformance.effects.network import EPSILON, MOMENTUM, Design, Network
from trainspec.conformance.effects.parts import Parts

GENERATOR = np.random.default_rng(0)
X, T = GENERATOR.normal(size=(6, 5)), np.eye(3)[[0, 1, 2, 0, 1, 2]]


def penalised_loss(network, params):
    network.params = params
    network.masks = np.random.default_rng(7)  # the same masks every time
    loss, _ = network.compute(X, T)
    decay = network.design.weight_decay
    return loss + decay / 2 * sum(np.sum(p**2) for p in params if p.ndim == 2)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
@pytest.mark.parametrize(
    "more", [{}, {"normalised": True}, {"dropout": 0.25}, {"weight_decay": 0.1}]
)
@pytest.mark.parametrize("sizes", [(5, 3), (5, 4, 3), (5, 4, 6, 3)])
def test_gradients_are_those_of_the_loss(activation, more, sizes):
    network = Network(Parts(), Design(sizes, activation, **more), 1)
    params = [p + 0.1 * GENERATOR.normal(size=p.shape) for p in network.params]
    network.params, network.masks = params, np.random.default_rng(7)
    _, grads = network.compute(X, T)
    assert [g.shape for g in grads] == [p.shape for p in params]
    h = 1e-6
    for index, (p, g) in enumerate(zip(params, grads)):
        place = tuple(int(GENERATOR.integers(n)) for n in p.shape)
        around = []
        for sign in (1, -1):
            moved = [q.copy() for q in params]
            moved[index][place] += sign * h
            around.append(penalised_loss(network, moved))
        assert (around[0] - around[1]) / (2 * h) == pytest.approx(g[place], rel=1e-4, abs=1e-7)


def test_running_statistics_are_used_at_test_time():
    network = Network(Parts(), Design((5, 4, 3), normalised=True), 1)
    for _ in range(200):
        network.compute(X, T)
    z = X @ network.params[0]
    # Each batch leaves MOMENTUM of what was there, 0 at first, in three roundings.
    reached, bound = 1 - MOMENTUM**200, 200 * 3 * np.finfo(float).eps
    for running, now in ((network.mean, z.mean(0)), (network.variance, z.var(0))):
        assert (abs(running[0] - reached * now) <= bound * abs(now)).all()
    hat = (z - network.mean[0]) / np.sqrt(network.variance[0] + EPSILON)
    assert np.array_equal(network.predict(X), np.maximum(hat, 0) @ network.params[4])


def test_dropout_is_scaled_at_test_time_and_drops_when_masked():
    network = Network(Parts(), Design((5, 40, 3), dropout=0.25), 1)
    hidden = np.maximum(X @ network.params[0], 0)
    np.testing.assert_allclose(network.activate(X)[0], 0.75 * hidden)
    masked = network.activate(X, masked=True)[0]
    assert set(np.unique(masked[hidden > 0] / hidden[hidden > 0])) == {0.0, 1.0}


def test_equal_seeds_make_equal_networks():
    one, two, other = (Network(Parts(), Design((5, 4, 3)), seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one.params, two.params))
    assert not np.array_equal(one.params[0], other.params[0])


def test_accuracy_is_the_share_of_right_classes():
    network = Network(Parts(), Design((5, 3)), 1)
    network.params = [np.zeros((5, 3)), np.array([1.0, 0, 0])]
    assert network.accuracy(X, T) == pytest.approx(1 / 3)


def test_float32_stays_float32():
    network = Network(Parts(), Design((5, 4, 3), normalised=True, dtype="float32"), 1)
    _, grads = network.compute(X.astype("f"), T.astype("f"))
    assert {a.dtype.name for a in (*network.params, *grads)} == {"float32"}
