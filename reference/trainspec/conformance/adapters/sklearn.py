"""What the neural networks of scikit-learn are made of.

https://github.com/scikit-learn/scikit-learn: `MLPClassifier` has optimizers of its own and its
activations with their derivatives; the Gaussian process is that of `sklearn.gaussian_process`,
and `StandardScaler` gives the deviation. The optimizers work in any type, the rest is asked in
float64 and float32.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sklearn
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.neural_network import MLPRegressor, _base, _stochastic_optimizers
from sklearn.preprocessing import StandardScaler

from trainspec.conformance.adapters import _sklearn as asked

name = "scikit-learn"
version = sklearn.__version__
types = list(asked.types)
profile = "sklearn"

known_failures = {
    "sgd/infinite-gradient": "the velocity is kept at a momentum of 0 too: 0 times infinity",
    "standard_deviation/equal-values": "scale_ is 1 where the deviation is 0",
    "standard_deviation/one-value": "scale_ is 1 where the deviation is 0",
    "standard_deviation/nan": "StandardScaler leaves NaN out, as it says",
}


_SGD, _ADAM = _stochastic_optimizers.SGDOptimizer, _stochastic_optimizers.AdamOptimizer
_BETAS = {"beta1": "beta_1", "beta2": "beta_2"}

sgd = asked.bind_optimizer(_SGD, {}, momentum=0.0, nesterov=False)
momentum = asked.bind_optimizer(_SGD, {})
adam = asked.bind_optimizer(_ADAM, _BETAS)

forms = {"momentum:canonical": asked.bind_optimizer(_SGD, {}, nesterov=False)}

standard_deviation = asked.bind_scaler(StandardScaler, {})
gaussian_process = asked.bind_gaussian_process(GaussianProcessRegressor, {})


def l2_penalty(W: Any, b: Any, gW: Any, gb: Any, *, weight_decay: float) -> Any:
    """`alpha` of a network of one layer, for one row: its penalty is divided by the rows."""
    matrix = W.reshape(len(W), -1)
    # A row of zeros whose targets are the intercepts: the network's own loss is 0.
    row, shift = np.zeros((1, len(matrix)), W.dtype), np.zeros((1, matrix.shape[1]), W.dtype)
    network = MLPRegressor(hidden_layer_sizes=(), alpha=weight_decay, activation="identity")
    network.n_layers_, network.out_activation_ = 2, "identity"
    network.coefs_, network.intercepts_ = [matrix], [shift[0]]
    into = [np.empty_like(matrix)], [np.empty_like(shift[0])]
    loss, *_ = network._backprop(row, shift, None, [row, shift], [None], *into)
    # As if the data's gradient were gW: inputs that are a unit matrix, and deltas that are gW.
    unit, deltas = np.eye(len(matrix), dtype=W.dtype), gW.reshape(matrix.shape)
    network._compute_loss_grad(0, 1, [unit], [deltas], *into)
    network.coefs_, biases = [np.zeros((1, len(b)), W.dtype)], [np.empty_like(b)]
    network._compute_loss_grad(
        0, 1, [np.zeros((1, 1), W.dtype)], [gb[None]], [np.empty_like(network.coefs_[0])], biases
    )
    return {
        "penalty": np.asarray(loss),
        "gradient_W": into[0][0].reshape(W.shape),
        "gradient_b": biases[0],
    }


def sigmoid(x: Any, dy: Any) -> Any:
    return _activation("logistic", x, dy)


def tanh(x: Any, dy: Any) -> Any:
    return _activation("tanh", x, dy)


def relu(x: Any, dy: Any) -> Any:
    return _activation("relu", x, dy)


def _activation(which: str, x: Any, dy: Any) -> Any:
    if x.dtype == np.float16:
        raise NotImplementedError("scikit-learn computes in float32 and float64")
    y, delta = np.array(x), np.array(dy)
    _base.ACTIVATIONS[which](y)
    _base.DERIVATIVES[which](y, delta)
    return {"y": y, "dx": delta}
