"""Right implementations in unusual orders of operations: none may be rejected, in any type."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from helpers import adapter, failures, results, update_rule
from trainspec.conformance.basics.paths import list_techniques
from trainspec.conformance.pages.load import load_page

#: Ways to move a mean `a` on to a value `b`: `w` is the weight of what was there.
MEANS = {
    "weighted": lambda a, b, w: w * a + (1 - w) * b,
    "lerp": lambda a, b, w: a + (1 - w) * (b - a),
    "minus": lambda a, b, w: a - (1 - w) * (a - b),
}


def step(name, m, v, h, t):
    """Adam's step from its moments, in several orders."""
    c1, c2 = 1 - h.beta1**t, 1 - h.beta2**t
    if name == "corrected":
        return m / c1 / (np.sqrt(v / c2) + h.epsilon)
    if name == "reciprocals":
        return m * (1 / c1) * (1 / (np.sqrt(v * (1 / c2)) + h.epsilon))
    if name == "root-of-each":
        return (m / c1) / (np.sqrt(v) / np.sqrt(c2) + h.epsilon)
    return m / c1 * np.sqrt(c2) / (np.sqrt(v) + h.epsilon * np.sqrt(c2))


STEPS = ("corrected", "reciprocals", "root-of-each", "folded")
MOVES = {
    "minus": lambda W, rate, s: W - rate * s,
    "plus": lambda W, rate, s: W + -rate * s,
    "factor": lambda W, rate, s: -(rate * s - W),
}


def adam(first, second, how, move):
    def kernel(W, g, s, t, k, h):
        zero = np.zeros(np.shape(W), W.dtype)
        s["m"] = MEANS[first](s.get("m", zero), g, h.beta1)
        s["v"] = MEANS[second](s.get("v", zero), g * g, h.beta2)
        with np.errstate(all="ignore"):
            return MOVES[move](W, h.rate, step(how, s["m"], s["v"], h, t))

    return update_rule(kernel)


@pytest.mark.slow
@pytest.mark.parametrize("how", STEPS)
@pytest.mark.parametrize("first", MEANS)
def test_adam(first, how):
    for second, move in itertools.product(MEANS, MOVES):
        found = results(adapter(adam=adam(first, second, how, move)), "adam")
        wrong = [r for r in found if r.outcome.fails and r.case.level != "edge"]
        assert not wrong, (second, move, failures(wrong))


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("mean", MEANS)
def test_rmsprop(mean, move):
    def kernel(W, g, s, t, k, h):
        s["h"] = MEANS[mean](s.get("h", np.zeros(np.shape(W), W.dtype)), g * g, h.rho)
        with np.errstate(all="ignore"):
            return MOVES[move](W, h.rate, g / (np.sqrt(s["h"]) + h.epsilon))

    found = results(adapter(rmsprop=update_rule(kernel)), "rmsprop")
    wrong = [r for r in found if r.outcome.fails and r.case.level != "edge"]
    assert not wrong, failures(wrong)


DECAYS = {
    "added": lambda W, g, h: W - h.rate * (g + h.weight_decay * W),
    "shrinking": lambda W, g, h: W * (1 - h.rate * h.weight_decay) - h.rate * g,
    "apart": lambda W, g, h: W - h.rate * g - h.rate * h.weight_decay * W,
    "shrunk-first": lambda W, g, h: (W - h.rate * h.weight_decay * W) - h.rate * g,
}


@pytest.mark.parametrize("decay", DECAYS)
def test_sgd_with_weight_decay(decay):
    def kernel(W, g, s, t, k, h):
        with np.errstate(all="ignore"):
            return DECAYS[decay](W, g, h)

    own = adapter({"sgd": "weight-decay"}, sgd=update_rule(kernel))
    assert not failures(results(own, "sgd"))


@pytest.mark.parametrize("unbiased", [False, True])
@pytest.mark.parametrize("mean", MEANS)
def test_running_statistics(mean, unbiased):
    def batch_normalization_running(x, gamma, beta, *, epsilon, momentum):
        kind = gamma.dtype
        running_mean, running_variance = np.zeros_like(gamma), np.ones_like(gamma)
        after = {"running_mean": [], "running_variance": [], "training": [], "inference": []}
        for batch in x:
            axes = (0, *range(2, batch.ndim))
            shape = (1, -1) + (1,) * (batch.ndim - 2)
            m = batch.size / batch.shape[1]
            mu, var = batch.mean(axes), batch.var(axes)
            with np.errstate(all="ignore"):
                own = var * kind.type(m / (m - 1) if m > 1 else np.inf) if unbiased else var
            running_mean = MEANS[mean](running_mean, mu, momentum).astype(kind)
            running_variance = MEANS[mean](running_variance, own, momentum).astype(kind)

            def normalise(a, b, batch=batch, shape=shape):
                a, b = a.reshape(shape), b.reshape(shape)
                y = (batch - a) / np.sqrt(b + kind.type(epsilon))
                return (gamma.reshape(shape) * y + beta.reshape(shape)).astype(kind)

            after["training"].append(normalise(mu, var))
            after["running_mean"].append(running_mean)
            after["running_variance"].append(running_variance)
            after["inference"].append(normalise(running_mean, running_variance))
        return after

    form = {"batch_normalization_running": "running-variance-unbiased"} if unbiased else {}
    own = adapter(form, batch_normalization_running=batch_normalization_running)
    found = results(own, "batch_normalization_running", "float64", "float32")
    wrong = [r for r in found if r.outcome.fails and r.case.level != "edge"]
    assert not wrong, failures(wrong)


def test_pages_state_orders_that_leave_other_variants_alone():
    stated = {t: load_page(t).orders for t in list_techniques() if load_page(t).orders}
    assert {"optimizers/adam", "optimizers/rmsprop", "optimizers/sgd"} <= stated.keys()
    adam_page = load_page("optimizers/adam")
    # An order that does without v_hat is none of AMSGrad, which changes v_hat.
    plain, amsgrad = adam_page.orders_of(""), adam_page.orders_of("amsgrad")
    assert len(plain) == 3
    assert len(amsgrad) == 2
    assert len(adam_page.orders_of("decoupled-decay")) == 4
