"""A whole network: errors of integration are named, and the first wrong layer is told."""

from __future__ import annotations

import numpy as np
import pytest

from kernels import assert_named
from trainspec.conformance.cases.inputs import make_inputs


def network(**h):
    from trainspec.networks.network import network as run

    return run


def changed(change):
    def run(*inputs, **h):
        names = ("x", "targets", "u", "W1", "b1", "gamma", "beta", "W2", "b2")
        given = dict(zip(names, inputs))
        out = network()(*inputs, **h)
        return out | change(given, out, h)

    return run


def test_reference_is_right_in_another_order():
    """Gradients by differences agree with the backward pass."""
    from trainspec.conformance.cases.load import load_cases

    (case,) = load_cases(ids=["network/small"])
    inputs, h = make_inputs(case, "float64").nest, case.numbers()
    out = network()(**inputs, **h)
    for name in ("W1", "W2", "gamma", "beta", "b2"):
        for index in np.ndindex(inputs[name].shape):
            sides = []
            for step in (1e-6, -1e-6):
                moved = inputs[name].copy()
                moved[index] += step
                sides.append(float(network()(**{**inputs, name: moved}, **h)["loss"]))
            assert abs((sides[0] - sides[1]) / 2e-6 - out["d" + name][index]) < 1e-8


def with_penalty(factor):
    def change(given, out, h):
        squares = (given["W1"] ** 2).sum() + (given["W2"] ** 2).sum()
        T = given["x"].dtype.type
        return {
            "loss": np.asarray(
                out["loss"] + T(factor * h["weight_decay"]) * squares, given["x"].dtype
            )
        }

    return changed(change)


WRONG = {
    "penalty-left-out": with_penalty(-0.5),
    "penalty-without-half": with_penalty(0.5),
    "decay-missing-in-dW1": changed(
        lambda g, out, h: {"dW1": out["dW1"] - g["W1"].dtype.type(h["weight_decay"]) * g["W1"]}
    ),
    "decay-missing-in-dW2": changed(
        lambda g, out, h: {"dW2": out["dW2"] - g["W2"].dtype.type(h["weight_decay"]) * g["W2"]}
    ),
}


@pytest.mark.parametrize("form", WRONG)
def test_wrong_formulas_are_rejected_and_named(form):
    assert_named("network", WRONG[form], form)


def test_the_first_wrong_layer_is_told():
    from helpers import adapter, results

    broken = changed(lambda g, out, h: {"activated": out["normalised"], "loss": out["loss"] * 2})
    found = results(adapter(network=broken), "network", "float64")
    wrong = [r for r in found if r.divergence]
    assert wrong[0].divergence.place.output == "activated"
