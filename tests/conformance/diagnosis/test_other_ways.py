"""A small mistake in code that writes a technique in lines of its own is named in those lines."""

from __future__ import annotations

import numpy as np
import pytest

from helpers import adapter, results
from trainspec.conformance.basics.paths import list_techniques
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.checking.distance import measure_distance
from trainspec.conformance.derivation.values import compute_values
from trainspec.conformance.diagnosis.diagnose import diagnose
from trainspec.conformance.pages.load import load_page

WAYS = [(t, way) for t in list_techniques() for way in load_page(t).ways]


def describe(operation, function):
    found = diagnose(results(adapter(**{operation: function}), operation, "float64"))
    return found.text


def _welford_with_old_means(x):
    mean = total = np.zeros((), x.dtype)
    for k, value in enumerate(x):
        apart = value - mean
        mean = mean + apart / (k + 1)
        total = total + apart * apart
    return mean, np.asarray(total / len(x)), np.asarray(np.sqrt(total / len(x)))


def _mean_of_shifted(x):
    shifted = x - x[0]
    return np.mean(shifted), np.var(shifted), np.std(shifted)


def _normalise_back_from_inputs(x, gamma, beta, dy, epsilon):
    mean = x.mean(0)
    root = np.sqrt(x.var(0) + epsilon)
    x_hat = (x - mean) / root
    dx_hat = dy * gamma
    dvariance = (dx_hat * x * -0.5 * root**-3).sum(0)
    dmean = -(dx_hat / root).sum(0) - 2 * dvariance * (x - mean).mean(0)
    dx = dx_hat / root + dvariance * 2 * (x - mean) / len(x) + dmean / len(x)
    y = gamma * x_hat + beta
    return y, mean, x.var(0), dx, (dy * x_hat).sum(0), dy.sum(0)


def _tanh_from_sigmoid(x, dy):
    y = 2 / (1 + np.exp(-x)) - 1
    return y, dy * (1 - y**2)


def _transposed_factor(x, y, x_new, *, length_scale, signal_variance, noise_variance):
    def kernel(a, b):
        return signal_variance * np.exp(-((a[:, None] - b) ** 2) / (2 * length_scale**2))

    lower = np.linalg.cholesky(kernel(x, x) + noise_variance * np.eye(len(x)))
    cross = kernel(x, x_new)
    mean = cross.T @ np.linalg.solve(lower.T, np.linalg.solve(lower, y))
    half = np.linalg.solve(lower.T, cross)
    return mean, signal_variance - (half**2).sum(0)


@pytest.mark.parametrize(
    ("operation", "function", "way", "change"),
    [
        ("standard_deviation", _welford_with_old_means, "Welford's method",
         "before in place of after in variance"),
        ("standard_deviation", _mean_of_shifted, "distances from the first value",
         "mean = sum(shifted) / n in place of mean = first + sum(shifted) / n"),
        ("gaussian_process", _transposed_factor, "a Cholesky factor",
         "half = solve(transpose(L), cross) in place of half = solve(L, cross)"),
        ("tanh", _tanh_from_sigmoid, "a sigmoid", "1 in place of 2 in s"),
    ],
)  # fmt: skip
def test_the_way_and_the_change_are_named(operation, function, way, change):
    text = describe(operation, function)
    assert text.startswith(f"this is canonical, written as {way}, with one change: {change}")


def test_a_staged_backward_pass_is_one():
    def function(x, gamma, beta, dy, *, epsilon):
        if x.ndim != 2:
            raise NotImplementedError("dense layers only")
        return _normalise_back_from_inputs(x, gamma, beta, dy, epsilon)

    text = describe("batch_normalization", function)
    assert "written as the gradients of the paper, with one change: x in place of centred" in text


@pytest.mark.parametrize("kind", ["float64", "float32"])
def test_lost_digits_are_told_with_the_ways_that_lose_them(kind):
    def function(x, dy):
        one = x.dtype.type(1)
        return one - 2 / (np.exp(2 * x) + one), dy * (1 - np.tanh(x) ** 2)

    found = diagnose(results(adapter(tanh=function), "tanh", kind))
    assert found.form == "canonical with lost digits"
    assert "digits are lost, as where it is written as" in found.text


def test_a_constant_that_is_little_off_is_no_lost_digit():
    text = describe("tanh", lambda x, dy: (np.tanh(x) * (1 + 1e-9), dy * (1 - np.tanh(x) ** 2)))
    assert "digits are lost" not in text


@pytest.mark.parametrize(("technique", "way"), WAYS)
def test_every_way_computes_the_same(technique, way):
    """In float64; on cases that are there for their digits, a way may lose some."""
    page = load_page(technique)
    rule = page.rule.with_edit(page.ways[way])
    core = [c for c in load_cases([technique]) if c.level == "core" and "float64" in c.tolerance]
    distances = []
    for case in core:
        values, allowed = compute_values(case, rule), case.tolerance["float64"]
        distances.append(measure_distance(case.expected, values, case.expected, allowed, "float64"))
    assert distances
    assert max(distances) <= 1


def test_some_pages_have_ways():
    assert len(WAYS) > 20
