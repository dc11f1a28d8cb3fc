"""The published forms that objects are found to have."""

from __future__ import annotations

from types import ModuleType

import numpy as np

from trainspec.conformance import check
from trainspec.conformance.diagnosis.object_forms import find_forms
from trainspec.conformance.implementations.python_module import PythonModule


def implementation(**attributes):
    module = ModuleType("mine")
    module.__dict__.update(attributes)
    return PythonModule(module, "mine")


def decaying_sgd(params, grads, *, learning_rate, weight_decay=0.0, compute=np.float64):
    after, params = [], [compute(W) for W in params]
    for gradient, rate in zip(grads, learning_rate):
        moved = [
            W - compute(rate) * (g.astype(compute) + compute(weight_decay) * W)
            for W, g in zip(params, gradient)
        ]
        params = moved
        after.append([np.asarray(W, g.dtype) for W, g in zip(params, gradient)])
    return after


def leaky(x, dy):
    slope = np.where(x > 0, x.dtype.type(1), x.dtype.type(0.01))
    return {"y": np.where(x > 0, x, x * slope), "dx": dy * slope}


def test_every_offered_operation_has_its_form():
    found = find_forms(implementation(sgd=decaying_sgd, relu=leaky))
    assert found["sgd"] == ""  # as it is by itself, without the decay that it may be given
    assert found["relu"] == "leaky"
    assert len(found) == 2


def test_what_is_no_published_form_is_left_out():
    wrong = implementation(relu=lambda x, dy: {"y": np.abs(x), "dx": dy * np.sign(x)})
    assert find_forms(wrong) == {}


def test_float32_tells_where_float64_is_computed_in_it():
    def narrow(params, grads, *, learning_rate):
        return decaying_sgd(params, grads, learning_rate=learning_rate, compute=np.float32)

    assert find_forms(implementation(sgd=narrow)) == {"sgd": ""}


def test_cases_that_are_known_to_fail_say_nothing():
    def stops_at_large(params, grads, *, learning_rate):
        after = decaying_sgd(params, grads, learning_rate=learning_rate)
        large = any(np.abs(g).max(initial=0) > 100 for gradient in grads for g in gradient)
        return [[0 * W for W in tensors] for tensors in after] if large else after

    plain = implementation(sgd=stops_at_large, types=["float64"])
    assert find_forms(plain) == {}
    failing = {result.case.label: "stops" for result in check(plain, ["sgd"]).failures}
    listed = implementation(sgd=stops_at_large, types=["float64"], known_failures=failing)
    assert find_forms(listed) == {"sgd": ""}
