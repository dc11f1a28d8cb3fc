"""HIPS autograd: its optimizers, identified. They take one step size for all steps."""

from __future__ import annotations

import types

import numpy as np
import pytest

optimizers = pytest.importorskip("autograd.misc.optimizers")
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.diagnosis.identify import identify_operations
from trainspec.conformance.implementations.python_module import PythonModule


def run(optimizer, params, grads, rates, **given):
    if len(set(rates)) > 1:
        raise NotImplementedError("one step size for all steps")
    sizes = np.cumsum([W.size for W in params])[:-1]
    flat = [np.concatenate([g.ravel() for g in gradient]) for gradient in grads]
    after = []
    for steps in range(1, len(grads) + 1):
        start = np.concatenate([W.ravel() for W in params])
        x = optimizer(lambda x, i: flat[i], start, num_iters=steps, step_size=rates[0], **given)
        after.append([part.reshape(W.shape) for part, W in zip(np.split(x, sizes), params)])
    return after


def momentum(params, grads, *, learning_rate, momentum):
    return run(optimizers.sgd, params, grads, learning_rate, mass=momentum)


def rmsprop(params, grads, *, learning_rate, rho, epsilon):
    return run(optimizers.rmsprop, params, grads, learning_rate, gamma=rho, eps=epsilon)


def adam(params, grads, *, learning_rate, beta1, beta2, epsilon):
    given = {"b1": beta1, "b2": beta2, "eps": epsilon}
    return run(optimizers.adam, params, grads, learning_rate, **given)


@pytest.mark.parametrize(
    ("function", "form"),
    [
        (momentum, "unit-gain-rate-outside"),
        (rmsprop, "starts-at-1"),
        (adam, "canonical"),
    ],
)
def test_its_forms(function, form):
    module = types.ModuleType("autograd_adapter")
    setattr(module, function.__name__, function)
    short = [c for c in load_cases([function.__name__]) if (c.steps or 0) <= 100]
    (found,) = identify_operations(PythonModule(module, "autograd"), short, "float64")
    # A velocity of running means differs from one with the rate inside only where rates change.
    assert found.diagnosis.form in (form, "unit-gain" if "unit" in form else form)
    assert found.diagnosis.explained == found.diagnosis.cases
