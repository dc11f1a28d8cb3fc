"""How PyTorch's objects are asked: optimizers, modules, functions, initialisers.

Each function below takes an object of PyTorch's kind, `words` (the object's own names of
hyperparameters) and arguments that it is always given, and returns an operation on NumPy arrays.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import ml_dtypes
import numpy as np
import torch

from trainspec.conformance.adapters._shared import (
    in_batches,
    in_turn,
    paired_for,
    renamed,
    updates,
)

types = ("float64", "float32", "float16", "bfloat16")


def bind_optimizer(kind: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """A subclass of `torch.optim.Optimizer` as an update rule."""

    def make(params: Any, rates: Any, given: dict[str, float]) -> Any:
        tensors = [torch.nn.Parameter(to_tensor(W)) for W in params]
        first = {words.get("learning_rate", "lr"): rates[0]} if rates else {}
        return kind(tensors, **first, **renamed(paired_for(kind, given), words), **fixed)

    return updates(make, advance, _save, lambda optimizer, state: optimizer.load_state_dict(state))


def advance(optimizer: Any, gradient: Any, rate: float | None) -> Any:
    """The parameters after one more step of an optimizer."""
    (group,) = optimizer.param_groups
    if rate is not None:
        group["lr"] = rate
    for W, g in zip(group["params"], gradient):
        W.grad = None if g is None else to_tensor(g)
    optimizer.step()
    return [to_array(W) for W in group["params"]]


def _save(optimizer: Any) -> Any:
    return copy.deepcopy(optimizer.state_dict())


def bind_activation(found: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """A function of one tensor, or a module."""

    def activation(x: Any, dy: Any) -> Any:
        return differentiate(_make(found, fixed, x.dtype), x, dy)

    return activation


def bind_affine(found: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """`linear(x, W, b)`, or a module made with the numbers of inputs and outputs.

    PyTorch keeps the transpose of W.
    """

    def affine(x: Any, W: Any, b: Any, dy: Any) -> Any:
        t = leaves(x=x, W=W, b=b)
        if not inspect.isclass(found):
            y = offered(lambda: found(t["x"], t["W"].T, t["b"], **fixed))
        else:
            module = _make(found, fixed, x.dtype, *W.shape)
            weights = {"weight": t["W"].T, "bias": t["b"]}
            y = offered(lambda: torch.func.functional_call(module, weights, (t["x"],)))
        y.backward(to_tensor(dy))
        return {"y": to_array(y), **gradients(t)}

    return affine


def bind_loss(found: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """A loss of scores and classes, which are one-hot where it takes that, else indices."""

    def loss(logits: Any, targets: Any) -> Any:
        t = leaves(logits=logits)
        function = _make(found, fixed, logits.dtype)
        one_hot = to_tensor(targets)
        try:
            value = offered(lambda: function(t["logits"], one_hot))
        except NotImplementedError:
            raise
        except (RuntimeError, ValueError, IndexError):
            value = offered(lambda: function(t["logits"], one_hot.argmax(1)))
        value.backward()
        probabilities = torch.softmax(t["logits"], 1)
        return {"loss": to_array(value), "probabilities": to_array(probabilities), **gradients(t)}

    return loss


def bind_batch_normalization(found: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """One batch in training through `batch_norm`, or through a module."""

    def batch_normalization(x: Any, gamma: Any, beta: Any, dy: Any, **given: float) -> Any:
        t = leaves(x=x, gamma=gamma, beta=beta)
        named = {**renamed(given, words), **fixed}
        if inspect.isclass(found):
            module = _make(found, named, x.dtype, len(gamma)).train()
            _check_axes(module, t["x"])
            weights = {"weight": t["gamma"], "bias": t["beta"]}
            y = offered(lambda: torch.func.functional_call(module, weights, (t["x"],)))
        else:
            y = offered(
                lambda: found(t["x"], None, None, t["gamma"], t["beta"], training=True, **named)
            )
        y.backward(to_tensor(dy))
        axes = (0, *range(2, x.ndim))
        variance, mean = torch.var_mean(t["x"], axes, correction=0)
        statistics = {"mean": to_array(mean), "variance": to_array(variance)}
        return {"y": to_array(y), **statistics, **gradients(t)}

    return batch_normalization


def bind_batch_normalization_running(found: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """Batches through one module; its momentum is the share of the new batch."""

    def batch_normalization_running(x: Any, gamma: Any, beta: Any, **given: float) -> Any:
        if "momentum" in given:
            given["momentum"] = 1 - given["momentum"]
        module = _make(found, {**renamed(given, words), **fixed}, gamma.dtype, len(gamma))
        with torch.no_grad():
            module.weight.copy_(to_tensor(gamma))
            module.bias.copy_(to_tensor(beta))

        def pass_through(batch: Any) -> dict[str, Any]:
            t = to_tensor(batch)
            _check_axes(module, t)
            return {
                "training": to_array(offered(lambda: module.train()(t))),
                "running_mean": to_array(module.running_mean),
                "running_variance": to_array(module.running_var),
                "inference": to_array(module.eval()(t)),
            }

        return in_turn(pass_through, x)

    return batch_normalization_running


def bind_dropout(found: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """A module made with the ratio, or a function that is told whether it trains."""

    def dropout_draw(x: Any, dy: Any, *, seed: int, **given: float) -> Any:
        torch.manual_seed(seed)
        function = _make(found, {**renamed(given, words), **fixed}, x.dtype)

        def call(t: Any, training: bool) -> Any:
            if inspect.isclass(found):
                return function.train(training)(t)
            return function(t, training=training)

        def pass_through(batch: Any, gradient: Any) -> Any:
            outputs = differentiate(lambda t: call(t, True), batch, gradient)
            return {**outputs, "test": to_array(call(to_tensor(batch), False))}

        return in_batches(pass_through, x, dy)

    return dropout_draw


def bind_weights(found: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """A function that fills a tensor, on the weight of `Linear(fan_in, fan_out)`."""

    def draw(*, seed: int, fan_in: int, fan_out: int) -> Any:
        return _draw(found, fixed, seed, fan_in, fan_out)

    return draw


def bind_normal(found: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """A function that fills a tensor with numbers of a given deviation."""

    def normal_draw(*, seed: int, rows: int, columns: int, **given: float) -> Any:
        return _draw(found, {**renamed(given, words), **fixed}, seed, rows, columns)

    return normal_draw


def bind_constant(found: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """A function that fills a tensor with one number."""

    def constant(z: Any, **given: float) -> Any:
        return to_array(found(torch.empty_like(to_tensor(z)), **renamed(given, words), **fixed))

    return constant


def bind_schedule(found: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """A scheduler that multiplies the rate of an optimizer by `gamma`, which is 1 − `decay`."""

    def learning_rate_decay(steps: Any, *, learning_rate: float, decay: float) -> Any:
        if steps.dtype != np.float64:
            raise NotImplementedError("the rates are Python's numbers, which are float64")
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=learning_rate)
        scheduler = found(optimizer, gamma=1 - decay, **fixed)
        rates = []
        for _ in range(int(steps.max(initial=0))):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
        return np.array([rates[int(step) - 1] for step in steps])

    return learning_rate_decay


#: Operation -> how an object is asked for it.
BINDERS = {
    "sigmoid": bind_activation,
    "tanh": bind_activation,
    "relu": bind_activation,
    "affine": bind_affine,
    "softmax_cross_entropy": bind_loss,
    "batch_normalization": bind_batch_normalization,
    "batch_normalization_running": bind_batch_normalization_running,
    "dropout_draw": bind_dropout,
    "xavier_draw": bind_weights,
    "he_draw": bind_weights,
    "normal_draw": bind_normal,
    "constant": bind_constant,
    "learning_rate_decay": bind_schedule,
}


def _make(found: Any, named: Mapping[str, Any], dtype: Any, *sizes: int) -> Any:
    """A module of a class, in a type; or a function with its arguments."""
    is_class = inspect.isclass(found)
    if is_class:
        return found(*sizes, **named).to(to_tensor(np.zeros((), dtype)).dtype)
    return partial(found, **named)


def _check_axes(module: Any, tensor: Any) -> None:
    """Raise NotImplementedError if the layer expects inputs with a different number of axes."""
    try:
        getattr(module, "_check_input_dim", lambda _: None)(tensor)
    except ValueError as error:
        raise NotImplementedError(str(error)) from None


def _draw(fill: Any, named: Mapping[str, Any], seed: int, fan_in: int, fan_out: int) -> Any:
    torch.manual_seed(seed)
    W = torch.empty(fan_out, fan_in, dtype=torch.float64)
    return to_array(fill(W, **named)).T


def differentiate(function: Callable[..., Any], x: Any, dy: Any) -> Any:
    """What a function of one tensor returns, and the gradient with respect to it."""
    t = leaves(x=x)
    y = offered(lambda: function(t["x"]))
    y.backward(to_tensor(dy))
    return {"y": to_array(y), **gradients(t)}


def leaves(**arrays: Any) -> dict[str, Any]:
    """Tensors whose gradients are asked for."""
    return {name: to_tensor(array).requires_grad_() for name, array in arrays.items()}


def gradients(tensors: dict[str, Any]) -> dict[str, Any]:
    """The gradient `dx` of every tensor `x`."""
    return {f"d{name}": to_array(tensor.grad) for name, tensor in tensors.items()}


def offered(call: Callable[[], Any]) -> Any:
    """The result, or NotImplementedError where PyTorch has no kernel for the type."""
    try:
        return call()
    except RuntimeError as error:
        if "not implemented for" in str(error):
            raise NotImplementedError(str(error)) from None
        raise


def to_tensor(array: Any) -> Any:
    """A tensor with the numbers of an array."""
    if array.dtype == ml_dtypes.bfloat16:
        return torch.from_numpy(array.view(np.int16).copy()).view(torch.bfloat16)
    return torch.from_numpy(array.copy())


def to_array(tensor: Any) -> Any:
    """An array with the numbers of a tensor."""
    if tensor.dtype == torch.bfloat16:
        return tensor.detach().clone().view(torch.int16).numpy().view(ml_dtypes.bfloat16)
    return tensor.detach().clone().numpy()
