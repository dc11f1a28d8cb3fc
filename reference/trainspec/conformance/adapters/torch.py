"""PyTorch (https://github.com/pytorch/pytorch): its optimizers, layers and losses.

Its dropout and its initialisation draw their own numbers. The L2 penalty is `weight_decay`, which
the optimizers add to the gradients. It has no decay by the inverse of time, no split with a given
permutation and no hyperparameter search.
"""

from __future__ import annotations

import copy
import inspect
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import ml_dtypes
import numpy as np
import torch
from torch.nn import functional, init

from trainspec.conformance.adapters._shared import (
    default_of,
    in_batches,
    paired,
    renamed,
    updates,
)

name = "PyTorch"
version = torch.__version__
types = ["float64", "float32", "float16", "bfloat16"]

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


def bind_optimizer(kind: Any, words: dict[str, str], **fixed: Any) -> Any:
    """Any subclass of `torch.optim.Optimizer` as an update rule; `words` are its own names."""
    accepted = inspect.signature(kind).parameters

    def make(params: Any, rates: Any, given: dict[str, float]) -> Any:
        if "betas" in accepted:
            given = paired(given, "betas", default_of(kind, "betas"))
        tensors = [torch.nn.Parameter(_tensor(W)) for W in params]
        first = {words.get("learning_rate", "lr"): rates[0]} if rates else {}
        return kind(tensors, **first, **renamed(given, words), **fixed)

    return updates(make, _step, _save, lambda optimizer, state: optimizer.load_state_dict(state))


def updates_with(**how: Any) -> dict[str, Any]:
    """Every form of the update rules; `how` chooses PyTorch's implementation (``fused=True``)."""

    def of(kind: Any, **fixed: Any) -> Any:
        if not how.keys() <= inspect.signature(kind).parameters.keys():
            return None  # there is no such implementation of it
        words = {**EPS, "rho": "alpha", "rate_decay": "lr_decay"}
        return bind_optimizer(kind, words, **fixed, **how)

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


def _step(optimizer: Any, gradient: Any, rate: float | None) -> Any:
    (group,) = optimizer.param_groups
    if rate is not None:
        group["lr"] = rate
    for W, g in zip(group["params"], gradient):
        W.grad = None if g is None else _tensor(g)
    optimizer.step()
    return [_array(W) for W in group["params"]]


def _save(optimizer: Any) -> Any:
    return copy.deepcopy(optimizer.state_dict())


forms = updates_with()
sgd, momentum, adagrad, rmsprop, adam = map(
    forms.pop, ("sgd", "momentum", "adagrad", "rmsprop", "adam")
)


def standard_deviation(x: Any) -> Any:
    t = _tensor(x)
    variance, mean = torch.var_mean(t, correction=0)
    return {
        "mean": _array(mean),
        "variance": _array(variance),
        "std": _array(torch.std(t, correction=0)),
    }


def sigmoid(x: Any, dy: Any) -> Any:
    return _activation(torch.sigmoid, x, dy)


def tanh(x: Any, dy: Any) -> Any:
    return _activation(torch.tanh, x, dy)


def relu(x: Any, dy: Any) -> Any:
    return _activation(torch.relu, x, dy)


def affine(x: Any, W: Any, b: Any, dy: Any) -> Any:
    t = _leaves(x=x, W=W, b=b)
    y = _offered(lambda: functional.linear(t["x"], t["W"].T, t["b"]))
    y.backward(_tensor(dy))
    return {"y": _array(y), **_gradients(t)}


def softmax_cross_entropy(logits: Any, targets: Any) -> Any:
    t = _leaves(logits=logits)
    loss = _offered(lambda: functional.cross_entropy(t["logits"], _tensor(targets)))
    loss.backward()
    probabilities = torch.softmax(t["logits"], 1)
    return {"loss": _array(loss), "probabilities": _array(probabilities), **_gradients(t)}


def batch_normalization(x: Any, gamma: Any, beta: Any, dy: Any, **given: float) -> Any:
    t = _leaves(x=x, gamma=gamma, beta=beta)
    y = _offered(
        lambda: functional.batch_norm(
            t["x"], None, None, t["gamma"], t["beta"], training=True, **renamed(given, EPS)
        )
    )
    y.backward(_tensor(dy))
    axes = (0, *range(2, x.ndim))
    variance, mean = torch.var_mean(t["x"], axes, correction=0)
    return {"y": _array(y), "mean": _array(mean), "variance": _array(variance), **_gradients(t)}


def batch_normalization_running(x: Any, gamma: Any, beta: Any, **given: float) -> Any:
    if "momentum" in given:
        given["momentum"] = 1 - given["momentum"]
    layer = torch.nn.BatchNorm1d if x[0].ndim == 2 else torch.nn.BatchNorm2d
    module = layer(len(gamma), **renamed(given, EPS)).to(_tensor(gamma).dtype)
    with torch.no_grad():
        module.weight.copy_(_tensor(gamma))
        module.bias.copy_(_tensor(beta))
    after: dict[str, list[Any]] = {
        "running_mean": [],
        "running_variance": [],
        "training": [],
        "inference": [],
    }
    for batch in x:
        t = _tensor(batch)
        after["training"].append(_array(_offered(partial(module.train(), t))))
        after["running_mean"].append(_array(module.running_mean))
        after["running_variance"].append(_array(module.running_var))
        after["inference"].append(_array(module.eval()(t)))
    return after


def constant(z: Any, *, value: float) -> Any:
    return _array(init.constant_(torch.empty_like(_tensor(z)), value))


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
        [torch.nn.Parameter(_tensor(W)), torch.nn.Parameter(_tensor(b))],
        lr=1.0, momentum=0.5, weight_decay=weight_decay,
    )  # fmt: skip
    _step(optimizer, [gW, gb], None)
    entered = (_array(state["momentum_buffer"]) for state in optimizer.state.values())
    return {"penalty": np.zeros((), W.dtype), **dict(zip(("gradient_W", "gradient_b"), entered))}


def normal_draw(*, seed: int, std: float, rows: int, columns: int) -> Any:
    return _drawn(lambda W, g: init.normal_(W, 0, std, generator=g), seed, rows, columns)


def _weights(fill: Callable[..., Any], **how: Any) -> Callable[..., Any]:
    """One of `torch.nn.init`'s functions, on the weight of `Linear(fan_in, fan_out)`."""

    def draw(*, seed: int, fan_in: int, fan_out: int) -> Any:
        return _drawn(lambda W, g: fill(W, generator=g, **how), seed, fan_in, fan_out)

    return draw


xavier_draw = _weights(init.xavier_normal_)
he_draw = _weights(init.kaiming_normal_, nonlinearity="relu")


def _linear(*, seed: int, fan_in: int, fan_out: int) -> Any:
    torch.manual_seed(seed)
    return _array(torch.nn.Linear(fan_in, fan_out, dtype=torch.float64).weight).T


forms |= {
    "xavier_draw:canonical": _weights(init.kaiming_normal_, nonlinearity="linear"),
    "xavier_draw:glorot-uniform": _weights(init.xavier_uniform_),
    "he_draw:fan-out-mode": _weights(init.kaiming_normal_, nonlinearity="relu", mode="fan_out"),
    "he_draw:uniform": _weights(init.kaiming_uniform_, nonlinearity="relu"),
    "he_draw:uniform-slope-root-five": _linear,
}


def dropout_draw(x: Any, dy: Any, *, seed: int, ratio: float) -> Any:
    torch.manual_seed(seed)
    layer = torch.nn.Dropout(ratio)

    def pass_through(batch: Any, gradient: Any) -> Any:
        return {
            **_activation(layer.train(), batch, gradient),
            "test": _array(layer.eval()(_tensor(batch))),
        }

    return in_batches(pass_through, x, dy)


def _drawn(fill: Callable[..., Any], seed: int, fan_in: int, fan_out: int) -> Any:
    W = torch.empty(fan_out, fan_in, dtype=torch.float64)
    return _array(fill(W, torch.Generator().manual_seed(seed))).T


def _activation(function: Callable[..., Any], x: Any, dy: Any) -> Any:
    t = _leaves(x=x)
    y = _offered(lambda: function(t["x"]))
    y.backward(_tensor(dy))
    return {"y": _array(y), **_gradients(t)}


def _leaves(**arrays: Any) -> dict[str, Any]:
    return {name: _tensor(array).requires_grad_() for name, array in arrays.items()}


def _gradients(tensors: dict[str, Any]) -> dict[str, Any]:
    return {f"d{name}": _array(tensor.grad) for name, tensor in tensors.items()}


def _offered(call: Callable[[], Any]) -> Any:
    """The result, or NotImplementedError where PyTorch has no kernel for the type."""
    try:
        return call()
    except RuntimeError as error:
        if "not implemented for" in str(error):
            raise NotImplementedError(str(error)) from None
        raise


def _tensor(array: Any) -> Any:
    if array.dtype == ml_dtypes.bfloat16:
        return torch.from_numpy(array.view(np.int16).copy()).view(torch.bfloat16)
    return torch.from_numpy(array.copy())


def _array(tensor: Any) -> Any:
    if tensor.dtype == torch.bfloat16:
        return tensor.detach().clone().view(torch.int16).numpy().view(ml_dtypes.bfloat16)
    return tensor.detach().clone().numpy()
