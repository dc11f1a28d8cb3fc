"""PyTorch (https://github.com/pytorch/pytorch): its optimizers, layers and losses.

Its dropout and its initialisation draw their own numbers. The L2 penalty is `weight_decay`, which
the optimizers add to the gradients. It has no decay by the inverse of time, no split with a given
permutation and no hyperparameter search.
"""

from __future__ import annotations

import inspect
import math
from typing import Any

import numpy as np
import torch
from torch.nn import functional, init

from trainspec.conformance.adapters import _torch as asked
from trainspec.conformance.adapters._torch import bind_weights, to_array, to_tensor

name = "PyTorch"
version = torch.__version__
types = list(asked.types)

profile = "torch"

_ONE = "PyTorch refuses to train on one value a channel"
known_failures = {
    "batch_normalization/batch-of-one": _ONE,
    "momentum:nesterov-rate-outside/momentum-zero": "SGD(nesterov=True) refuses a momentum of 0",
    "momentum:dampening/momentum-zero": (
        "with a momentum of 0 there is no velocity, and dampening does nothing"
    ),
}

EPS = {"epsilon": "eps"}


def updates_with(**how: Any) -> dict[str, Any]:
    """Every form of the update rules; `how` chooses PyTorch's implementation (``fused=True``)."""

    def of(kind: Any, **fixed: Any) -> Any:
        if not how.keys() <= inspect.signature(kind).parameters.keys():
            return None  # there is no such implementation of it
        words = {**EPS, "rho": "alpha", "rate_decay": "lr_decay"}
        return asked.bind_optimizer(kind, words, **fixed, **how)

    optim = torch.optim
    every = {
        "sgd": of(optim.SGD),
        "sgd:weight-decay": of(optim.SGD),
        "momentum": of(optim.SGD),
        "momentum:nesterov-rate-outside": of(optim.SGD, nesterov=True),
        "momentum:dampening": of(optim.SGD),
        "momentum:coupled-decay-rate-outside": of(optim.SGD),
        "adagrad": of(optim.Adagrad),
        "adagrad:starts-at-tenth": of(optim.Adagrad, initial_accumulator_value=0.1),
        "adagrad:rate-decay": of(optim.Adagrad),
        "adagrad:coupled-decay": of(optim.Adagrad),
        "rmsprop": of(optim.RMSprop),
        "rmsprop:momentum": of(optim.RMSprop),
        "rmsprop:centred": of(optim.RMSprop, centered=True),
        "rmsprop:momentum+centred": of(optim.RMSprop, centered=True),
        "rmsprop:coupled-decay": of(optim.RMSprop),
        "adam": of(optim.Adam),
        "adam:amsgrad": of(optim.Adam, amsgrad=True),
        "adam:coupled-decay": of(optim.Adam),
        "adam:amsgrad+coupled-decay": of(optim.Adam, amsgrad=True),
        "adam:decoupled-decay": of(optim.AdamW),
        "adam:amsgrad+decoupled-decay": of(optim.AdamW, amsgrad=True),
    }
    return {row: function for row, function in every.items() if function}


forms = updates_with()
sgd, momentum, adagrad, rmsprop, adam = map(
    forms.pop, ("sgd", "momentum", "adagrad", "rmsprop", "adam")
)


def standard_deviation(x: Any) -> Any:
    t = to_tensor(x)
    variance, mean = torch.var_mean(t, correction=0)
    return {
        "mean": to_array(mean),
        "variance": to_array(variance),
        "std": to_array(torch.std(t, correction=0)),
    }


sigmoid = asked.bind_activation(torch.sigmoid, {})
tanh = asked.bind_activation(torch.tanh, {})
relu = asked.bind_activation(torch.relu, {})
affine = asked.bind_affine(functional.linear, {})
softmax_cross_entropy = asked.bind_loss(functional.cross_entropy, {})
batch_normalization = asked.bind_batch_normalization(functional.batch_norm, EPS)


def batch_normalization_running(x: Any, gamma: Any, beta: Any, **given: float) -> Any:
    layer = torch.nn.BatchNorm1d if x[0].ndim == 2 else torch.nn.BatchNorm2d
    return asked.bind_batch_normalization_running(layer, EPS)(x, gamma, beta, **given)


constant = asked.bind_constant(init.constant_, {"value": "val"})
learning_rate_decay = asked.bind_schedule(torch.optim.lr_scheduler.ExponentialLR, {})


def fans(shape: Any, *, groups: float) -> Any:
    weights = torch.empty([int(n) for n in shape], device="meta")
    found = init._calculate_fan_in_and_fan_out(weights)
    return {name: shape.dtype.type(n) for name, n in zip(("fan_in", "fan_out"), found)}


def grid(index: Any, *, low: float, high: float, points: float) -> Any:
    values = torch.logspace(
        math.log10(low), math.log10(high), int(points), dtype=torch.float64
    ).numpy()
    return values[index.astype(int)].astype(index.dtype)


def l2_penalty(W: Any, b: Any, gW: Any, gb: Any, *, weight_decay: float) -> Any:
    """`SGD(weight_decay=…)`: the gradients that enter the velocity; the loss is not changed."""
    optimizer = torch.optim.SGD(
        [torch.nn.Parameter(to_tensor(W)), torch.nn.Parameter(to_tensor(b))],
        lr=1.0, momentum=0.5, weight_decay=weight_decay,
    )  # fmt: skip
    asked.advance(optimizer, [gW, gb], None)
    entered = (to_array(state["momentum_buffer"]) for state in optimizer.state.values())
    return {"penalty": np.zeros((), W.dtype), **dict(zip(("gradient_W", "gradient_b"), entered))}


dropout_draw = asked.bind_dropout(torch.nn.Dropout, {"ratio": "p"})
normal_draw = asked.bind_normal(init.normal_, {})
xavier_draw = bind_weights(init.xavier_normal_, {})
he_draw = bind_weights(init.kaiming_normal_, {}, nonlinearity="relu")


def _linear(*, seed: int, fan_in: int, fan_out: int) -> Any:
    torch.manual_seed(seed)
    return to_array(torch.nn.Linear(fan_in, fan_out, dtype=torch.float64).weight).T


forms |= {
    "xavier_draw:canonical": bind_weights(init.kaiming_normal_, {}, nonlinearity="linear"),
    "xavier_draw:glorot-uniform": bind_weights(init.xavier_uniform_, {}),
    "he_draw:fan-out-mode": bind_weights(
        init.kaiming_normal_, {}, nonlinearity="relu", mode="fan_out"
    ),
    "he_draw:uniform": bind_weights(init.kaiming_uniform_, {}, nonlinearity="relu"),
    "he_draw:uniform-slope-root-five": _linear,
}
