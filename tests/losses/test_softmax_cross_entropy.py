"""Softmax with cross-entropy: stable forms pass, padded logarithms are named."""

from __future__ import annotations

import numpy as np
import pytest

from kernels import assert_named, assert_passes


def shifted(z):
    return z - z.max(1, keepdims=True)


def soft(z):
    e = np.exp(shifted(z))
    return e / e.sum(1, keepdims=True)


def log_soft(z):
    return shifted(z) - np.log(np.exp(shifted(z)).sum(1, keepdims=True))


def out(loss, y, dz):
    return {"loss": np.asarray(loss), "probabilities": y, "dlogits": dz}


def stable(logits, targets):
    y = soft(logits)
    loss = -(targets * log_soft(logits)).sum() / logits.dtype.type(len(logits))
    return out(loss, y, (y - targets) / logits.dtype.type(len(logits)))


def by_rows(logits, targets):
    total = logits.dtype.type(0)
    for row, target in zip(logits, targets):
        top = row.max()
        right = (row * target).sum() if np.isfinite(row).all() else row.sum()
        total = total + (top - right) + np.log(np.exp(row - top).sum())
    y = np.exp(log_soft(logits))
    return out(
        total / logits.dtype.type(len(logits)),
        soft(logits),
        (y - targets) / logits.dtype.type(len(logits)),
    )


@pytest.mark.parametrize("function", [stable, by_rows])
def test_right_orders_of_operation_pass(function):
    assert_passes("softmax_cross_entropy", function)


def with_loss(loss, gradient=None):
    def run(z, t):
        n = z.dtype.type(len(z))
        with np.errstate(all="ignore"):
            value = np.asarray(loss(z, t, n)).astype(z.dtype)
        return out(value, soft(z), gradient(z, t, n) if gradient else (soft(z) - t) / n)

    return run


WRONG = {
    "log-plus-1e-7": with_loss(lambda z, t, n: -(t * np.log(soft(z) + 1e-7)).sum() / n),
    "clipped-1e-7": with_loss(
        lambda z, t, n: -(t * np.log(np.clip(soft(z), 1e-7, 1 - 1e-7))).sum() / n
    ),
    "sum": with_loss(lambda z, t, n: -(t * log_soft(z)).sum(), lambda z, t, n: soft(z) - t),
    "gradient-not-averaged": with_loss(
        lambda z, t, n: -(t * log_soft(z)).sum() / n, lambda z, t, n: soft(z) - t
    ),
    "sign": with_loss(lambda z, t, n: (t * log_soft(z)).sum() / n),
    "mean-over-all": with_loss(lambda z, t, n: -(t * log_soft(z)).mean()),
}


@pytest.mark.parametrize("form", WRONG)
def test_wrong_formulas_are_rejected_and_named(form):
    assert_named("softmax_cross_entropy", WRONG[form], form)
