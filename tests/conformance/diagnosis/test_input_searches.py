"""Outputs that are right for other inputs are told as that."""

from __future__ import annotations

import numpy as np
import pytest

from helpers import adapter, results
from trainspec.conformance.diagnosis.diagnose import diagnose


def said(operation, function):
    return diagnose(results(adapter(**{operation: function}), operation, "float64")).text


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _affine_without_last_row(x, W, b, dy):
    return x @ W + b, dy @ W.T, x[:-1].T @ dy[:-1], dy.sum(0)


def _slope_of_outputs(x, dy):
    y = _sigmoid(x)
    return y, dy * _sigmoid(y) * (1 - _sigmoid(y))


def _mask_further_on(x, u, dy, *, ratio):
    other = np.roll(u, -1)
    return x * (u > ratio), dy * (other > ratio), x * (1 - ratio)


def _so_many_dropped(x, u, dy, *, ratio):
    dropped = np.argsort(u, axis=None, kind="stable")[: int(ratio * u.size)]
    mask = np.ones(u.size)
    mask[dropped] = 0
    mask = mask.reshape(u.shape) > 0
    return np.where(mask, x, 0), np.where(mask, dy, 0), x * (1 - ratio)


def _shuffled_twice(x, labels, permutation, *, ratio):
    k, p = int(ratio * len(permutation)), permutation.astype(int)
    x, labels = x[p], labels[p]
    return x[p[:k]], labels[p[:k]], x[p[k:]], labels[p[k:]]


def _one_mask_for_all(x, u, dy, *, ratio):
    keep = np.broadcast_to(u[:1], u.shape) > ratio if u.ndim > 1 else u > ratio
    return np.where(keep, x, 0), np.where(keep, dy, 0), x * (1 - ratio)


def _order_for_ranks(values, scores, *, survivors):
    best = values[np.argsort(-scores) < survivors]
    return best.min(), best.max()


def _by_text(values, scores, *, survivors):
    ranked = sorted(range(len(scores)), key=lambda k: str(scores[k].item()), reverse=True)
    best = values[ranked[: int(survivors)]]
    return best.min(), best.max()


def _labels_inverted(x, labels, permutation, *, ratio):
    k = int(np.floor(np.longdouble(ratio) * len(permutation)))
    p, q = permutation.astype(int), np.argsort(permutation)
    return x[p[:k]], labels[q[:k]], x[p[k:]], labels[q[k:]]


@pytest.mark.parametrize(
    ("operation", "function", "words"),
    [
        ("affine", _affine_without_last_row, "dW: this is canonical with one change"),
        ("sigmoid", _slope_of_outputs, "dx: this is canonical with one change: y in place of x"),
        ("normal", lambda z, *, std: std * (z - z.mean()),
         "W: this is canonical with one change: z less its mean"),
        ("normal", lambda z, *, std: std * (z - z.mean()) / z.std(),
         "W: this is canonical with one change: z less its mean and over its deviation"),
        ("narrow_range", _by_text,
         "low: this is canonical with one change: scores in the order that they have as text"),
        ("dropout", _mask_further_on,
         "dx: this is canonical with one change: u one element further on"),
        ("dropout", _so_many_dropped,
         "y and dx: this is canonical with one change: the rank of u, from 1, over its size"),
        ("dropout", _one_mask_for_all,
         "y and dx: this is canonical with one change: the first row of u in place of every row"),
        ("narrow_range", _order_for_ranks,
         "the order of scores, the largest first, in place of its ranks"),
        ("validation_split", _shuffled_twice,
         "this is product-in-floats with one change: permutation applied twice, as a permutation"),
        ("validation_split", _labels_inverted,
         "labels_validation and labels_train: this is canonical with one change: permutation "
         "inverted as a permutation"),
    ],
)  # fmt: skip
def test_the_inputs_are_named(operation, function, words):
    assert words in said(operation, function)


def test_one_change_for_two_outputs_is_said_once():
    def function(x, W, b, dy):
        short = x.copy()
        short[-1:] = 0
        return short @ W + b, dy @ W.T, short.T @ dy, dy.sum(0)

    assert "y and dW: this is canonical with one change: x with its last row as 0" in said(
        "affine", function
    )


def test_nothing_is_invented():
    text = said("relu", lambda x, dy: (np.maximum(np.sin(x), 0), dy * (x > 0)))
    assert text.startswith("none of the known forms")
