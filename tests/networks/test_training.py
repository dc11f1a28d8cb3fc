"""Training: twenty steps with each update rule; faults of integration are named where they enter."""

from __future__ import annotations

import numpy as np
import pytest

from helpers import adapter, named, results
from kernels import assert_passes
from trainspec.networks.network import network
from trainspec.networks.training import training

NAMES = ("W1", "b1", "gamma", "beta", "W2", "b2")


def by_hand(change=lambda gradients, p, h: gradients, one_state=False, one_at_a_time=False):
    """Training written out again, with PyTorch's way of folding Adam's correction."""

    def step(rule, W, g, s, t, h):
        T = W.dtype.type
        eps, rate = T(h["update_epsilon"]), T(h["learning_rate"])
        if rule == "sgd":
            return W - rate * g
        if rule == "momentum":
            s["v"] = T(h["momentum"]) * s.get("v", 0 * W) - rate * g
            return W + s["v"]
        if rule == "adagrad":
            s["h"] = s.get("h", 0 * W) + g * g
            return W - rate * g / (np.sqrt(s["h"]) + eps)
        if rule == "rmsprop":
            s["h"] = T(h["rho"]) * s.get("h", 0 * W) + T(1 - h["rho"]) * g * g
            return W - rate / (np.sqrt(s["h"]) + eps) * g
        s["m"] = s.get("m", 0 * W) + T(1 - h["beta1"]) * (g - s.get("m", 0 * W))
        s["v"] = s.get("v", 0 * W) + T(1 - h["beta2"]) * (g * g - s.get("v", 0 * W))
        root = np.sqrt(s["v"]) / T(np.sqrt(1 - h["beta2"] ** t)) + eps
        return W - T(h["learning_rate"] / (1 - h["beta1"] ** t)) * s["m"] / root

    def run(x, targets, u, *parameters, update_rule, epsilon, ratio, weight_decay, **h):
        p, states, shared = dict(zip(NAMES, parameters)), {n: {} for n in NAMES}, {}
        out = {name: [] for name in ("loss", *NAMES)}
        for t, now in enumerate(u, 1):
            passes = lambda: network(
                x, targets, now, **p, epsilon=epsilon, ratio=ratio, weight_decay=weight_decay
            )
            first = passes()
            for name in NAMES:
                found = passes() if one_at_a_time else first
                g = change({n: found["d" + n] for n in NAMES}, p, weight_decay)[name]
                p[name] = step(update_rule, p[name], g, shared if one_state else states[name], t, h)
            for name, value in {"loss": first["loss"], **p}.items():
                out[name].append(np.asarray(value))
        return out

    return run


@pytest.mark.parametrize("function", [training, by_hand()])
def test_right_orders_of_operation_pass(function):
    assert_passes("training", function)


def without_penalty(name):
    return lambda g, p, decay: g | {name: g[name] - p[name].dtype.type(decay) * p[name]}


WRONG = {
    "decay-missing-in-dW1": by_hand(without_penalty("W1")),
    "decay-missing-in-dW2": by_hand(without_penalty("W2")),
    "decay-on-biases": by_hand(
        lambda g, p, decay: g | {"b2": g["b2"] + p["b2"].dtype.type(decay) * p["b2"]}
    ),
}


@pytest.mark.parametrize("form", WRONG)
def test_wrong_formulas_are_named(form):
    assert named(adapter(training=WRONG[form]), "training") == form


def test_parameters_that_move_too_early_are_caught_in_the_first_step():
    found = results(adapter(training=by_hand(one_at_a_time=True)), "training", "float64", "float32")
    wrong = [r for r in found if r.divergence]
    assert len(wrong) == len([r for r in found if not r.case.rejects])
    assert {f"step {r.divergence.place.step}" for r in wrong if r.kind == "float64"} <= {
        "step 1",
        "step 2",
    }


@pytest.mark.parametrize("rule", ["sgd", "momentum", "adagrad", "rmsprop", "adam"])
def test_the_loss_falls_without_dropout(rule):
    rng = np.random.default_rng(0)
    x, targets = rng.standard_normal((8, 3)), np.eye(2)[[0, 1] * 4]
    W1, W2, ones = rng.standard_normal((3, 4)), rng.standard_normal((4, 2)), np.ones(4)
    steps = [np.ones((8, 4))] * 20
    given = (x, targets, steps, W1, 0 * ones, ones, 0 * ones, W2, np.zeros(2))
    out = training(*given, update_rule=rule, learning_rate=0.05, ratio=0.0, weight_decay=0.001)
    losses = [float(loss) for loss in out["loss"]]
    assert losses[-1] < 0.8 * losses[0]


def test_an_unknown_update_rule_is_refused():
    W = np.ones((1, 1))
    with pytest.raises(ValueError, match="update_rule must be one of sgd, momentum"):
        training(W, W, [W], W, W[0], W[0], W[0], W, W[0], update_rule="lion")
