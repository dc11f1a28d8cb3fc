"""Judging random draws: `arrays that an implementation drew -> findings`.

Every random test gives a p-value, the chance that a right implementation does as badly or worse,
and fails under `ALPHA`. A whole check makes fewer than a hundred such tests, so that a right
implementation fails one with a probability under 1e-7; spec/statistics.md says how the power
against wrong ones was measured.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainspec.conformance.types import FloatArray

ALPHA = 1e-9
#: Neighbours at these distances must not resemble each other.
LAGS = (1, 2, 3)


@dataclass(frozen=True)
class Finding:
    """One test of one property: its name, the p-value, and what was seen."""

    name: str
    p: float
    seen: str


def normal(draws: Sequence[FloatArray], again: FloatArray, std: float) -> Iterator[Finding]:
    """Tests that `draws`, matrices from seeds of their own, are normal with mean 0 and `std`.

    `again` was drawn with the first one's seed.
    """
    yield from _seeds(draws, again)
    z = np.concatenate([draw.ravel() for draw in draws]) / std
    if not np.isfinite(z).all():
        yield Finding("finite", 0.0, "some draws are not finite")
        return
    n = z.size
    mean, variance = float(z.mean()), float((z * z).mean())
    yield Finding("mean", tail(mean * math.sqrt(n)), f"mean {mean:.4g} deviations")
    score = (variance - 1) * math.sqrt(n / 2)
    yield Finding("variance", tail(score), f"deviation {math.sqrt(variance):.4g} times the right")
    distance = kolmogorov(z)
    yield Finding(
        "distribution",
        kolmogorov_tail(distance, n),
        f"distribution function up to {distance:.4g} from the normal one",
    )
    for bound in (2.0, 3.0):
        count, chance = int((np.abs(z) > bound).sum()), math.erfc(bound / math.sqrt(2))
        yield Finding(
            f"tails-{bound:.0f}",
            binomial_tail(count, n, chance),
            f"{count} of {n} beyond {bound:.0f} deviations, {n * chance:.0f} expected",
        )
    # Float32 normals repeat now and then; what has few values at all repeats most of the time.
    distinct = np.unique(z).size
    yield Finding("resolution", float(distinct > n / 2), f"{distinct} distinct values of {n}")
    yield from _independence([draw / std for draw in draws], 1.0)


def mask(draws: Sequence[FloatArray], again: FloatArray, ratio: float) -> Iterator[Finding]:
    """Tests that `draws`, matrices of 0 and 1, keep each unit with probability 1 - `ratio`."""
    yield from _seeds(draws, again)
    kept = np.concatenate([draw.ravel() for draw in draws])
    if not np.isin(kept, (0.0, 1.0)).all():
        yield Finding("values", 0.0, "a mask holds other values than 0 and 1")
        return
    n, rate = kept.size, float(kept.mean())
    score = (rate - (1 - ratio)) * math.sqrt(n / (ratio * (1 - ratio)))
    yield Finding("rate", tail(score), f"{rate:.4g} kept, {1 - ratio:.4g} expected")
    yield from _independence([draw - (1 - ratio) for draw in draws], ratio * (1 - ratio))


def _seeds(draws: Sequence[FloatArray], again: FloatArray) -> Iterator[Finding]:
    same = np.array_equal(draws[0], again, equal_nan=True)
    yield Finding("same-seed", float(same), "the same seed gave other values")
    alike = any(np.array_equal(draws[0], other, equal_nan=True) for other in draws[1:])
    yield Finding("other-seed", float(not alike), "another seed gave the same values")


def _independence(draws: Sequence[FloatArray], variance: float) -> Iterator[Finding]:
    """Products of neighbours in rows, in columns and in calls, which should cancel.

    Means of whole rows and columns catch masks and scales that are shared along one.
    """
    for axis, name in ((0, "rows"), (1, "columns")):
        for lag in LAGS:
            products = [
                (np.moveaxis(d, axis, 0)[lag:] * np.moveaxis(d, axis, 0)[:-lag]).ravel()
                for d in draws
            ]
            yield _cancels(f"{name}-{lag}", np.concatenate(products), variance)
        sums = np.concatenate([d.sum(axis) for d in draws]) / math.sqrt(variance)
        size = draws[0].shape[axis]
        score = (float((sums * sums).mean()) / size - 1) * math.sqrt(sums.size / 2)
        yield Finding(
            f"sums-along-{name}",
            # The sums are nearly normal, so that their mean square is nearly so too; the test
            # is one-sided in effect, and loose by a factor that covers "nearly".
            tail(score / 1.5),
            f"mean square of the sums along {name} is {1 + score * math.sqrt(2 / sums.size):.4g} "
            "times the right",
        )
    for index, (one, other) in enumerate(itertools.pairwise(draws), 1):
        yield _cancels(f"calls-{index}", (one * other).ravel(), variance)


def _cancels(name: str, products: FloatArray, variance: float) -> Finding:
    score = float(products.mean()) / variance * math.sqrt(products.size)
    return Finding(
        name, tail(score), f"correlation {score / math.sqrt(products.size):.4g} between {name}"
    )


def tail(score: float) -> float:
    """The chance that a standard normal is as far from 0 as `score`."""
    return math.erfc(abs(score) / math.sqrt(2)) if math.isfinite(score) else 0.0


def kolmogorov(z: FloatArray) -> float:
    """The largest distance of the sample's distribution function from the normal one."""
    z = np.sort(z)
    n = z.size
    right: FloatArray = 0.5 * np.array([math.erfc(-v / math.sqrt(2)) for v in z.tolist()])
    steps: FloatArray = np.arange(n + 1) / n
    above, below = float(np.max(steps[1:] - right)), float(np.max(right - steps[:-1]))
    return max(above, below)


def kolmogorov_tail(distance: float, n: int) -> float:
    """The chance of a distance as large, for `n` independent draws (Kolmogorov 1933)."""
    x = (math.sqrt(n) + 0.12 + 0.11 / math.sqrt(n)) * distance
    if x < 0.2:
        return 1.0  # the series needs many terms there, and gives 1
    terms = ((-1) ** (k - 1) * math.exp(-2 * (k * x) ** 2) for k in range(1, 101))
    return min(1.0, max(0.0, 2 * math.fsum(terms)))


def binomial_tail(count: int, n: int, chance: float) -> float:
    """Twice the smaller chance of at most, or at least, `count` among `n`."""
    k = np.arange(n + 1, dtype=np.float64) if n < 1000 else _near(count, n, chance)
    logs = (
        math.lgamma(n + 1)
        - np.array([math.lgamma(v + 1) + math.lgamma(n - v + 1) for v in k.tolist()])
        + k * math.log(chance)
        + (n - k) * math.log1p(-chance)
    )
    weights = np.exp(logs)
    low, high = float(weights[k <= count].sum()), float(weights[k >= count].sum())
    return min(1.0, 2 * min(low, high))


def _near(count: int, n: int, chance: float) -> Any:
    """The counts that matter: twelve deviations around the mean, and the one that was seen."""
    centre, width = n * chance, 12 * math.sqrt(n * chance * (1 - chance)) + 30
    low = max(0, math.floor(min(centre - width, count)))
    high = min(n, math.ceil(max(centre + width, count)))
    return np.arange(low, high + 1, dtype=np.float64)
