"""Gaussian process: Cholesky and inverse pass, other kernels are named."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg

from kernels import assert_named, assert_passes


def kernel(a, b, l, s, two=2.0):
    return s * np.exp(-((a[:, None] - b) ** 2) / (two * l * l))


def by_cholesky(x, y, x_new, *, length_scale, signal_variance, noise_variance):
    T = x.dtype.type
    l, s, n = T(length_scale), T(signal_variance), T(noise_variance)
    factor = scipy.linalg.cho_factor(kernel(x, x, l, s) + n * np.eye(len(x), dtype=x.dtype))
    cross = kernel(x, x_new, l, s)
    mean = cross.T @ scipy.linalg.cho_solve(factor, y)
    variance = s - (cross * scipy.linalg.cho_solve(factor, cross)).sum(0)
    return {"mean": mean.astype(x.dtype), "variance": variance.astype(x.dtype)}


def by_inverse(
    x, y, x_new, *, length_scale, signal_variance, noise_variance, two=2.0, add=0.0, square=1
):
    K = kernel(x, x, length_scale, signal_variance, two) + noise_variance**square * np.eye(len(x))
    cross = kernel(x, x_new, length_scale, signal_variance, two)
    inverse = np.linalg.inv(K)
    variance = signal_variance + add * noise_variance - np.diag(cross.T @ inverse @ cross)
    return {"mean": (cross.T @ inverse @ y).astype(x.dtype), "variance": variance.astype(x.dtype)}


@pytest.mark.parametrize("function", [by_cholesky, by_inverse])
def test_right_orders_of_operation_pass(function):
    assert_passes("gaussian_process", function)


WRONG = {
    "two-left-out": lambda x, y, n, **h: by_inverse(x, y, n, two=1.0, **h),
    "with-noise": lambda x, y, n, **h: by_inverse(x, y, n, add=1.0, **h),
    "noise-as-deviation": lambda x, y, n, **h: by_inverse(x, y, n, square=2, **h),
}


@pytest.mark.parametrize("form", WRONG)
def test_wrong_formulas_are_rejected_and_named(form):
    assert_named("gaussian_process", WRONG[form], form)
