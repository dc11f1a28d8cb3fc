"""Expected improvement: scipy agrees, other acquisitions are named; the loop finds an optimum."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from kernels import assert_named, assert_passes


def improvement(sign=1, xi_sign=1, first=1, second=1, sigma=np.sqrt):
    def run(mean, variance, best, *, xi):
        std = sigma(variance.astype(float))
        gain = sign * (mean.astype(float) - best) - xi_sign * xi
        ei = first * gain * norm.cdf(gain / std) + second * std * norm.pdf(gain / std)
        chosen = (ei == ei.max()).astype(mean.dtype)
        return {"improvement": ei.astype(mean.dtype), "chosen": chosen}

    return run


def test_right_orders_of_operation_pass():
    assert_passes("expected_improvement", improvement())


WRONG = {
    "minimised": improvement(sign=-1),
    "xi-added": improvement(xi_sign=-1),
    "density-left-out": improvement(second=0),
    "density-only": improvement(first=0),
    "variance-for-deviation": improvement(sigma=lambda v: v),
}


@pytest.mark.parametrize("form", WRONG)
def test_wrong_formulas_are_rejected_and_named(form):
    assert_named("expected_improvement", WRONG[form], form)


def test_the_loop_finds_the_optimum():
    """Bayesian optimisation from the two pages: fit, try where most is expected, again."""
    from trainspec.search.expected_improvement import expected_improvement
    from trainspec.search.gaussian_process import gaussian_process

    candidates = np.linspace(-3, 3, 61)
    score = lambda v: np.exp(-((v - 0.7) ** 2)) + 0.3 * np.sin(3 * v)
    x = np.array([-2.5, 2.5])
    for _ in range(12):
        y = score(x)
        left = candidates[~np.isin(candidates, x)]
        fit = gaussian_process(x, y, left, length_scale=0.7, noise_variance=1e-6)
        variance = np.maximum(fit["variance"], 1e-12)
        ei = expected_improvement(fit["mean"], variance, np.array(y.max()), xi=0.0)
        x = np.append(x, left[np.argmax(ei["chosen"])])
    assert score(x).max() == score(candidates).max()
