"""Mistakes of adapters: each, made on purpose, is named as what it is."""

from __future__ import annotations

import numpy as np
import pytest

from helpers import adapter, named, update_rule
from trainspec.conformance.diagnosis.adapter_mistakes import MISREADINGS, MISTAKES


def momentum(W, g, s, t, k, h):
    s["v"] = h.momentum * s.get("v", np.zeros_like(W)) - h.rate * g
    return W + s["v"]


RIGHT = update_rule(momentum)


def misread(params, grads, *, mistake, **h):
    changed = mistake.change({"params": params, "grads": grads})
    return RIGHT(changed["params"], changed["grads"], **h)


@pytest.mark.parametrize("mistake", MISREADINGS, ids=lambda m: m.name)
def test_a_misreading_is_named(mistake):
    run = lambda params, grads, **h: misread(params, grads, mistake=mistake, **h)
    assert named(adapter(momentum=run), "momentum") == mistake.name


def test_shared_state_is_named():
    def run(params, grads, *, learning_rate, momentum):
        v, after = {}, []
        for gradient, rate in zip(grads, learning_rate):
            params = list(params)
            for k, g in enumerate(gradient):
                key = np.shape(g)
                v[key] = momentum * v.get(key, np.zeros_like(g)) - rate * g
                params[k] = np.asarray(params[k] + v[key]).astype(g.dtype)
            after.append(params)
        return after

    assert named(adapter(momentum=run), "momentum") == "state-shared"


def test_stale_arrays_and_early_snapshots_are_named():
    def stale(params, grads, **h):
        last = RIGHT(params, grads, **h)[-1] if grads else []
        return [last] * len(grads)

    def early(params, grads, **h):
        return [list(params), *RIGHT(params, grads, **h)][: len(grads)]

    assert {fault.name for fault in MISTAKES} == {"stale-arrays", "before-the-step"}
    assert named(adapter(momentum=stale), "momentum") == "stale-arrays"
    assert named(adapter(momentum=early), "momentum") == "before-the-step"
