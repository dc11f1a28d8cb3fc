"""The distribution that a rule gives standard normal numbers: `rule -> distribution`.

A rule that multiplies them by a number gives a normal distribution, one that sends them through the
normal distribution function a uniform one. A rule that is constant beyond some bound stands for
truncation: draws are repeated until they fall within the bound, as in the libraries'
`TruncatedNormal`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from msgspec import Struct

from trainspec.conformance.arithmetic.float64 import FLOAT64_FUNCTIONS
from trainspec.conformance.arithmetic.run import run_rule
from trainspec.conformance.basics.float_types import FloatArray
from trainspec.conformance.pages.page import Page
from trainspec.conformance.pages.rule import Rule

#: Standard normal numbers from -FAR to FAR, enough of them that no test sees the gaps.
FAR, POINTS = 8.0, 65537
#: A rule that scales a draw rounds so often at most, the quotient that finds the scale included.
ROUNDINGS = 64 * 2.0**-53


class Distribution(Struct, frozen=True, eq=False):
    """A distribution as a table: `values`, ascending, with the weight of each.

    `is_normal` says that it is a normal one with mean 0.
    """

    values: FloatArray
    weights: FloatArray
    is_normal: bool = False

    @staticmethod
    def of(values: FloatArray, weights: FloatArray, *, is_normal: bool = False) -> Distribution:
        """The distribution of these values, in any order; weights need not add to 1."""
        if (np.diff(values) > 0).all():
            return Distribution(values, weights / weights.sum(), is_normal)
        distinct, place = np.unique(values, return_inverse=True)
        total = np.bincount(place, weights)
        return Distribution(distinct, total / total.sum(), is_normal)

    @property
    def mean(self) -> float:
        """The expected value."""
        return 0.0 if self.is_normal else float(self.weights @ self.values)

    @property
    def square(self) -> float:
        """The expected square."""
        return float(self.weights @ self.values**2)

    @property
    def fourth(self) -> float:
        """The expected fourth power."""
        return float(self.weights @ self.values**4)

    @property
    def deviation(self) -> float:
        """The standard deviation."""
        return math.sqrt(max(self.square - self.mean**2, 0.0))

    def times(self, factor: float) -> Distribution:
        """The distribution of `factor` times the value; `factor` is above 0."""
        return Distribution(self.values * factor, self.weights, self.is_normal)

    def distance(self, values: FloatArray) -> float:
        """The largest distance of the sample's distribution function from this one."""
        sample, n = np.sort(values), len(values)
        below = np.concatenate([[0.0], np.cumsum(self.weights)])
        through = below[np.searchsorted(self.values, sample, "right")]
        before = below[np.searchsorted(self.values, sample, "left")]
        after = np.searchsorted(sample, sample, "right") / n - through
        ahead = before - np.searchsorted(sample, sample, "left") / n
        return float(max(after.max(), ahead.max(), 0.0))


@cache
def normal_table() -> tuple[FloatArray, FloatArray]:
    """Standard normal numbers, evenly spaced, and the weight of each."""
    z = np.linspace(-FAR, FAR, POINTS)
    weights = np.exp(-(z**2) / 2)
    return z, weights / weights.sum()


def make_distribution(
    page: Page, rule: Rule, request: Mapping[str, float], *, again: bool = True
) -> Distribution:
    """The distribution of a rule's first output for a standard normal first input.

    `request` has the hyperparameters. With `again` values where the rule has stopped growing are
    drawn again; otherwise they are cut to the bound.
    """
    z, weights = normal_table()
    given = {k: float(v) for k, v in request.items() if k in page.parameters}
    outputs: dict[str, Any] = run_rule(page, rule, {page.inputs[0]: z}, given, FLOAT64_FUNCTIONS)
    values = np.broadcast_to(np.asarray(outputs[page.outputs[0]], dtype=np.float64), z.shape)
    if again and values[0] == values[1] and values[0] != values[POINTS // 2]:
        inside = (values > values[0]) & (values < values[-1])
        return Distribution.of(values[inside], weights[inside])
    middle = POINTS // 2
    slope = float(values[middle + 1] - values[middle]) / float(z[middle + 1])
    linear = slope > 0 and np.allclose(values, slope * z, rtol=ROUNDINGS, atol=0)
    return Distribution.of(values, weights, is_normal=linear)
