"""Affine: any order of summation passes, wrong ones are named."""

from __future__ import annotations

import numpy as np
import pytest

from kernels import assert_named, assert_passes


def out(y, dx, dW, db):
    return {"y": y, "dx": dx, "dW": dW, "db": db}


def matmul(x, W, b, dy):
    return out(x @ W + b, dy @ W.T, x.T @ dy, dy.sum(0))


def einsum(x, W, b, dy):
    return out(
        b + np.einsum("nd,dm->nm", x, W),
        np.einsum("nm,dm->nd", dy, W),
        np.einsum("nd,nm->dm", x, dy),
        np.einsum("nm->m", dy),
    )


def from_the_end(x, W, b, dy):
    y = sum((x[:, i, None] * W[i] for i in range(len(W))[::-1]), b + 0 * x[:, :1])
    return out(y, dy @ W.T, x[::-1].T @ dy[::-1], dy[::-1].sum(0))


@pytest.mark.parametrize("function", [matmul, einsum, from_the_end])
def test_right_orders_of_operation_pass(function):
    assert_passes("affine", function)


WRONG = {
    "weights-transposed": lambda x, W, b, dy: out(x @ W.T + b, dy @ W, dy.T @ x, dy.sum(0)),
    "bias-left-out": lambda x, W, b, dy: out(x @ W, dy @ W.T, x.T @ dy, dy.sum(0)),
    "mean-over-batch": lambda x, W, b, dy: out(x @ W + b, dy @ W.T, x.T @ dy / len(x), dy.mean(0)),
    "weights-gradient-transposed": lambda x, W, b, dy: out(
        x @ W + b, dy @ W.T, dy.T @ x, dy.sum(0)
    ),
    "bias-gradient-of-first-row": lambda x, W, b, dy: out(x @ W + b, dy @ W.T, x.T @ dy, dy[0]),
}


@pytest.mark.parametrize("form", WRONG)
def test_wrong_formulas_are_rejected_and_named(form):
    assert_named("affine", WRONG[form], form)
