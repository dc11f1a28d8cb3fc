"""A network of any depth: written out another way it passes, and its mistakes are named."""

from __future__ import annotations

import numpy as np
import pytest

from helpers import adapter, results
from kernels import assert_named, assert_passes
from trainspec.conformance.cases.inputs import make_inputs
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.diagnosis.diagnose import diagnose
from trainspec.networks.multilayer import multilayer
from trainspec.networks.network import network

NAMES = ("x", "targets", "u", "W", "b", "gamma", "beta", "W_out", "b_out")

FORWARD = {
    "sigmoid": lambda y: 0.5 * (1 + np.tanh(0.5 * y)),
    "tanh": np.tanh,
    "relu": lambda y: y * (y > 0),
}
SLOPES = {
    "sigmoid": lambda y, a: 0.25 * (1 - np.tanh(0.5 * y) ** 2),
    "tanh": lambda y, a: (1 - np.tanh(y)) * (1 + np.tanh(y)),
    "relu": lambda y, a: (y > 0).astype(y.dtype),
}


def by_hand(change=None):
    """Recursion over layers, gradients as they return; in the types of the inputs."""
    change = change or {}

    def run(x, targets, u, W, b, gamma, beta, W_out, b_out, **h):
        T, N = x.dtype.type, x.shape[0]
        decay, keep = T(h["weight_decay"]), [one > T(h["ratio"]) for one in u]
        out = {name: [] for name in ("activated", "dW", "db", "dgamma", "dbeta")}

        def descend(a, k):
            if k == len(W):
                logits = a @ W_out + b_out
                e = np.exp(logits - logits.max(1, keepdims=True))
                p = e / e.sum(1, keepdims=True)
                squares = sum((w * w).sum() for w in (*W, W_out))
                loss = -np.log((p * targets).sum(1)).mean() + decay / 2 * squares
                d = (p - targets) / T(change.get("N", N))
                out.update(
                    logits=logits, loss=np.asarray(loss, x.dtype), db_out=d.sum(0),
                    dW_out=a.T @ d + decay * W_out,
                )  # fmt: skip
                return d @ W_out.T
            z = a @ W[k] + b[k]
            y, root, hat = z, T(1), z
            if h["normalisation"] == "batch":
                root = np.sqrt(z.var(0) + T(h["epsilon"]))
                hat = (z - z.mean(0)) / root
                y = gamma[k] * hat + beta[k]
            activated = FORWARD[h["activation"]](y)
            out["activated"].append(activated)
            d = descend(activated * keep[k], k + 1)
            d = d * (keep[k] if "mask" not in change else 1)
            dy = d * SLOPES[h["activation"]](z if "slope" in change else y, activated)
            dg, db = 0 * gamma[k], 0 * beta[k]
            dz = dy
            if h["normalisation"] == "batch":
                dg, db = (dy * hat).sum(0), dy.sum(0)
                dz = gamma[k] / root * (dy - dy.mean(0) - hat * (dy * hat).mean(0))
            out["dgamma"].insert(0, dg)
            out["dbeta"].insert(0, db)
            own = decay if "decay" not in change else T(0)
            out["dW"].insert(0, a.T @ dz + own * W[k])
            out["db"].insert(0, dz.sum(0))
            return dz @ W[k].T

        descend(x, 0)
        return out

    return run


def test_reference_is_right_in_another_order():
    assert_passes("multilayer", by_hand())


def test_the_outputs_that_are_wrong_are_told():
    def wrong(*inputs, **h):
        out = by_hand()(*inputs, **h)
        return out | {"dW": [2 * w for w in out["dW"]]}

    found = results(adapter(multilayer=wrong), "multilayer", "float64")
    diagnosis = diagnose(found)
    assert "dW" in diagnosis.text
    assert not {"logits", "loss", "db,", "dgamma"} & set(diagnosis.text.split())


@pytest.mark.parametrize(
    ("change", "form"),
    [
        ({"N": 1}, "gradient-not-averaged"),
        ({"mask": 1}, "dropout-mask-not-applied-back"),
        ({"decay": 1}, "decay-missing-in-hidden"),
        ({"slope": 1}, "slope-of-inputs"),
    ],
)
def test_wrong_formulas_are_rejected_and_named(change, form):
    assert_named("multilayer", by_hand(change), form)


def test_one_hidden_layer_is_the_fixed_network():
    (case,) = load_cases(ids=["network/small"])
    given = make_inputs(case, "float64").nest
    fixed = network(**given, **case.numbers())
    lists = {name: [given[f"{name}1"]] for name in "Wb"}
    found = multilayer(
        given["x"], given["targets"], [given["u"]], lists["W"], lists["b"],
        [given["gamma"]], [given["beta"]], given["W2"], given["b2"], **case.numbers(),
    )  # fmt: skip
    for one, other in (("loss", "loss"), ("dW_out", "dW2"), ("db_out", "db2")):
        assert np.array_equal(found[one], fixed[other])
    for one, other in (("dW", "dW1"), ("db", "db1"), ("dgamma", "dgamma"), ("dbeta", "dbeta")):
        assert np.array_equal(found[one][0], fixed[other])


def test_without_hidden_layers_it_is_softmax_regression():
    (case,) = load_cases(ids=["multilayer/one-hidden-layer"])
    given = make_inputs(case, "float64").nest
    lists = {name: [] for name in ("u", "W", "b", "gamma", "beta")}
    out = multilayer(**{**given, **lists, "W_out": given["W_out"]}, **case.numbers())
    assert out["activated"] == []
    assert np.array_equal(out["logits"], given["x"] @ given["W_out"] + given["b_out"])


def test_the_layer_of_the_first_wrong_number_is_told():
    def wrong(*inputs, **h):
        out = by_hand()(*inputs, **h)
        out["dW"][1] = out["dW"][1] * 1.001
        return out

    (case,) = load_cases(ids=["multilayer/two-hidden-layers"])
    from trainspec.conformance.checking.check import check_one

    result = check_one(adapter(multilayer=wrong), case, "float64")
    assert result.divergence.place.output == "dW[1]"
    assert str(result.divergence.place) == "dW[1], element [0, 0]"


def test_words_that_there_are_not_are_refused():
    (case,) = load_cases(ids=["multilayer/one-hidden-layer"])
    given = make_inputs(case, "float64").nest
    with pytest.raises(ValueError, match="activation must be one of sigmoid, tanh, relu"):
        multilayer(**given, **case.numbers() | {"activation": "swish"})
    with pytest.raises(ValueError, match="normalisation must be one of batch, none, got 'layer'"):
        multilayer(**given, **case.numbers() | {"normalisation": "layer"})
