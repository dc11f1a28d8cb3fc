"""Classes in the style of the book.

An optimizer's `update(params, grads)` changes a dict of arrays in place; a layer has `forward` and
`backward`, and keeps the gradients of its weights as attributes (`dW`).
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from trainspec.conformance.adapters._shared import in_batches, in_turn, paired_for, renamed, updates

RATE = "learning_rate"
types = ("float64", "float32")


class BookRun:
    """An optimizer with its parameters, which it changes in place.

    `rate` is its attribute that holds the learning rate.
    """

    def __init__(self, params: Any, optimizer: Any, rate: str) -> None:
        self.params = {f"W{k}": np.array(W) for k, W in enumerate(params)}
        self.optimizer, self.rate = optimizer, rate

    def step(self, gradient: Any, rate: float | None) -> Any:
        """The parameters after one more step."""
        if rate is not None:
            setattr(self.optimizer, self.rate, rate)
        if any(g is None for g in gradient):
            raise NotImplementedError("update(params, grads) has a gradient for every parameter")
        self.optimizer.update(self.params, dict(zip(self.params, map(np.array, gradient))))
        return [np.array(W) for W in self.params.values()]

    def save(self) -> Any:
        """What the optimizer remembers."""
        return copy.deepcopy(vars(self.optimizer))

    def restore(self, state: Any) -> None:
        """Continue from what one remembered."""
        vars(self.optimizer).update(copy.deepcopy(state))


def bind_optimizer(kind: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """An optimizer as an update rule; `words` are its own names of hyperparameters."""
    rate = words.get(RATE, RATE)

    def make(params: Any, rates: Any, given: dict[str, float]) -> Any:
        first = {rate: rates[0]} if rates else {}
        named = renamed(paired_for(kind, given), words)
        return BookRun(params, kind(**first, **named, **fixed), rate)

    return updates(make, BookRun.step, BookRun.save, BookRun.restore)


def bind_activation(kind: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """A layer without weights."""

    def activation(x: Any, dy: Any) -> Any:
        return through(kind(**fixed), x, dy)

    return activation


def bind_affine(kind: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """A layer made with its weights."""

    def affine(x: Any, W: Any, b: Any, dy: Any) -> Any:
        layer = kind(np.array(W), np.array(b), **fixed)
        return {**through(layer, x, dy), "dW": layer.dW, "db": layer.db}

    return affine


def bind_loss(kind: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """A loss of scores and one-hot classes, which keeps the probabilities."""

    def loss(logits: Any, targets: Any) -> Any:
        layer = kind(**fixed)
        value = layer.forward(np.array(logits), np.array(targets))
        probabilities = _find_attribute(layer, ("y", "probabilities", "probs", "p"))
        outputs = {"loss": value, "probabilities": probabilities, "dlogits": layer.backward()}
        return {name: np.asarray(output, logits.dtype) for name, output in outputs.items()}

    return loss


def bind_batch_normalization(kind: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """One batch in training through a layer made with gamma and beta.

    With a momentum of 0 its running statistics are those of the batch.
    """

    def batch_normalization(x: Any, gamma: Any, beta: Any, dy: Any, **given: float) -> Any:
        _check_axes(x)
        named = {**renamed(given, words), **fixed}
        layer = kind(np.array(gamma), np.array(beta), **named, **{_MOMENTUM: 0.0})
        y = _call(layer, x, True)
        dx = layer.backward(np.array(dy))
        mean, variance = _find_attribute(layer, _MEAN), _find_attribute(layer, _VARIANCE)
        statistics = {"mean": np.asarray(mean, x.dtype), "variance": np.asarray(variance, x.dtype)}
        gradients = {"dx": dx, "dgamma": layer.dgamma, "dbeta": layer.dbeta}
        return {"y": y, **statistics, **gradients}

    return batch_normalization


def bind_batch_normalization_running(kind: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """Batches through one layer made with gamma and beta."""

    def batch_normalization_running(x: Any, gamma: Any, beta: Any, **given: float) -> Any:
        _check_axes(x[0])
        layer = kind(np.array(gamma), np.array(beta), **renamed(given, words), **fixed)

        def pass_through(batch: Any) -> dict[str, Any]:
            outputs = {
                "training": _call(layer, batch, True),
                "running_mean": np.array(_find_attribute(layer, _MEAN)),
                "running_variance": np.array(_find_attribute(layer, _VARIANCE)),
                "inference": _call(layer, batch, False),
            }
            # The book's statistics start as zeros in float64.
            return {name: value.astype(gamma.dtype) for name, value in outputs.items()}

        return in_turn(pass_through, x)

    return batch_normalization_running


def bind_dropout(kind: Any, words: Mapping[str, str], **fixed: Any) -> Any:
    """A layer made with the ratio, which draws from `numpy.random`."""

    def dropout_draw(x: Any, dy: Any, *, seed: int, **given: float) -> Any:
        np.random.seed(seed)
        layer = kind(**renamed(given, words), **fixed)

        def pass_through(batch: Any, gradient: Any) -> Any:
            y = _call(layer, batch, True)
            dx = layer.backward(np.array(gradient))
            return {"y": y, "dx": dx, "test": _call(layer, batch, False)}

        return in_batches(pass_through, x, dy)

    return dropout_draw


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
}

_MOMENTUM = "momentum"
_MEAN = ("running_mean", "moving_mean")
_VARIANCE = ("running_var", "running_variance", "moving_var", "moving_variance")


def through(layer: Any, x: Any, dy: Any) -> dict[str, Any]:
    """What a layer returns, and the gradient with respect to its input."""
    y = np.array(layer.forward(np.array(x)))
    return {"y": y, "dx": layer.backward(np.array(dy))}


def _call(layer: Any, x: Any, training: bool) -> Any:
    """What a layer returns whose `forward` takes, as its second argument, whether it trains."""
    if len(inspect.signature(layer.forward).parameters) < 2:
        raise NotImplementedError("forward is not told whether it trains: forward(x, train_flg)")
    return np.array(layer.forward(np.array(x), training))


def _check_axes(x: Any) -> None:
    if x.ndim != 2:
        raise NotImplementedError("a layer in the book's style is asked with (N, D)")


def _find_attribute(layer: Any, names: tuple[str, ...]) -> Any:
    for name in names:
        if getattr(layer, name, None) is not None:
            return getattr(layer, name)
    raise NotImplementedError(f"it keeps no {' or '.join(names)}")
