"""Batch normalisation: two passes, chained and fused gradients pass; one pass is caught."""

from __future__ import annotations

import numpy as np
import pytest

from kernels import assert_named, assert_passes


def parts(x, gamma, beta, dy, epsilon, variance=None):
    axes = (0, *range(2, x.ndim))
    side = lambda v: v.reshape(1, -1, *[1] * (x.ndim - 2))
    mean = x.mean(axes)
    variance = x.var(axes) if variance is None else variance
    root = np.sqrt(side(variance) + x.dtype.type(epsilon))
    x_hat = (x - side(mean)) / root
    return axes, side, mean, variance, root, x_hat


def fused(x, gamma, beta, dy, *, epsilon):
    axes, side, mean, variance, root, x_hat = parts(x, gamma, beta, dy, epsilon)
    dbeta, dgamma = dy.sum(axes), (dy * x_hat).sum(axes)
    m = x.dtype.type(x.size // x.shape[1])
    dx = side(gamma) / root / m * (m * dy - side(dbeta) - x_hat * side(dgamma))
    y = side(gamma) * x_hat + side(beta)
    return {"y": y, "mean": mean, "variance": variance, "dx": dx, "dgamma": dgamma, "dbeta": dbeta}


def chained(x, gamma, beta, dy, *, epsilon):
    """The book's way back, line by line."""
    axes, side, mean, variance, root, x_hat = parts(x, gamma, beta, dy, epsilon)
    m = x.dtype.type(x.size // x.shape[1])
    dxn = side(gamma) * dy
    dxc = dxn / root
    dstd = -(dxn * (x - side(mean)) / (root * root)).sum(axes)
    dvar = x.dtype.type(0.5) * dstd / root.reshape(-1)
    dxc = dxc + 2 / m * (x - side(mean)) * side(dvar)
    dx = dxc - side(dxc.sum(axes)) / m
    y = side(gamma) * x_hat + side(beta)
    return {
        "y": y,
        "mean": mean,
        "variance": variance,
        "dx": dx,
        "dgamma": (dy * x_hat).sum(axes),
        "dbeta": dy.sum(axes),
    }


@pytest.mark.parametrize("function", [fused, chained])
def test_right_orders_of_operation_pass(function):
    assert_passes("batch_normalization", function)


def changed(**names):
    def run(x, gamma, beta, dy, *, epsilon):
        right = fused(x, gamma, beta, dy, epsilon=epsilon)
        axes, side, *_, root, x_hat = parts(x, gamma, beta, dy, epsilon)
        given = dict(
            x=x, gamma=side(gamma), beta=side(beta), dy=dy, root=root, x_hat=x_hat, axes=axes
        )
        return right | {name: change(given) for name, change in names.items()}

    return run


WRONG = {
    "gamma-ignored": changed(y=lambda g: g["x_hat"] + g["beta"]),
    "beta-ignored": changed(y=lambda g: g["gamma"] * g["x_hat"]),
    "gradient-statistics-constant": changed(dx=lambda g: g["gamma"] / g["root"] * g["dy"]),
    "gamma-gradient-of-x": changed(dgamma=lambda g: (g["dy"] * g["x"]).sum(g["axes"])),
    "epsilon-fixed-1e-5": lambda x, gamma, beta, dy, *, epsilon: fused(
        x, gamma, beta, dy, epsilon=1e-5
    ),
}


@pytest.mark.parametrize("form", [k for k in WRONG if k != "gamma-gradient-of-x"])
def test_wrong_formulas_are_rejected_and_named(form):
    assert_named("batch_normalization", WRONG[form], form)


def test_one_pass_variance_in_float32_is_caught():
    from helpers import adapter, results

    def one_pass(x, gamma, beta, dy, *, epsilon):
        axes = (0, *range(2, x.ndim))
        variance = np.maximum((x * x).mean(axes) - x.mean(axes) ** 2, 0).astype(x.dtype)
        _, side, mean, variance, root, x_hat = parts(x, gamma, beta, dy, epsilon, variance)
        right = fused(x, gamma, beta, dy, epsilon=epsilon)
        return right | {"variance": variance, "y": side(gamma) * x_hat + side(beta)}

    found = results(adapter(batch_normalization=one_pass), "batch_normalization", "float32")
    assert "batch_normalization/far-from-zero" in [r.case.id for r in found if r.outcome.fails]
