"""The distribution that a rule gives: its moments, and the distance of a sample from it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from trainspec.conformance.checking.distributions import Distribution, make_distribution
from trainspec.conformance.pages.load import load_page

FANS = {"fan_in": 64, "fan_out": 512}


def of(technique, form="", **how):
    page = load_page(f"initializers/{technique}")
    return make_distribution(page, page.rule_of_form(form), FANS, **how)


@pytest.mark.parametrize(
    ("technique", "form", "deviation", "normal"),
    [
        ("xavier", "", math.sqrt(1 / 64), True),
        ("xavier", "glorot", math.sqrt(2 / 576), True),
        ("xavier", "uniform", math.sqrt(1 / 64), False),
        ("xavier", "truncated-corrected", math.sqrt(1 / 64), False),
        ("he", "truncated-not-corrected", math.sqrt(2 / 64) * stats.truncnorm.std(-2, 2), False),
        ("he", "absolute", math.sqrt(2 / 64) * stats.halfnorm.std(), False),
    ],
)
def test_moments_are_those_of_the_form(technique, form, deviation, normal):
    found = of(technique, form)
    assert found.deviation == pytest.approx(deviation, rel=1e-4)
    assert found.is_normal is normal


def test_what_is_cut_is_drawn_again_or_put_at_the_bound():
    again, bound = (of("he", "truncated-corrected", again=how) for how in (True, False))
    sigma = math.sqrt(2 / 64) / stats.truncnorm.std(-2, 2)
    assert abs(again.values).max() < 2 * sigma
    assert bound.weights[-1] == pytest.approx(stats.norm.sf(2), rel=1e-3)


@pytest.mark.parametrize(
    "form", ["", "uniform", "truncated-corrected", "clipped-at-one", "absolute"]
)
def test_the_distance_is_small_for_its_own_sample_and_large_for_another(form):
    rng = np.random.default_rng(0)
    z = rng.standard_normal(100_000)
    z = z[abs(z) < 2] if form == "truncated-corrected" else z
    scale = math.sqrt(2 / 64)
    own = {
        "": z * scale,
        "uniform": math.sqrt(3) * scale * (2 * stats.norm.cdf(z) - 1),
        "truncated-corrected": z * scale / stats.truncnorm.std(-2, 2),
        "clipped-at-one": np.clip(z, -1, 1) * scale,
        "absolute": abs(z) * scale,
    }[form]
    right = of("he", form, again=form != "clipped-at-one")
    assert right.distance(own) < 0.006
    assert right.distance(own * 1.2) > 0.02
    assert right.distance(rng.standard_t(3, 100_000)) > 0.1


def test_a_distance_agrees_with_scipys():
    sample = np.random.default_rng(1).standard_normal(1000)
    z = np.linspace(-8, 8, 200_001)
    table = Distribution.of(z, np.exp(-(z**2) / 2))
    assert table.distance(sample) == pytest.approx(stats.kstest(sample, "norm").statistic, abs=1e-4)
