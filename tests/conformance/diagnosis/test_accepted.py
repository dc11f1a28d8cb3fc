"""What a signature accepts is judged: a decay that no declared form has is not left unseen."""

from __future__ import annotations

import numpy as np
import pytest

from helpers import adapter
from trainspec.conformance.cases.result import Outcome
from trainspec.conformance.diagnosis.accepted import check_accepted


def sgd(moved):
    """SGD with a weight decay: `moved` gives the change of a tensor for rate 1."""

    def run(params, grads, *, learning_rate, weight_decay=0.0):
        after = []
        for gradients, rate in zip(grads, learning_rate):
            params = [
                np.asarray(W - rate * moved(W, g, weight_decay), W.dtype)
                for W, g in zip(params, gradients)
            ]
            after.append(params)
        return after

    return run


def judge(function, declared=""):
    own = adapter(sgd=function)
    return list(check_accepted(own, ["optimizers/sgd"], {"sgd": declared}))


def test_a_published_form_passes_and_is_named():
    (result,) = judge(sgd(lambda W, g, decay: g + decay * W))
    assert result.outcome is Outcome.PASS
    assert result.case.id == "sgd/accepted-weight-decay"
    assert "sgd:weight-decay" in result.message


@pytest.mark.parametrize(
    ("moved", "text"),
    [
        (
            lambda W, g, decay: g - decay * W,
            "weight_decay is multiplied by -1",
        ),
        (lambda W, g, decay: g + decay**2 * W, "weight_decay"),
        (lambda W, g, decay: g, "weight_decay is accepted and has no effect"),
    ],
)
def test_a_wrong_decay_is_rejected(moved, text):
    (result,) = judge(sgd(moved))
    assert result.outcome is Outcome.WRONG
    assert text in result.message


def test_what_a_declared_form_has_is_left_to_its_cases():
    assert not judge(sgd(lambda W, g, decay: g - decay * W), "weight-decay")


def test_a_function_without_such_a_hyperparameter_has_no_result():
    assert not judge(lambda params, grads, *, learning_rate: params)
