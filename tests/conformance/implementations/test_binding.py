"""Objects that are bound to operations: the book's layers and optimizers, NumPy functions."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from trainspec.conformance import api
from trainspec.conformance.implementations.binding import bind_object
from trainspec.conformance.implementations.implementation import AdapterError
from trainspec.conformance.implementations.object_kinds import Given
from trainspec.conformance.implementations.objects import bind
from trainspec.conformance.implementations.python_module import PythonModule


class SGD:
    def __init__(self, lr=0.01):
        self.lr = lr

    def update(self, params, grads):
        for key in params:
            params[key] -= self.lr * grads[key]


class ReLU:
    def forward(self, x):
        self.positive = (x > 0) | np.isnan(x)
        return np.where(self.positive, x, 0).astype(x.dtype)

    def backward(self, dout):
        return np.where(self.positive, dout, 0).astype(dout.dtype)


class MyAffine:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW, self.db = self.x.T @ dout, dout.sum(0)
        return dout @ self.W.T


class HalfAffine(MyAffine):
    """The gradient of the bias is averaged."""

    def backward(self, dout):
        dx = super().backward(dout)
        self.db = dout.mean(0)
        return dx


class SoftmaxWithLoss:
    def forward(self, x, t):
        self.t = t
        shifted = np.exp(x - x.max(1, keepdims=True))
        self.y = shifted / shifted.sum(1, keepdims=True)
        logs = x - x.max(1, keepdims=True) - np.log(shifted.sum(1, keepdims=True))
        return -np.sum(np.where(t > 0, t * logs, 0)) / len(x)

    def backward(self, dout=1):
        return dout * (self.y - self.t) / len(self.t)


class Dropout:
    def __init__(self, dropout_ratio=0.5):
        self.dropout_ratio = dropout_ratio

    def forward(self, x, train_flg=True):
        if not train_flg:
            return x * (1.0 - self.dropout_ratio)
        self.mask = np.random.rand(*x.shape) > self.dropout_ratio
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


class BatchNormalization:
    def __init__(self, gamma, beta, momentum=0.9, eps=1e-5):
        self.gamma, self.beta, self.momentum, self.eps = gamma, beta, momentum, eps
        self.running_mean, self.running_var = np.zeros(len(gamma)), np.ones(len(gamma))

    def forward(self, x, train_flg=True):
        if not train_flg:
            scaled = (x - self.running_mean) / np.sqrt(self.running_var + self.eps)
            return (self.gamma * scaled + self.beta).astype(x.dtype)
        mean, var = x.mean(0), x.var(0)
        self.std = np.sqrt(var + x.dtype.type(self.eps))
        self.normal = (x - mean) / self.std
        keep = self.momentum
        self.running_mean = keep * self.running_mean + (1 - keep) * mean
        self.running_var = keep * self.running_var + (1 - keep) * var
        return self.gamma * self.normal + self.beta

    def backward(self, dout):
        self.dbeta, self.dgamma = dout.sum(0), (dout * self.normal).sum(0)
        means = self.dbeta / len(dout), self.normal * self.dgamma / len(dout)
        return self.gamma / self.std * (dout - means[0] - means[1])


def sigmoid(x, dy):
    y = 1 / (1 + np.exp(-x))
    return {"y": y, "dx": dy * y * (1 - y)}


def my_rmsprop(params, grads, *, learning_rate, rho, epsilon):
    params, squares, after = [np.array(W) for W in params], [0.0] * len(params), []
    for gradient, rate in zip(grads, learning_rate):
        for k, g in enumerate(gradient):
            squares[k] = rho * squares[k] + (1 - rho) * g * g
            params[k] = params[k] - rate * g / (np.sqrt(squares[k]) + epsilon)
        after.append([np.array(W) for W in params])
    return after


def check(found, *, dtype="float64", **said):
    """The results of an object, as it is found to be."""
    module = ModuleType("bound")
    for bound in bind_object(Given(found.__name__, found, **said)):
        setattr(module, bound.operation, bound.function)
    module.types, module.undeclared = [dtype], True
    checked = api.check(PythonModule(module, found.__name__), types=[dtype])
    return {r.case.entry_point.operation for r in checked.results if r.kind}, checked


@pytest.mark.parametrize(
    ("found", "operations"),
    [
        (ReLU, {"relu"}),
        (MyAffine, {"affine"}),
        (SoftmaxWithLoss, {"softmax_cross_entropy"}),
        (Dropout, {"dropout_draw"}),
        (BatchNormalization, {"batch_normalization", "batch_normalization_running"}),
        (my_rmsprop, {"rmsprop"}),
    ],
)
def test_what_is_right_conforms(found, operations):
    asked, checked = check(found)
    assert operations <= asked
    assert checked.conforms, str(checked)


def test_a_numpy_function_is_asked_as_it_stands():
    _, checked = check(sigmoid)
    assert {r.case.name for r in checked.failures} <= {"infinite-inputs", "large", "nan-input"}
    assert sum(r.outcome.value == "pass" for r in checked.results) >= 5


def test_what_is_wrong_is_named():
    _, checked = check(HalfAffine)
    assert not checked.conforms
    (diagnosis,) = checked.diagnoses.values()
    assert "db" in str(diagnosis)


def test_an_operation_is_chosen_where_a_name_says_nothing():
    class Layer(ReLU):
        pass

    with pytest.raises(
        AdapterError, match="does not say which operation it is; say so with --as affine"
    ):
        bind(Layer)
    function = bind(Layer, "relu")
    answer = function(np.array([-1.0, 2.0]), np.array([1.0, 1.0]))
    assert answer["y"].tolist() == [0.0, 2.0]
    with pytest.raises(AdapterError, match="--as adam: it can be affine"):
        bind(Layer, "adam")


def test_what_cannot_be_asked_says_what_can_be():
    with pytest.raises(AdapterError, match="a class with update"):
        bind(len)
    with pytest.raises(AdapterError, match="nothing that can be asked by name"):
        bind(type("Thing", (), {}))


def test_a_layer_that_is_not_told_whether_it_trains_is_not_asked():
    class Dropout(ReLU):
        pass

    with pytest.raises(NotImplementedError, match="not told whether it trains"):
        bind(Dropout)(np.ones((1, 2, 2)), np.ones((1, 2, 2)), seed=1, ratio=0.5)


def test_steps_move_what_the_object_holds():
    start = np.array([1.0, 2.0])
    job = bind(SGD).start([start], learning_rate=0.5)
    assert job.step([np.array([1.0, 1.0])], 0.25)[0].tolist() == [0.75, 1.75]
    assert start.tolist() == [1.0, 2.0]
    with pytest.raises(NotImplementedError):
        job.step([None], 0.25)
