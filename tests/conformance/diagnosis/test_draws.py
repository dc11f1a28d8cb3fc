"""What draws are said to be: the form, the formula for their deviation, or what is dependent."""

from __future__ import annotations

import math

import numpy as np
import pytest

from helpers import adapter
from trainspec.conformance.checking.random_draws import check_draws
from trainspec.conformance.diagnosis.draws import diagnose_draws


def diagnose(operation, function, declared=""):
    own = adapter(**{f"{operation}_draw": function})
    family = "layers" if operation == "dropout" else "initializers"
    results = list(check_draws(own, [f"{family}/{operation}"], ["float64"], {operation: declared}))
    return diagnose_draws(results)


def normal(scale):
    def draw(*, seed, fan_in, fan_out):
        z = np.random.default_rng(seed).standard_normal((fan_in, fan_out))
        return z * scale(fan_in, fan_out)

    return draw


def uniform(bound):
    def draw(*, seed, fan_in, fan_out):
        z = np.random.default_rng(seed).uniform(-1, 1, (fan_in, fan_out))
        return z * bound(fan_in, fan_out)

    return draw


def truncated(scale):
    def draw(*, seed, fan_in, fan_out):
        rng = np.random.default_rng(seed)
        z = rng.standard_normal((fan_in, fan_out))
        while (outside := abs(z) > 2).any():
            z[outside] = rng.standard_normal(outside.sum())
        return z * scale(fan_in, fan_out)

    return draw


@pytest.mark.parametrize(
    ("operation", "function", "form"),
    [
        ("xavier", normal(lambda n, m: math.sqrt(1 / n)), "canonical"),
        ("xavier", normal(lambda n, m: math.sqrt(2 / (n + m))), "glorot"),
        ("xavier", uniform(lambda n, m: math.sqrt(6 / (n + m))), "glorot-uniform"),
        ("xavier", truncated(lambda n, m: math.sqrt(1 / n)), "truncated-not-corrected"),
        ("xavier", truncated(lambda n, m: math.sqrt(1 / n) / 0.8796256610), "truncated-corrected"),
        ("xavier", normal(lambda n, m: 1 / n), "variance-for-deviation"),
        ("he", normal(lambda n, m: math.sqrt(2 / m)), "fan-out-mode"),
        ("he", uniform(lambda n, m: math.sqrt(6 / n)), "uniform"),
        ("he", uniform(lambda n, m: math.sqrt(1 / n)), "uniform-slope-root-five"),
        ("he", normal(lambda n, m: 0.01), "fixed-0.01"),
        ("he", normal(lambda n, m: 0.07), "deviation 0.07, whatever is asked for, normal"),
        ("he", normal(lambda n, m: math.sqrt(6 / m)), "deviation √(6 / fan_out), normal"),
        ("he", normal(lambda n, m: 1.3 * math.sqrt(2 / n)), "deviation 1.3 times the right one, normal"),
    ],
)  # fmt: skip
def test_weights_are_named(operation, function, form):
    assert diagnose(operation, function).form == form


def test_what_is_measured_is_said_where_nothing_explains_it():
    def draw(*, seed, fan_in, fan_out):
        return np.random.default_rng(seed).standard_t(4, (fan_in, fan_out)) / 10

    found = diagnose("he", draw)
    assert found.form == ""
    assert "the standard deviation of he's draws is 0.14" in found.text


def mask(keep):
    def draw(*, seed, ratio, rows, columns):
        return keep(np.random.default_rng(seed).random((rows, columns)), ratio).astype(float)

    return draw


def test_a_mask_that_keeps_the_ratio_is_named():
    found = diagnose("dropout", mask(lambda u, ratio: u < ratio))
    assert found.form == "ratio-is-kept"
    assert "it keeps 0.75" in found.text


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (mask(lambda u, ratio: np.arange(u.size).reshape(u.shape) % 4 < 4 * (1 - ratio)), "seed"),
        (mask(lambda u, ratio: (u[:, :1] > ratio) * np.ones_like(u)), "rows"),
    ],
)
def test_dependence_is_described(function, text):
    assert text in diagnose("dropout", function).text


def test_every_output_of_a_layer_has_its_form():
    def draw(x, dy, *, ratio, seed):
        kept = np.random.default_rng(seed).random(x.shape) > ratio
        return {"y": x * kept / (1 - ratio), "dx": dy * kept, "test": x}

    found = diagnose("dropout", draw)
    assert found.form == "y and test inverted, dx canonical"
    assert found.edits == ("inverted",)


def test_nothing_drawn_is_nothing_said():
    assert diagnose("xavier", lambda **_: 1 / 0) is None
