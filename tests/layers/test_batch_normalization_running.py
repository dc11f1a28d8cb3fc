"""Running statistics: conventions are told apart."""

from __future__ import annotations

import numpy as np
import pytest

from kernels import assert_named, assert_passes


def running(momentum_of=lambda m: m, unbiased=False, start=1.0, inside=True, by_running=False):
    def run(x, gamma, beta, *, epsilon, momentum):
        keep = momentum_of(momentum)
        mean, variance = 0.0, start
        out = {"running_mean": [], "running_variance": [], "training": [], "inference": []}
        for batch in x:
            T = batch.dtype
            axes = (0, *range(2, batch.ndim))
            side = lambda v, b=batch: np.asarray(v).reshape(1, -1, *[1] * (b.ndim - 2))
            m = batch.size // batch.shape[1]
            var = batch.var(axes) * (
                m / (m - 1) if unbiased and m > 1 else np.nan if unbiased else 1
            )
            mean = (keep * mean + (1 - keep) * batch.mean(axes)).astype(T)
            variance = (keep * variance + (1 - keep) * var).astype(T)
            root = (
                np.sqrt(side(variance) + epsilon) if inside else np.sqrt(side(variance)) + epsilon
            )
            y = side(gamma) * (batch - side(mean)) / root + side(beta)
            own = np.sqrt(side(batch.var(axes)) + epsilon)
            own = own if inside else np.sqrt(side(batch.var(axes))) + epsilon
            own_y = side(gamma) * (batch - side(batch.mean(axes))) / own + side(beta)
            out["training"].append((y if by_running else own_y).astype(T))
            out["running_mean"].append(mean)
            out["running_variance"].append(variance)
            out["inference"].append(y.astype(T))
        return out

    return run


def test_right_orders_of_operation_pass():
    assert_passes("batch_normalization_running", running())


WRONG = {
    "running-variance-unbiased": running(unbiased=True),
    "momentum-of-new": running(momentum_of=lambda m: 1 - m),
    "momentum-of-new-unbiased": running(momentum_of=lambda m: 1 - m, unbiased=True),
    "running-variance-from-0": running(start=0.0),
    "epsilon-outside-root": running(inside=False),
    "training-by-running-statistics": running(by_running=True),
    "momentum-fixed-0.9": running(momentum_of=lambda m: 0.9),
    "momentum=0.95": running(momentum_of=lambda m: 0.95),
    "running_variance=2.0": running(start=2.0),
}


@pytest.mark.parametrize("form", WRONG)
def test_wrong_formulas_are_rejected_and_named(form):
    assert_named("batch_normalization_running", WRONG[form], form)
