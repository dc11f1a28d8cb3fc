"""DeZero, the framework of the book's third volume: its optimizers, identified."""

from __future__ import annotations

import types

import numpy as np
import pytest

if not hasattr(np, "int"):  # it was written for NumPy before 1.24
    np.int = int
dezero = pytest.importorskip("dezero")
pytest.importorskip("dezero.optimizers")
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.diagnosis.identify import identify_operations
from trainspec.conformance.implementations.python_module import PythonModule


def run(make, rate_is, params, grads, rates, **given):
    held = [dezero.Parameter(np.array(W)) for W in params]
    optimizer = make(**{rate_is: rates[0]}, **given)
    optimizer.setup(types.SimpleNamespace(params=lambda: held))
    after = []
    for gradient, rate in zip(grads, rates):
        setattr(optimizer, rate_is, rate)
        for W, g in zip(held, gradient):
            W.grad = dezero.Variable(np.array(g))
        optimizer.update()
        after.append([np.array(W.data) for W in held])
    return after


def sgd(params, grads, *, learning_rate):
    return run(dezero.optimizers.SGD, "lr", params, grads, learning_rate)


def momentum(params, grads, *, learning_rate, momentum):
    make = dezero.optimizers.MomentumSGD
    return run(make, "lr", params, grads, learning_rate, momentum=momentum)


def adagrad(params, grads, *, learning_rate, epsilon):
    return run(dezero.optimizers.AdaGrad, "lr", params, grads, learning_rate, eps=epsilon)


def adam(params, grads, *, learning_rate, beta1, beta2, epsilon):
    given = {"beta1": beta1, "beta2": beta2, "eps": epsilon}
    return run(dezero.optimizers.Adam, "alpha", params, grads, learning_rate, **given)


@pytest.mark.parametrize(
    ("function", "form"),
    [(sgd, "canonical"), (momentum, "canonical"), (adagrad, "canonical"), (adam, "eps-hat")],
)
def test_its_forms(function, form):
    module = types.ModuleType("dezero_adapter")
    setattr(module, function.__name__, function)
    chosen = [c for c in load_cases([function.__name__]) if (c.steps or 0) <= 100]
    (found,) = identify_operations(PythonModule(module, "dezero"), chosen, "float64")
    assert found.diagnosis.form == form, found.diagnosis.text
    assert found.diagnosis.departures == ()
