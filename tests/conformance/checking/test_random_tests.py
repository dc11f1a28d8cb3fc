"""The random tests: their false alarms are as stated, and each wrong draw is caught."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from helpers import adapter
from trainspec.conformance.cases.result import Outcome
from trainspec.conformance.checking.random_draws import check_draws
from trainspec.conformance.checking.random_tests import (
    ALPHA,
    binomial_tail,
    judge_mask,
    judge_normal,
    kolmogorov_distance,
    kolmogorov_tail,
)

SHAPE = (64, 512)


def failed(findings, alpha=ALPHA):
    return [f.name for f in findings if f.p < alpha]


def matrices(generate, shape=SHAPE, seeds=range(4)):
    """Draws from as many seeds, and the first again."""
    made = [generate(np.random.default_rng(seed), shape) for seed in seeds]
    return made, generate(np.random.default_rng(next(iter(seeds))), shape)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["normal", "mask"])
def test_false_alarms_are_as_rare_as_stated(kind):
    """Ten thousand right draws, small ones, at the level 1e-3 for each test."""
    runs, alpha, alarms, tests = 10_000, 1e-3, 0, 0
    for seed in range(runs):
        rng = np.random.default_rng((seed, 7))
        if kind == "normal":
            draws = list(rng.standard_normal((4, 16, 16)))
            found = list(judge_normal(draws, draws[0], 1.0))
        else:
            draws = list((rng.random((4, 16, 16)) > 0.25).astype(float))
            found = list(judge_mask(draws, draws[0], 0.25))
        alarms += len(failed(found, alpha))
        tests = len(found)
    # Seeds are fixed, so that this never fails by chance. The bound is the count that independent
    # tests at the level would pass with a probability of 1e-6; products of neighbours in small
    # matrices have slightly heavier tails than the normal law that gives their p-values.
    allowed = stats.poisson.isf(1e-6, runs * alpha * tests)
    assert alarms <= allowed
    assert alarms > 0


def t5(rng, shape):
    return rng.standard_t(5, shape) / math.sqrt(5 / 3)


def truncated(rng, shape, correct):
    z = stats.truncnorm.rvs(-2, 2, size=shape, random_state=rng)
    return z / 0.87962566103423978 if correct else z


WRONG = {
    "fan-out-for-fan-in": lambda rng, shape: rng.standard_normal(shape) / 2,
    "variance-for-deviation": lambda rng, shape: rng.standard_normal(shape) / math.sqrt(64),
    "factor-two": lambda rng, shape: rng.standard_normal(shape) * 2,
    "root-two": lambda rng, shape: rng.standard_normal(shape) * math.sqrt(2),
    "uniform": lambda rng, shape: rng.uniform(-math.sqrt(3), math.sqrt(3), shape),
    "truncated": lambda rng, shape: truncated(rng, shape, False),
    "truncated-corrected": lambda rng, shape: truncated(rng, shape, True),
    "clipped-at-two": lambda rng, shape: np.clip(rng.standard_normal(shape), -2, 2),
    "clipped-at-three": lambda rng, shape: np.clip(rng.standard_normal(shape), -3, 3),
    "half-precision": lambda rng, shape: (
        rng.standard_normal(shape).astype(np.float16).astype(float)
    ),
    "repeated-columns": lambda rng, shape: np.repeat(
        rng.standard_normal((shape[0], 1)), shape[1], 1
    ),
    "columns-in-pairs": lambda rng, shape: np.repeat(
        rng.standard_normal((shape[0], shape[1] // 2)), 2, 1
    ),
    "columns-tiled": lambda rng, shape: np.tile(
        rng.standard_normal((shape[0], shape[1] // 8)), (1, 8)
    ),
    "mean-a-twentieth": lambda rng, shape: rng.standard_normal(shape) + 0.05,
    "student-t5": t5,
    "sum-of-six": lambda rng, shape: (rng.random((6, *shape)).sum(0) - 3) * math.sqrt(2),
    "laplace": lambda rng, shape: rng.laplace(0, math.sqrt(0.5), shape),
    "two-values": lambda rng, shape: np.sign(rng.standard_normal(shape)),
    "absolute": lambda rng, shape: abs(rng.standard_normal(shape)),
    "one-row-scaled": lambda rng, shape: (
        rng.standard_normal(shape) * (1 + (np.arange(shape[0]) % 2))[:, None] / math.sqrt(2.5)
    ),
    "not-a-number": lambda rng, shape: np.full(shape, np.nan),
}


@pytest.mark.slow
@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_distributions_are_caught_every_time(wrong):
    for first in range(0, 40, 4):
        draws, again = matrices(WRONG[wrong], seeds=range(first, first + 4))
        # Far beyond the threshold: that is what makes the power near 1.
        assert min(f.p for f in judge_normal(draws, again, 1.0)) < ALPHA * 1e-3


def seven_values(rng, shape):
    return (rng.integers(0, 7, shape) / 7 > 0.25).astype(float)


WRONG_MASKS = {
    "rate-two-hundredths-more": lambda rng, shape: (rng.random(shape) > 0.27).astype(float),
    "rate-two-hundredths-less": lambda rng, shape: (rng.random(shape) > 0.23).astype(float),
    "ratio-is-kept": lambda rng, shape: (rng.random(shape) > 0.75).astype(float),
    "by-row": lambda rng, shape: (rng.random((shape[0], 1)) > 0.25) * np.ones(shape),
    "by-column": lambda rng, shape: (rng.random((1, shape[1])) > 0.25) * np.ones(shape),
    "used-again": lambda rng, shape: (np.random.default_rng(5).random(shape) > 0.25).astype(float),
    "seven-values": seven_values,
    "scaled": lambda rng, shape: (rng.random(shape) > 0.25) / 0.75,
    "in-pairs": lambda rng, shape: np.repeat(
        rng.random((shape[0], shape[1] // 2)) > 0.25, 2, 1
    ).astype(float),
    "exactly-a-quarter-in-each-row": lambda rng, shape: (
        np.argsort(rng.random(shape), 1) >= shape[1] // 4
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("wrong", WRONG_MASKS)
def test_wrong_masks_are_caught_every_time(wrong):
    for first in range(0, 40, 4):
        draws, again = matrices(WRONG_MASKS[wrong], seeds=range(first, first + 4))
        made = [np.asarray(d, dtype=float) for d in draws]
        found = judge_mask(made, np.asarray(again, dtype=float), 0.25)
        assert min(f.p for f in found) < ALPHA * 1e-3


def test_seeds_are_watched():
    rng = np.random.default_rng(0)
    fresh = adapter(
        xavier_draw=lambda *, seed, fan_in, fan_out: rng.standard_normal((fan_in, fan_out)) / 8
    )
    fixed = adapter(
        xavier_draw=lambda *, seed, fan_in, fan_out: (
            np.random.default_rng(0).standard_normal((fan_in, fan_out)) / 8
        )
    )
    for implementation, name in ((fresh, "same-seed"), (fixed, "other-seed")):
        found = list(check_draws(implementation, ["initializers/xavier"], ["float64"]))
        assert f"xavier/draws-{name}" in [r.case.id for r in found if r.outcome is Outcome.WRONG]


@pytest.mark.parametrize("count", [0, 3, 27, 60, 400])
def test_the_binomial_tail_is_exact(count):
    n, chance = 5000, 0.0027
    exact = min(
        1.0, 2 * min(stats.binom.cdf(count, n, chance), stats.binom.sf(count - 1, n, chance))
    )
    assert binomial_tail(count, n, chance) == pytest.approx(exact, rel=1e-6, abs=1e-300)


def test_kolmogorov_s_distance_is_scipy_s():
    z = np.sort(np.random.default_rng(3).standard_normal(2000))
    theirs = stats.kstest(z, "norm")
    assert kolmogorov_distance(z) == pytest.approx(theirs.statistic, rel=1e-12)
    assert kolmogorov_tail(theirs.statistic, 2000) == pytest.approx(theirs.pvalue, rel=0.05)
