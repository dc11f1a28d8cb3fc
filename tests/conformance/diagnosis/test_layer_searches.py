"""A fault in one layer of a network is named with the layer."""

from __future__ import annotations

import numpy as np
import pytest

from helpers import adapter, results
from trainspec.conformance.diagnosis.diagnose import diagnose
from trainspec.networks.multilayer import multilayer


def _without_dropout_in_last(x, targets, u, *rest, **h):
    return multilayer(x, targets, [*u[:-1], np.ones_like(u[-1])], *rest, **h)


def _without_bias_in_first(x, targets, u, W, b, *rest, **h):
    return multilayer(x, targets, u, W, [0 * b[0], *b[1:]], *rest, **h)


def _decay_forgotten_in_all_but_first(x, targets, u, W, *rest, **h):
    answer = multilayer(x, targets, u, W, *rest, **h)
    undecayed = multilayer(x, targets, u, W, *rest, **{**h, "weight_decay": 0.0})
    return {**answer, "dW": [*answer["dW"][:1], *undecayed["dW"][1:]]}


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (_without_dropout_in_last, "in the last hidden layer only, this is dropout-left-out"),
        (_without_bias_in_first, "in the first layer only, this is bias-left-out"),
        (_decay_forgotten_in_all_but_first,
         "in every layer but the first, this is decay-missing-in-hidden"),
    ],
)  # fmt: skip
def test_the_layer_is_named(function, words):
    found = diagnose(results(adapter(multilayer=function), "multilayer", "float64"))
    assert found.text.startswith(words)


@pytest.mark.parametrize(("index", "which"), [(0, "first"), (-1, "last")])
def test_masks_that_layers_of_one_shape_share_are_named(index, which):
    def function(x, targets, u, *rest, **h):
        shared = [[other for other in u if other.shape == one.shape][index] for one in u]
        return multilayer(x, targets, shared, *rest, **h)

    found = diagnose(results(adapter(multilayer=function), "multilayer", "float64"))
    assert found.text == f"layers whose u has one shape all have that of the {which} of them"


def test_a_fault_of_every_layer_is_no_layers():
    def function(x, targets, u, *rest, **h):
        return multilayer(x, targets, [np.ones_like(one) for one in u], *rest, **h)

    found = diagnose(results(adapter(multilayer=function), "multilayer", "float64"))
    assert found.form == "dropout-left-out"
