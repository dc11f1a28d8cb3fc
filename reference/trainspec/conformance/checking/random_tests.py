"""Random tests: `arrays that an implementation drew -> findings`.

Every test returns a p-value, the chance that a right implementation does as badly or worse,
and fails under `ALPHA`. A whole check makes fewer than two hundred such tests, so that a right
implementation fails one with a probability under 2e-7; spec/statistics.md says how the power
against wrong ones was measured. The tails are written out here so that the light install needs no
SciPy; the tests compare them with SciPy's.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from msgspec import Struct

from trainspec.conformance.basics.float_types import FloatArray
from trainspec.conformance.checking.distributions import Distribution

ALPHA = 1e-9

#: The findings whose names begin so are about independence; the others are about the values.
INDEPENDENCE = ("second-call", "same-seed", "other-seed", "rows-", "columns-", "sums-", "calls-")

#: Neighbours at these distances must not resemble each other.
LAGS = (1, 2, 3)


class Finding(Struct, frozen=True):
    """One test of one property: its name, the p-value, and what was seen."""

    name: str
    p: float
    seen: str


def judge_normal(draws: Sequence[FloatArray], again: FloatArray, std: float) -> Iterator[Finding]:
    """Tests that `draws`, matrices from seeds of their own, are normal with mean 0 and `std`.

    `again` was drawn with the first one's seed.
    """
    return _judge_matrices(draws, again, lambda values: _judge_standard_normal(values / std))


def judge_values(
    draws: Sequence[FloatArray], again: FloatArray, asked: Distribution
) -> Iterator[Finding]:
    """Test whether `draws`, a matrix for every seed, follow `asked`, a distribution that is not
    normal.

    `again` was drawn with the first one's seed.
    """
    return _judge_matrices(draws, again, lambda values: judge_distribution(values, asked))


def _judge_matrices(
    draws: Sequence[FloatArray],
    again: FloatArray,
    judge: Callable[[FloatArray], Iterator[Finding]],
) -> Iterator[Finding]:
    """What every drawn matrix is held to, with `judge` for the values of all of them."""
    yield from _judge_seeds(draws, again)
    values = np.sort(np.concatenate([draw.ravel() for draw in draws]))
    if not np.isfinite(values).all():
        yield Finding("finite", 0.0, "some draws are not finite")
        return
    yield from judge(values)
    # Float32 numbers repeat now and then; what has few values at all repeats most of the time.
    distinct = 1 + np.count_nonzero(np.diff(values))
    seen = f"{distinct} distinct values of {values.size}"
    yield Finding("resolution", float(distinct > values.size / 2), seen)
    yield from _judge_independence(draws)


def _judge_standard_normal(z: FloatArray) -> Iterator[Finding]:
    """Tests that independent values, in ascending order, are standard normal.

    Mean, deviation, shape and tails.
    """
    n, squares = z.size, z * z
    mean, variance = float(z.mean()), float(squares.mean())
    yield Finding("mean", normal_tail(mean * math.sqrt(n)), f"mean {mean:.4g} deviations")
    score = (variance - 1) * math.sqrt(n / 2)
    yield Finding(
        "variance", normal_tail(score), f"deviation {math.sqrt(variance):.4g} times the right"
    )
    distance = kolmogorov_distance(z)
    yield Finding(
        "distribution",
        kolmogorov_tail(distance, n),
        f"distribution function up to {distance:.4g} from the normal one",
    )
    # A sum of a few uniform numbers has the right deviation, and thinner tails. Heavier tails are
    # seen below; here they would be rare in a way that no normal distribution describes.
    with np.errstate(all="ignore"):
        excess = float(np.nan_to_num((squares * squares).mean() / variance**2 - 3))
    yield Finding(
        "kurtosis",
        normal_tail(min(excess, 0.0) * math.sqrt(n / 24)),
        f"fourth moment {excess + 3:.4g} times the squared variance, 3 expected",
    )
    for bound in (2.0, 3.0):
        count, chance = int((np.abs(z) > bound).sum()), math.erfc(bound / math.sqrt(2))
        yield Finding(
            f"tails-{bound:.0f}",
            binomial_tail(count, n, chance),
            f"{count} of {n} beyond {bound:.0f} deviations, {n * chance:.0f} expected",
        )


def judge_distribution(values: FloatArray, asked: Distribution) -> Iterator[Finding]:
    """Tests that independent values have a distribution: mean, mean square, and shape."""
    n, deviation = values.size, asked.deviation
    if not deviation:  # of one number, or of numbers so small that their squares are 0
        same = bool(np.ptp(values) == 0)
        yield Finding("variance", float(same), f"deviation {values.std():.4g}, 0 expected")
        return
    mean = float(values.mean()) - asked.mean
    yield Finding(
        "mean", normal_tail(mean / deviation * math.sqrt(n)), f"mean {mean / deviation:.4g} off"
    )
    square = float((values * values).mean())
    spread = math.sqrt(max(asked.fourth - asked.square**2, 0.0) / n)
    gap = square - asked.square
    far = normal_tail(gap / spread) if spread else float(math.isclose(square, asked.square))
    ratio = math.sqrt(square / asked.square)
    yield Finding("variance", far, f"deviation {ratio:.4g} times the right")
    distance = asked.distance(values)
    yield Finding(
        "distribution",
        kolmogorov_tail(distance, n),
        f"distribution function up to {distance:.4g} from the right one",
    )


def judge_mask(draws: Sequence[FloatArray], again: FloatArray, ratio: float) -> Iterator[Finding]:
    """Tests that `draws`, matrices of 0 and 1, keep each unit with probability 1 - `ratio`."""
    yield from _judge_seeds(draws, again)
    kept = np.concatenate([draw.ravel() for draw in draws])
    if not np.isin(kept, (0.0, 1.0)).all():
        yield Finding("values", 0.0, "a mask holds other values than 0 and 1")
        return
    n, rate = kept.size, float(kept.mean())
    score = (rate - (1 - ratio)) * math.sqrt(n / (ratio * (1 - ratio)))
    yield Finding("rate", normal_tail(score), f"{rate:.4g} kept, {1 - ratio:.4g} expected")
    if draws[0].ndim == 3:  # calls of one object: those of one seed, then those of the next
        repeated = any(np.array_equal(draw[0], draw[1]) for draw in draws)
        yield Finding("second-call", float(not repeated), "one object drew the same mask twice")
        draws = [call for draw in draws for call in draw]
    yield from _judge_independence(draws)


def _judge_seeds(draws: Sequence[FloatArray], again: FloatArray) -> Iterator[Finding]:
    same = np.array_equal(draws[0], again, equal_nan=True)
    yield Finding("same-seed", float(same), "the same seed gave other values")
    alike = any(np.array_equal(draws[0], other, equal_nan=True) for other in draws[1:])
    yield Finding("other-seed", float(not alike), "another seed gave the same values")


def _judge_independence(draws: Sequence[FloatArray]) -> Iterator[Finding]:
    """Products of neighbours in rows, in columns and in calls, which should cancel.

    The draws' own mean and deviation scale them: that those are right is another test's concern.
    Means of whole rows and columns catch masks and scales that are shared along one.
    """
    every = np.concatenate([draw.ravel() for draw in draws])
    if not every.std():
        yield Finding("rows-1", 0.0, "all values are the same")
        return
    draws = [(draw - every.mean()) / every.std() for draw in draws]
    for axis, name in ((0, "rows"), (1, "columns")):
        for lag in LAGS:
            products = [
                (np.moveaxis(d, axis, 0)[lag:] * np.moveaxis(d, axis, 0)[:-lag]).ravel()
                for d in draws
            ]
            words = f"neighbouring {name}" if lag == 1 else f"{name} at a distance of {lag}"
            yield _judge_correlation(f"{name}-{lag}", words, np.concatenate(products))
        sums = np.concatenate([d.sum(axis) for d in draws])
        size = draws[0].shape[axis]
        score = (float((sums * sums).mean()) / size - 1) * math.sqrt(sums.size / 2)
        yield Finding(
            f"sums-along-{name}",
            # The sums are nearly normal, so that their mean square is nearly so too; the test
            # is one-sided in effect, and loose by a factor that covers "nearly".
            normal_tail(score / 1.5),
            f"sums along {name} have {1 + score * math.sqrt(2 / sums.size):.4g} times the mean "
            "square of independent numbers",
        )
    for index, (one, other) in enumerate(itertools.pairwise(draws), 1):
        words = f"the calls {index} and {index + 1}"
        yield _judge_correlation(f"calls-{index}", words, (one * other).ravel())


def _judge_correlation(name: str, words: str, products: FloatArray) -> Finding:
    score = float(products.mean()) * math.sqrt(products.size)
    return Finding(
        name,
        normal_tail(score),
        f"{words} have a correlation of {score / math.sqrt(products.size):.4g}",
    )


def normal_tail(score: float) -> float:
    """The chance that a standard normal is as far from 0 as `score`."""
    return math.erfc(abs(score) / math.sqrt(2)) if math.isfinite(score) else 0.0


def kolmogorov_distance(z: FloatArray) -> float:
    """The largest distance of a sample's distribution function from the normal one.

    `z` is the sample in ascending order. Blocks of it are halved for as long as the distance inside
    can be larger than what has been found: the normal one rises, so that in a block it lies between
    its values at the ends.
    """
    n = z.size
    first, last = np.array([0]), np.array([n - 1])
    at_first, at_last = _normal_below(z[first]), _normal_below(z[last])
    largest = float(max(1 / n - at_first[0], at_first[0], 1 - at_last[0], at_last[0] - 1 + 1 / n))
    while len(first):
        can_be = np.maximum(last / n - at_first, at_last - (first + 1) / n)
        kept = (can_be > largest) & (last - first > 1)
        first, last, at_first, at_last = first[kept], last[kept], at_first[kept], at_last[kept]
        middle = (first + last) // 2
        at_middle = _normal_below(z[middle])
        found = np.maximum((middle + 1) / n - at_middle, at_middle - middle / n)
        largest = float(np.max(found, initial=largest))
        first, at_first = np.append(first, middle), np.append(at_first, at_middle)
        last, at_last = np.append(middle, last), np.append(at_middle, at_last)
    return largest


def _normal_below(z: FloatArray) -> FloatArray:
    """The chance that a standard normal is below each of `z`."""
    return 0.5 * np.array([math.erfc(-v / math.sqrt(2)) for v in z.tolist()])


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
