"""tinygrad: what its operations' cases do not show."""

from __future__ import annotations

import math

import numpy as np
import pytest

tinygrad = pytest.importorskip("tinygrad")
from tinygrad.helpers import Context
from tinygrad.nn import BatchNorm, optim

Tensor = tinygrad.Tensor


def test_slopes_at_zero():
    x = Tensor([0.0])
    assert x.relu().sum().gradient(x)[0].numpy().tolist() == [0.0]
    assert x.maximum(0.0).sum().gradient(x)[0].numpy().tolist() == [0.5]


def test_relu_hides_nan():
    assert Tensor([math.nan]).relu().numpy().tolist() == [0.0]


def test_dropout_at_one_gives_zeros():
    with Context(TRAINING=1):
        assert Tensor([1.0, math.inf]).dropout(1.0).numpy().tolist() == [0.0, 0.0]


def test_a_batch_of_one_divides_by_zero():
    with pytest.raises(ZeroDivisionError), Context(TRAINING=1):
        BatchNorm(2)(Tensor([[1.0, 2.0]])).numpy()


def test_a_parameter_of_no_dimension_cannot_be_updated():
    W = Tensor(np.array(1.0, np.float32))
    W.grad = Tensor(np.array(1.0, np.float32))
    with pytest.raises(ValueError, match="broadcast"), Context(TRAINING=1):
        optim.SGD([W], lr=0.1).step()


def test_what_dropout_keeps_is_scaled_in_training():
    tinygrad.Tensor.manual_seed(1)
    with Context(TRAINING=1):
        assert np.allclose(np.unique(Tensor.ones(100).dropout(0.25).numpy()), [0, 4 / 3])
