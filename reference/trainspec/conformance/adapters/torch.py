"""PyTorch's optimizers (https://github.com/pytorch/pytorch/tree/main/torch/optim)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import torch

name = "PyTorch"
version = torch.__version__
types = ["float64", "float32", "float16", "bfloat16"]

#: SGD with momentum keeps the learning rate outside the velocity.
variants = {"momentum": "rate-outside-velocity"}


def sgd(params: Any, grads: Any, *, learning_rate: list[float], **rest: float) -> Any:
    return _run(params, grads, learning_rate, lambda p, lr: torch.optim.SGD(p, lr, **rest))


def momentum(
    params: Any, grads: Any, *, learning_rate: list[float], momentum: float, **rest: float
) -> Any:
    return _run(
        params,
        grads,
        learning_rate,
        lambda p, lr: torch.optim.SGD(p, lr, momentum=momentum, **rest),
    )


def adagrad(
    params: Any, grads: Any, *, learning_rate: list[float], epsilon: float, **rest: float
) -> Any:
    return _run(
        params, grads, learning_rate, lambda p, lr: torch.optim.Adagrad(p, lr, eps=epsilon, **rest)
    )


def rmsprop(
    params: Any,
    grads: Any,
    *,
    learning_rate: list[float],
    rho: float,
    epsilon: float,
    **rest: float,
) -> Any:
    return _run(
        params,
        grads,
        learning_rate,
        lambda p, lr: torch.optim.RMSprop(p, lr, alpha=rho, eps=epsilon, **rest),
    )


def adam(
    params: Any,
    grads: Any,
    *,
    learning_rate: list[float],
    beta1: float,
    beta2: float,
    epsilon: float,
    **rest: float,
) -> Any:
    return _run(
        params,
        grads,
        learning_rate,
        lambda p, lr: torch.optim.Adam(p, lr, betas=(beta1, beta2), eps=epsilon, **rest),
    )


def _run(params: Any, grads: Any, rates: list[float], make: Callable[..., Any]) -> Any:
    tensors = [torch.nn.Parameter(_tensor(W)) for W in params]
    optimizer = make(tensors, rates[0])
    after = []
    for gradient, rate in zip(grads, rates):
        for group in optimizer.param_groups:
            group["lr"] = rate
        for W, g in zip(tensors, gradient):
            W.grad = _tensor(g)
        optimizer.step()
        after.append([_array(W.detach()) for W in tensors])
    return after


def _tensor(array: Any) -> Any:
    if array.dtype == ml_dtypes.bfloat16:
        return torch.from_numpy(array.view(np.int16).copy()).view(torch.bfloat16)
    return torch.from_numpy(array.copy())


def _array(tensor: Any) -> Any:
    if tensor.dtype == torch.bfloat16:
        return tensor.clone().view(torch.int16).numpy().view(ml_dtypes.bfloat16)
    return tensor.clone().numpy()
