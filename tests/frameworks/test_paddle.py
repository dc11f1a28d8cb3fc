"""Paddle: what its operations' cases do not show."""

from __future__ import annotations

import math

import numpy as np
import pytest

from frameworks.shared import FAN_IN, FAN_OUT, GLOROT, deviates

paddle = pytest.importorskip("paddle")
functional = paddle.nn.functional


def slope(function):
    x = paddle.to_tensor(0.0, stop_gradient=False)
    function(x).backward()
    return float(x.grad)


def test_slopes_at_zero():
    assert slope(functional.relu) == 0
    assert slope(lambda x: paddle.maximum(x, paddle.to_tensor(0.0))) == 0.5


def test_dropout():
    assert not functional.dropout(paddle.to_tensor([1.0, math.inf]), 1.0).numpy().any()
    infinite = functional.dropout(paddle.full([1000], math.inf), 0.5).numpy()
    assert not np.isnan(infinite).any()
    tested = functional.dropout(
        paddle.ones([2, 2]), 0.25, training=False, mode="downscale_in_infer"
    )
    assert tested.numpy().ravel().tolist() == [0.75] * 4


def test_dense_weights_are_glorot_s():
    paddle.seed(0)
    weights = paddle.nn.Linear(FAN_IN, FAN_OUT).weight
    assert list(weights.shape) == [FAN_IN, FAN_OUT]
    assert deviates(weights.numpy(), GLOROT, math.sqrt(3) * GLOROT)


def test_a_loss_of_two_thousand_is_64():
    logits = paddle.to_tensor([[1000.0, 0.0, -1000.0]])
    assert float(functional.cross_entropy(logits, paddle.to_tensor([2]))) == pytest.approx(64)


def test_a_batch_of_one_is_not_normalised():
    x = paddle.to_tensor([[1.0, -2.0, 3.0]], stop_gradient=False)
    gamma = paddle.to_tensor([2.0, 3.0, 4.0], stop_gradient=False)
    beta = paddle.to_tensor([0.5, 0.25, 0.125])
    y = functional.batch_norm(x, paddle.zeros([3]), paddle.ones([3]), gamma, beta, training=True)
    y.backward(paddle.to_tensor([[1.0, 2.0, 3.0]]))
    assert y.numpy().tolist() == [[1.0, -2.0, 3.0]]
    assert x.grad.numpy().tolist() == [[1.0, 2.0, 3.0]]
    assert gamma.grad is None or not gamma.grad.numpy().any()


def test_what_dropout_keeps_is_scaled_in_training():
    paddle.seed(1)
    assert np.allclose(np.unique(functional.dropout(paddle.ones([100]), 0.25).numpy()), [0, 4 / 3])
