"""Bayesian optimisation: the loop with scipy's normal law passes; a loop that peeks is caught."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from helpers import adapter, named, results
from kernels import assert_passes
from trainspec.search.bayesian_optimization import bayesian_optimization


def loop(best_of=lambda y, known: y[known].max(), refit=True, score=None, use_xi=True):
    def run(
        rounds, candidates, scores, tried, *, length_scale, signal_variance, noise_variance, xi
    ):
        x, y, known = candidates.astype(float), scores.astype(float), tried > 0
        first = known
        out = {"mean": [], "variance": [], "improvement": [], "chosen": []}
        for _ in rounds:
            fit = known if refit else first
            kernel = lambda a, b: (
                signal_variance * np.exp(-((a[:, None] - b) ** 2) / 2 / length_scale**2)
            )
            inverse = np.linalg.inv(kernel(x[fit], x[fit]) + noise_variance * np.eye(fit.sum()))
            cross = kernel(x[fit], x)
            mean = cross.T @ inverse @ y[fit]
            variance = signal_variance - np.diag(cross.T @ inverse @ cross)
            std = np.sqrt(variance)
            gain = mean - best_of(y, known) - (xi if use_xi else 0)
            ei = gain * norm.cdf(gain / std) + std * norm.pdf(gain / std)
            ei = np.where(known, 0, score(mean, std) if score else ei)
            chosen = np.arange(len(x)) == np.argmax(np.where(known, -1, ei))
            known = known | chosen
            for name, value in zip(out, (mean, variance, ei, chosen)):
                out[name].append(value.astype(candidates.dtype))
        return out

    return run


@pytest.mark.parametrize("function", [loop(), bayesian_optimization])
def test_right_orders_of_operation_pass(function):
    assert_passes("bayesian_optimization", function)


WRONG = {
    "best-of-all": loop(best_of=lambda y, known: y.max()),
    "not-refitted": loop(refit=False),
    "xi-ignored": loop(use_xi=False),
    "best-mean": loop(score=lambda mean, std: np.exp(mean)),
    "most-uncertain": loop(score=lambda mean, std: std),
}


@pytest.mark.parametrize("form", WRONG)
def test_wrong_formulas_are_rejected_and_named(form):
    implementation = adapter(bayesian_optimization=WRONG[form])
    assert named(implementation, "bayesian_optimization") == form


def test_scores_of_untried_candidates_are_not_looked_at():
    """BAYES-3: other scores where nothing is tried change nothing."""
    x = np.linspace(-2, 2, 9)
    tried = np.zeros(9)
    tried[[1, 6]] = 1
    y = np.cos(x)
    other = np.where(tried > 0, y, 7.0)
    one = bayesian_optimization([x[0]], x, y, tried, noise_variance=0.1)
    two = bayesian_optimization([x[0]], x, other, tried, noise_variance=0.1)
    assert all(np.array_equal(a, b) for name in one for a, b in zip(one[name], two[name]))


def test_it_finds_the_best_of_many():
    x = np.linspace(-3, 3, 61)
    y = np.exp(-((x - 0.7) ** 2)) + 0.3 * np.sin(3 * x)
    tried = np.zeros(61)
    tried[[5, 55]] = 1
    out = bayesian_optimization(
        [np.array(t) for t in range(12)], x, y, tried, length_scale=0.7, noise_variance=1e-4
    )
    chosen = [int(np.argmax(c)) for c in out["chosen"]]
    assert len(set(chosen)) == 12
    assert int(np.argmax(y)) in chosen


def test_what_cannot_be_is_refused():
    x = np.ones(2)
    with pytest.raises(ValueError, match="tried must hold at least one 1"):
        bayesian_optimization([x[0]], x, x, 0 * x)
    assert results(adapter(bayesian_optimization=loop()), "bayesian_optimization", "float64")
