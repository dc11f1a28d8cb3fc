"""Whose parts are used: the implementation's, a mistake's, or the reference's."""

from __future__ import annotations

import numpy as np
import pytest

from helpers import adapter
from trainspec.conformance.basics.errors import UserError
from trainspec.conformance.effects.parts import Parts
from trainspec.conformance.implementations.target import load_implementation

GENERATOR = np.random.default_rng(0)
X, W, B = GENERATOR.normal(size=(4, 3)), GENERATOR.normal(size=(3, 2)), GENERATOR.normal(size=2)


def test_the_reference_is_used_where_nothing_is_offered():
    parts = Parts(adapter())
    assert np.array_equal(parts.affine(X, W, B), X @ W + B)
    assert (parts.used, parts.lacking) == (set(), {"affine"})


def test_an_operation_that_is_offered_is_asked_for_both_passes():
    asked = []

    def relu(x, dy):
        asked.append(dy.any())
        return {"y": np.maximum(x, 0) + 1, "dx": np.where(x > 0, dy, 0)}

    parts = Parts(adapter(relu=relu))
    assert np.array_equal(parts.activation("relu", X), np.maximum(X, 0) + 1)
    assert np.array_equal(parts.activation_back("relu", np.ones_like(X), X), 1.0 * (X > 0))
    assert asked == [False, True]
    assert parts.used == {"relu"}


def test_every_part_of_the_reference_is_that_of_its_operations():
    """The two passes that the reference has are what its operations answer."""
    fast, asked = Parts(), Parts(load_implementation(["reference"], in_process=True))
    u, dy = GENERATOR.random((4, 3)), GENERATOR.normal(size=(4, 3))
    targets = np.eye(3)[[0, 2, 1, 0]]
    gamma, beta = np.array([1.5, 0.5, 1]), np.array([0.25, 0, 1])
    for parts in (fast, asked):
        d = parts.affine_back(dy[:, :2], X, W, B)
        found = [
            parts.affine(X, W, B), *d,
            *(parts.activation(n, X) for n in ("sigmoid", "tanh", "relu")),
            *(parts.activation_back(n, dy, X) for n in ("sigmoid", "tanh", "relu")),
            parts.batch_normalization(X, gamma, beta, 1e-5),
            *parts.batch_normalization_back(dy, X, gamma, beta, 1e-5),
            parts.dropout(X, u, 0.5), parts.dropout_back(dy, X, u, 0.5),
            parts.dropout_test(X, 0.5), *parts.loss(X, targets), parts.decay(dy, X, 0.1),
            parts.weights("he", (3, 2), [1]), parts.weights("normal", (3, 2), [1], 0.01),
        ]  # fmt: skip
        if parts is fast:
            expected = found
    for one, other in zip(expected, found):
        assert np.array_equal(one, other)
    assert not fast.used
    assert not asked.lacking


def test_the_first_layer_needs_no_gradient_of_its_inputs():
    dx, dW, db = Parts().affine_back(np.ones((4, 2)), X, W, B, first=True)
    assert dx is None
    assert (dW.shape, db.shape) == (W.shape, B.shape)


def test_an_initialiser_that_draws_is_given_a_seed():
    def he_draw(*, seed, fan_in, fan_out):
        return np.full((fan_in, fan_out), float(seed))

    parts = Parts(adapter(he_draw=he_draw))
    one, other = parts.weights("he", (3, 2), [1]), parts.weights("he", (3, 2), [2])
    assert one.shape == (3, 2)
    assert one[0, 0] != other[0, 0]
    assert parts.used == {"he"}


def test_a_mistake_takes_the_place_of_an_operation():
    parts = Parts(None, {"relu": "negative-kept", "dropout": "never-dropped"})
    assert parts.name == "trainspec reference, relu:negative-kept, dropout:never-dropped"
    assert np.array_equal(parts.dropout(X, np.zeros_like(X), 0.5), X)


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        ({"nothing": "x"}, "no operation 'nothing'"),
        ({"relu": "nothing"}, "no variant or error named 'nothing'"),
        ({"adam": "eps-hat"}, "adam: only a function can be exchanged"),
    ],
)
def test_a_mistake_that_does_not_exist_is_refused(mistake, message):
    with pytest.raises(UserError, match=message):
        Parts(None, mistake)


def test_an_update_rule_is_started_and_stepped():
    steps = Parts().start("sgd", [np.array(1.0)], learning_rate=0.5)
    assert [w.item() for w in steps.step([np.array(1.0)])] == [0.5]
    assert [w.item() for w in steps.step([np.array(1.0)])] == [0.0]


def test_the_declared_form_is_that_of_what_is_used():
    parts = Parts(adapter({"sgd": "weight-decay"}))
    assert parts.form_of("sgd") == ""
    own = Parts(
        adapter({"sgd": "weight-decay"}, sgd_start=lambda params: lambda grads, rate: params)
    )
    own.start("sgd", [np.array(1.0)], learning_rate=0.5)
    assert own.form_of("sgd") == "weight-decay"


def test_types_choose_the_type_to_train_in():
    narrow = adapter()
    narrow.types = ("float32", "bfloat16")
    assert (Parts().dtype, Parts(narrow).dtype) == ("float64", "float32")
