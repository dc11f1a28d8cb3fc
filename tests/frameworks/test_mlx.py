"""MLX: what its operations' cases do not show."""

from __future__ import annotations

import math

import numpy as np
import pytest

from frameworks.shared import FAN_IN, FAN_OUT, GLOROT, LECUN, deviates

mx = pytest.importorskip("mlx.core")
from mlx import nn, optimizers

mx.set_default_device(mx.cpu)


def drawn(name):
    mx.random.seed(1)
    return np.array(getattr(nn.init, name)()(mx.zeros((FAN_OUT, FAN_IN))))


def test_he_s_gain_is_one_by_default():
    assert deviates(drawn("he_normal"), LECUN)
    assert deviates(drawn("he_uniform"), LECUN, math.sqrt(3) * LECUN)


def test_glorot():
    assert deviates(drawn("glorot_normal"), GLOROT)
    assert deviates(drawn("glorot_uniform"), GLOROT, math.sqrt(3) * GLOROT)


def test_slopes_at_zero():
    assert mx.grad(nn.relu)(mx.array(0.0)).item() == 0
    assert mx.grad(lambda x: mx.maximum(x, 0.0))(mx.array(0.0)).item() == 0


def test_dropout():
    with pytest.raises(ValueError, match="probability"):
        nn.Dropout(1.0)
    mx.random.seed(1)
    y = np.array(nn.Dropout(0.5)(mx.full((1000,), math.inf)))
    assert np.isnan(y).any()


def test_a_batch_of_one_is_refused():
    with pytest.raises(ValueError, match="."):
        nn.BatchNorm(2)(mx.ones((1, 2)))


def test_losses_are_not_reduced():
    logits = mx.array([[1.0, 2.0], [1.0, 2.0]])
    assert nn.losses.cross_entropy(logits, mx.array([0, 1])).shape == (2,)


def test_a_float64_parameter_is_stepped_with_float32_numbers():
    W = {"W": mx.array([1.0], dtype=mx.float64)}
    g = {"W": mx.array([0.5], dtype=mx.float64)}
    optimizer = optimizers.Adam(0.01, bias_correction=True)
    moved = optimizer.apply_gradients(g, W)["W"]
    assert moved.dtype == mx.float64
    assert optimizer.learning_rate.dtype == mx.float32
    assert 1e-9 < abs(moved.item() - 0.99) < 1e-6


def test_a_zero_gradient_in_float16_gives_nan():
    W = {"W": mx.ones(1, mx.float16)}
    moved = optimizers.Adam(0.01).apply_gradients({"W": mx.zeros(1, mx.float16)}, W)["W"]
    assert math.isnan(moved.item())


def test_what_dropout_keeps_is_scaled_in_training():
    mx.random.seed(1)
    assert np.allclose(np.unique(np.array(nn.Dropout(0.25)(mx.ones(100)))), [0, 4 / 3])
