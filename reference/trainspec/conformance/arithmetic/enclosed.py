"""Whole arrays of enclosed numbers, with NumPy alone: thousands of certified values at once.

An `Enclosed` array holds for every number a midpoint in double-double, ``high + low``; a bound
`error` on how far the true value is from it; and for every float type a `radius`: how far what an
implementation in that type holds can be from the true value. They mean what an `Interval` means,
and the proofs are in spec/numerics.md.

Where a number leaves the range in which the proofs hold its error is infinite: it is not
certified here, and Arb must do it. Where a type has no bound its radius is infinite.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from trainspec.conformance.arithmetic.array_functions import ARRAY_FUNCTIONS
from trainspec.conformance.basics.float_types import FloatType

#: Other orders of operation may meet values so many times larger than the rule's own.
HEADROOM = 16
#: Relative error of a double-double operation: that of the worst, division, is 9.8 * 2**-106 and
#: of the square root 3.2 * 2**-106 (Joldes, Muller and Popescu 2017; Lefèvre et al. 2023).
ERROR = 2.0**-102
#: Bounds are themselves computed with rounding: so much upwards covers a dozen roundings.
UP = 1 + 2.0**-48
#: Products and quotients are exact enough while they and their parts stay inside this range.
SMALLEST, LARGEST = 2.0**-900, 2.0**900
#: Keeps a bound that underflows above zero.
TINY = 2.0**-1060
_SPLIT = 2.0**27 + 1

Array = Any


@dataclass(frozen=True)
class Roundings:
    """The float types whose rounding is followed, as columns that stand beside arrays."""

    kinds: tuple[FloatType, ...]

    def column(self, parameter: Callable[[FloatType], float], ndim: int) -> Array:
        """One parameter of every type, with `ndim` axes after the first."""
        values = np.array([parameter(kind) for kind in self.kinds], np.float64)
        return values.reshape(len(self.kinds), *[1] * ndim)


class Enclosed:
    """An array of enclosed numbers; arithmetic as NumPy's, with the rounding of every type."""

    __slots__ = ("error", "high", "low", "radius", "roundings")
    __array_ufunc__ = None  # an array beside it leaves the operation to it

    def __init__(
        self, roundings: Roundings, high: Array, low: Array, error: Array, radius: Array
    ) -> None:
        self.roundings = roundings
        self.high, self.low, self.error, self.radius = high, low, error, radius

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array."""
        return np.shape(self.high)

    @property
    def ndim(self) -> int:
        """The number of its axes."""
        return np.ndim(self.high)

    @property
    def size(self) -> Array:
        """No true value is larger than this in magnitude."""
        return (np.abs(self.high) + np.abs(self.low) + self.error) * UP

    @property
    def special(self) -> Array:
        """Where an infinity or NaN stands, exactly: not where a number left the range."""
        return ~np.isfinite(self.high) & (self.error == 0)

    @property
    def zero(self) -> Array:
        """Where the number is zero, exactly."""
        return (self.high == 0) & (self.low == 0) & (self.error == 0)

    def __add__(self, other: Any) -> Enclosed:
        return _add(self, enclose_like(self, other))

    def __radd__(self, other: Any) -> Enclosed:
        return _add(enclose_like(self, other), self)

    def __sub__(self, other: Any) -> Enclosed:
        return _add(self, -enclose_like(self, other))

    def __rsub__(self, other: Any) -> Enclosed:
        return _add(enclose_like(self, other), -self)

    def __mul__(self, other: Any) -> Enclosed:
        return _multiply(self, enclose_like(self, other))

    def __rmul__(self, other: Any) -> Enclosed:
        return _multiply(enclose_like(self, other), self)

    def __truediv__(self, other: Any) -> Enclosed:
        return _divide(self, enclose_like(self, other))

    def __rtruediv__(self, other: Any) -> Enclosed:
        return _divide(enclose_like(self, other), self)

    def __pow__(self, power: Any) -> Enclosed:
        return _raise(self, power)

    def __neg__(self) -> Enclosed:
        return Enclosed(self.roundings, 0.0 - self.high, -self.low, self.error, self.radius)

    def __pos__(self) -> Enclosed:
        return self

    def __abs__(self) -> Enclosed:
        sign = np.where(self.high < 0, -1.0, 1.0)
        return Enclosed(self.roundings, np.abs(self.high), self.low * sign, self.error, self.radius)

    def nearest(self) -> tuple[Array, Array]:
        """The float64 nearest to every true value, and where that is certain."""
        with np.errstate(all="ignore"):
            value = self.high + self.low
            below, above = _step(self, -1), _step(self, 1)
            certain = (below == value) & (above == value)
        return value + 0.0, certain | self.special

    def bounds(self) -> Array:
        """For every type, how far an implementation's number can be from the true value.

        Rounded up; infinite where a type has no bound.
        """
        return np.where(np.isnan(self.radius), np.inf, self.radius)


def _step(x: Enclosed, sign: int) -> Array:
    """The float64 nearest to the midpoint moved by its error, upwards or downwards."""
    # Outwards by more than the sum of the two small parts can round.
    moved = x.low + sign * (x.error * UP + np.abs(x.low) * 2.0**-52)
    return x.high + np.where(x.error == 0, x.low, moved)


def enclose_exact(roundings: Roundings, values: Any) -> Enclosed:
    """Numbers that every type holds exactly, such as a case's inputs."""
    high = np.asarray(values, np.float64) + 0.0  # the sign of a zero is not followed
    radius = np.zeros((len(roundings.kinds), *high.shape))
    return Enclosed(roundings, high, np.zeros_like(high), np.zeros_like(high), radius)


def enclose_constants(roundings: Roundings, values: Any) -> Enclosed:
    """Hyperparameters and constants: an implementation may hold them in its type or a wider one."""
    exact = enclose_exact(roundings, values)
    with np.errstate(all="ignore"):
        radii = [_lose(exact.high, kind) for kind in roundings.kinds]
    exact.radius = np.stack(radii)
    return exact


def _lose(values: Array, kind: FloatType) -> Array:
    """How much numbers lose where a type holds them."""
    size = np.abs(values)
    lost = size * kind.roundoff + np.where(size < kind.smallest_normal, kind.smallest_normal, 0.0)
    held = values.astype(kind.dtype).astype(np.float64)
    return np.where((held == values) | ~np.isfinite(values), 0.0, lost)


def enclose_like(x: Enclosed | Decided, value: Any) -> Enclosed:
    """Another number to compute with: enclosed already, a whole number, or a constant."""
    if isinstance(value, Enclosed):
        return value
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return enclose_exact(x.roundings, float(value))
    return enclose_constants(x.roundings, value)


def _along(x: Enclosed, ndim: int) -> Array:
    """The radii with axes put in, so that they stand beside those of an array of `ndim` axes."""
    return _put_axes_in(x.radius, ndim)


def _put_axes_in(values: Array, ndim: int) -> Array:
    """Values for every type, with axes after the first so that `ndim` follow it."""
    missing = ndim + 1 - np.ndim(values)
    return values.reshape(values.shape[0], *[1] * missing, *values.shape[1:])


def _two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """The rounded sum, and what rounding lost, exactly (Knuth, TAOCP 4.2.2)."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def _two_product(a: Array, b: Array) -> tuple[Array, Array]:
    """The rounded product, and what rounding lost, exactly (Dekker 1971)."""
    product = a * b
    ah, bh = _upper_half(a), _upper_half(b)
    al, bl = a - ah, b - bh
    return product, ((ah * bh - product) + ah * bl + al * bh) + al * bl


def _upper_half(a: Array) -> Array:
    scaled = _SPLIT * a
    return scaled - (scaled - a)


def _finish(
    parts: Sequence[Enclosed],
    value: tuple[Array, Array],
    error: Array,
    radius: Array,
    *,
    exact: Array | bool = False,
    plain: Array | None = None,
    divided: Array | bool = False,
) -> Enclosed:
    """The result of an operation, rounded once in every type.

    `radius` is what the types' own uncertainty makes of it, before rounding; where `exact` holds
    nothing is rounded. `plain` is what IEEE 754 returns, for infinities, NaN and, where `divided`
    holds, division by zero.
    """
    roundings = parts[0].roundings
    high, low = value
    ndim = np.ndim(high)
    roundoff = roundings.column(lambda k: k.roundoff, ndim)
    normal = roundings.column(lambda k: k.smallest_normal, ndim)
    largest = roundings.column(lambda k: k.largest, ndim)
    size = np.abs(high)
    most = (size + error + radius) * UP
    grown = (radius + most * roundoff) * UP
    # What follows is rare: it is computed where it is needed.
    small = ~(size - error - radius >= normal)
    if small.any():
        grown = np.where(small, (grown + normal) * UP, grown)
    large = ~(most * HEADROOM <= largest)
    if large.any():
        grown = np.where(large, np.inf, grown)
    nothing = (high == 0) & (low == 0) & (error == 0)
    if exact is not False or nothing.any():  # nothing is lost of an exact zero
        grown = np.where(exact | nothing & (radius == 0), radius, grown)
    if np.isnan(grown).any():
        grown = np.where(np.isnan(grown), np.inf, grown)
    finite = np.isfinite(high) & np.isfinite(error)
    if not finite.all():
        error = np.where(finite, error, np.inf)
    # A number that overflows here need not do so in truth; an infinity stays one.
    certain = reduce(np.logical_or, (part.special for part in parts))
    certain = certain | divided
    if plain is not None and certain.any():
        known = reduce(np.logical_and, (_has_sign(part) for part in parts))
        error = np.where(certain & ~known, np.inf, error)
        certain = certain & known
        high = np.where(certain, plain, high)
        low = np.where(certain, 0.0, low)
        error = np.where(certain, 0.0, error)
        # Beside an infinity the signs of numbers count, which a type must know.
        unbounded = reduce(np.logical_or, (_may_change_sign(part, ndim) for part in parts))
        grown = np.where(certain, np.where(unbounded, np.inf, 0.0), grown)
    return Enclosed(roundings, high + 0.0, low, error, grown)


def _has_sign(x: Enclosed) -> Array:
    """Where the sign of the true value is certain, or it is an infinity, NaN or zero for sure."""
    return x.special | x.zero | (np.abs(x.high) > x.error)


def _may_change_sign(x: Enclosed, ndim: int) -> Array:
    """For every type, where its number may have another sign than the true value."""
    radius = _along(x, ndim)
    return (radius > 0) & ((np.abs(x.high) - x.error <= radius) | ~np.isfinite(radius))


def _add(a: Enclosed, b: Enclosed) -> Enclosed:
    with np.errstate(all="ignore"):
        plain = a.high + b.high
        high, rest = _two_sum(a.high, b.high)
        below, last = _two_sum(a.low, b.low)
        simple = (a.low == 0) & (b.low == 0)
        rest, below = rest + below, last
        high, rest = _two_sum(high, rest)
        high, low = _two_sum(high, rest + below)
        ndim = np.ndim(high)
        scale = (np.abs(a.high) + np.abs(b.high)) * UP
        # Cancellation leaves an error relative to what is added, of the order of 2**-104 of it.
        computed = np.where(simple, 0.0, scale * ERROR)
        error = (a.error + b.error) * UP + computed
        ra, rb = _along(a, ndim), _along(b, ndim)
        radius = (ra + rb) * UP
        none = a.zero & (ra == 0) | b.zero & (rb == 0)  # adding nothing rounds nothing
        return _finish([a, b], (high, low), error, radius, exact=none, plain=plain)


def _in_range(*values: Array) -> Array:
    """Where numbers are zero, or neither too small nor too large for exact products."""
    inside: Array = True
    for value in values:
        size = np.abs(value)
        inside = inside & ((size == 0) | ((size > SMALLEST) & (size < LARGEST)))
    return inside


def _multiply(a: Enclosed, b: Enclosed) -> Enclosed:
    with np.errstate(all="ignore"):
        plain = a.high * b.high
        high, rest = _two_product(a.high, b.high)
        simple = (a.low == 0) & (b.low == 0)
        rest = rest + (a.high * b.low + a.low * b.high)
        high, low = _two_sum(high, rest)
        ndim = np.ndim(high)
        computed = np.where(simple, 0.0, np.abs(high) * ERROR + TINY)
        error = (a.size * b.error + b.size * a.error + computed) * UP
        error = np.where(a.zero | b.zero, 0.0, error)
        error = np.where(_in_range(a.high, b.high, high) | a.zero | b.zero, error, np.inf)
        error = np.where((high == 0) & ~(a.zero | b.zero), np.inf, error)
        ra, rb = _along(a, ndim), _along(b, ndim)
        radius = (a.size * rb + b.size * ra + ra * rb) * UP
        return _finish([a, b], (high, low), error, radius, plain=plain)


def _divide(a: Enclosed, b: Enclosed) -> Enclosed:
    with np.errstate(all="ignore"):
        plain = a.high / b.high
        high = plain
        # a - q b, exactly but for the last part; then one correction.
        product, lost = _two_product(high, b.high)
        left = ((a.high - product) - lost) + a.low - high * b.low
        high, low = _two_sum(high, left / b.high)
        ndim = np.ndim(high)
        least = np.abs(b.high) - np.abs(b.low) - b.error
        computed = np.abs(high) * ERROR * 4 + TINY
        error = ((a.error + np.abs(high) * b.error * UP) / (least * (1 - 2.0**-50)) + computed) * UP
        error = np.where(a.zero, 0.0, error)
        inside = _in_range(a.high, b.high, high, product) & (least > 0)
        error = np.where(inside | a.zero & (least > 0), error, np.inf)
        ra, rb = _along(a, ndim), _along(b, ndim)
        smallest = (least - rb) * (1 - 2.0**-50)
        radius = (ra + (np.abs(high) + error) * UP * rb) / smallest * UP
        # A divisor that may be zero has no bound, nor has 0/0 where a type may hold another zero.
        radius = np.where(smallest > 0, radius, np.inf)
        radius = np.where((ra == 0) & (rb == 0) & b.zero, 0.0, radius)
        return _finish([a, b], (high, low), error, radius, plain=plain, divided=b.zero)


def _raise(x: Enclosed, power: Any) -> Enclosed:
    """A whole power, as one operation: rounded once in every type."""
    count = int(power)
    if count != power or count < 0:
        raise TypeError(f"a power of {power!r} is not certified here")
    with np.errstate(all="ignore"):
        if count == 0:
            return enclose_exact(x.roundings, np.ones(x.shape))
        if count == 1:
            return x
        bare = Enclosed(x.roundings, x.high, x.low, x.error, np.zeros_like(x.radius))
        made, square, left = None, bare, count
        while left:
            if left % 2:
                made = square if made is None else _unrounded(made, square)
            left //= 2
            if left:
                square = _unrounded(square, square)
        assert made is not None  # the power is at least one
        # |x̃ⁿ − xⁿ| ≤ n r (|x| + r)ⁿ⁻¹
        radius = count * x.radius * ((x.size + x.radius) * UP) ** (count - 1)
        radius = radius * (1 + count * 2.0**-50)
        plain = x.high**count
        return _finish([x], (made.high, made.low), made.error, radius, plain=plain)


def _unrounded(a: Enclosed, b: Enclosed) -> Enclosed:
    """A product that no type rounds."""
    made = _multiply(a, b)
    return Enclosed(made.roundings, made.high, made.low, made.error, np.zeros_like(made.radius))


def _sqrt(x: Any) -> Enclosed:
    if not isinstance(x, Enclosed):
        raise TypeError(f"the square root of the bare number {x!r} is not certified here")
    with np.errstate(all="ignore"):
        plain = np.sqrt(x.high)
        high = plain
        product, lost = _two_product(high, high)
        left = ((x.high - product) - lost) + x.low
        high, low = _two_sum(high, np.where(high == 0, 0.0, left / (2 * high)))
        least = np.abs(x.high) - np.abs(x.low) - x.error
        # |√X − √x| ≤ e / √(x − e)
        error = (x.error / np.sqrt(least * (1 - 2.0**-50)) + np.abs(high) * ERROR * 4 + TINY) * UP
        error = np.where(x.zero, 0.0, error)
        error = np.where(_in_range(x.high, product) & (x.high > 0) | x.zero, error, np.inf)
        error = np.where((x.high < 0) & (x.high + x.error < 0), 0.0, error)  # certainly NaN
        r = x.radius
        # √(x + r) − √x ≤ r / 2√x, and √x − √(x − r) ≤ r / √x, which is r/(√x + √(x − r)).
        below = np.sqrt(np.maximum(least - r, 0.0))
        radius = np.where(r == 0, 0.0, r / (np.abs(high) * (1 - 2.0**-48) + below) * UP)
        radius = np.where(x.zero & (r > 0), np.sqrt(r) * UP, radius)
        made = _finish([x], (high, low), error, radius, plain=plain)
        negative = (x.high < 0) & (x.high + x.error < 0)
        replaced = _replace(made, negative, np.nan)
        # A type may hold a zero for a negative number, and then there is no NaN.
        maybe = negative & (x.high + x.radius >= 0)
    return Enclosed(x.roundings, replaced.high, replaced.low, replaced.error,
                    np.where(maybe, np.inf, replaced.radius))  # fmt: skip


def _replace(x: Enclosed, here: Array, value: float) -> Enclosed:
    """The array with an exact special value in some places."""
    return Enclosed(
        x.roundings,
        np.where(here, value, x.high),
        np.where(here, 0.0, x.low),
        np.where(here, 0.0, x.error),
        np.where(here, 0.0, x.radius),
    )


def _spread_nan(x: Enclosed, *parts: Enclosed) -> Enclosed:
    """The array with NaN wherever one of its parts is; without a bound where a type may differ."""
    nan = reduce(np.logical_or, (np.isnan(part.high) & part.special for part in parts))
    loose = reduce(np.logical_or, (np.isinf(_along(part, x.ndim)) for part in parts))
    made = _replace(x, nan, np.nan)
    radius = np.where(nan & loose, np.inf, made.radius)
    return Enclosed(x.roundings, made.high, made.low, made.error, radius)


@dataclass(frozen=True)
class Decided:
    """A comparison of numbers: what holds in truth, where that is certain, and in which types."""

    roundings: Roundings
    holds: Array
    certain: Array
    certain_in: Array


def _compare(function: Callable[[Array, Array], Array]) -> Callable[[Any, Any], Any]:
    def of_enclosed(a: Any, b: Any) -> Any:
        if not isinstance(a, Enclosed) and not isinstance(b, Enclosed):
            return function(a, b)
        like = a if isinstance(a, Enclosed) else b
        a, b = enclose_like(like, a), enclose_like(like, b)
        with np.errstate(all="ignore"):
            gap = (a.high - b.high) + (a.low - b.low)
            holds = np.where(a.special | b.special, function(a.high, b.high), function(gap, 0.0))
            slack = (a.error + b.error) * UP
            same = (gap == 0) & (slack == 0)
            beside = (a.special | b.special) & np.isfinite(slack)
            certain = beside | same | (np.abs(gap) * (1 - 2.0**-48) > slack)
            radius = (_along(a, np.ndim(gap)) + _along(b, np.ndim(gap))) * UP
            apart = np.abs(gap) * (1 - 2.0**-48) > slack + radius
            fixed = (beside | same) & (radius == 0)
        return Decided(like.roundings, holds, certain, apart | fixed)

    return of_enclosed


def _where(condition: Any, a: Any, b: Any) -> Any:
    if not isinstance(condition, Decided):
        enclosed = [v for v in (a, b) if isinstance(v, Enclosed)]
        if not enclosed:
            return np.where(condition, a, b)
        roundings, shape = enclosed[0].roundings, np.shape(condition)
        everywhere = np.ones((len(roundings.kinds), *shape), bool)
        condition = Decided(roundings, np.asarray(condition), np.ones(shape, bool), everywhere)
    a, b = enclose_like(condition, a), enclose_like(condition, b)
    with np.errstate(all="ignore"):
        holds = condition.holds
        high, low = np.where(holds, a.high, b.high), np.where(holds, a.low, b.low)
        ndim = np.ndim(high)
        error = np.where(condition.certain, np.where(holds, a.error, b.error), np.inf)
        ra, rb = _along(a, ndim), _along(b, ndim)
        chosen, other = np.where(holds, ra, rb), np.where(holds, rb, ra)
        gap = np.abs(a.high - b.high) + np.abs(a.low - b.low) + a.error + b.error
        # Where a type may decide otherwise, its number may be the other one.
        either = np.maximum(chosen, (gap + other) * UP)
        either = np.where(np.isnan(either), np.inf, either)
        certain_in = _put_axes_in(condition.certain_in, ndim)
        radius = np.where(certain_in, chosen, either)
        radius = np.broadcast_to(radius, (len(condition.roundings.kinds), *np.shape(high)))
    return Enclosed(condition.roundings, high, low, error, radius)


_greater = _compare(np.greater)


def _extreme(pick: Callable[[Array, Array], Array]) -> Callable[[Any, Any], Any]:
    """The larger or smaller of two numbers; NaN where either is."""

    def of_enclosed(a: Any, b: Any) -> Any:
        if not isinstance(a, Enclosed) and not isinstance(b, Enclosed):
            return pick(a, b)
        like = a if isinstance(a, Enclosed) else b
        a, b = enclose_like(like, a), enclose_like(like, b)
        above = _greater(a, b)
        chosen = _where(above, a, b) if pick is np.maximum else _where(above, b, a)
        with np.errstate(all="ignore"):
            # Undecided, the result lies between the ends: no further off than the wider radius
            # and the gap; the error likewise.
            gap = np.abs(a.high - b.high) + np.abs(a.low - b.low)
            error = np.where(above.certain, chosen.error, np.maximum(a.error, b.error) + gap)
        made = Enclosed(like.roundings, chosen.high, chosen.low, error, chosen.radius)
        return _spread_nan(made, a, b)

    return of_enclosed


def _lerp(a: Any, b: Any, weight: Any) -> Any:
    """`a + weight * (b - a)`, with a rounding for each of its three operations.

    The uncertainty of `a` counts once: the weights of `a` and of `b` add up to one.
    """
    like = next((v for v in (a, b, weight) if isinstance(v, Enclosed)), None)
    if like is None:
        return a + weight * (b - a)
    a, b, weight = (enclose_like(like, v) for v in (a, b, weight))
    made = a + weight * (b - a)
    with np.errstate(all="ignore"):
        ndim = made.ndim
        roundoff = made.roundings.column(lambda k: k.roundoff, ndim)
        normal = made.roundings.column(lambda k: k.smallest_normal, ndim)
        ra, rb, rw = (_along(v, ndim) for v in (a, b, weight))
        far = np.abs(a.high - b.high) + np.abs(a.low - b.low) + a.error + b.error
        heavy = (weight.size + rw) * UP
        own = np.maximum(np.abs(1 - weight.high) + weight.error, 0.0) + rw
        spread = ra * own + rb * heavy + rw * (far + ra + rb)
        first = (far + ra + rb) * roundoff + normal  # of the difference
        second = heavy * ((far + ra + rb) * (1 + roundoff) + normal) * roundoff + normal
        before = (spread + heavy * first + second) * UP
        last = (made.size + before) * roundoff + np.where(
            np.abs(made.high) - made.error - before >= normal, 0.0, normal
        )
        total = (before + last) * UP
        radius = np.where(np.isfinite(made.radius), np.minimum(made.radius, total), made.radius)
        spread = np.abs(1 - weight.high) * a.error + np.abs(weight.high) * b.error
        spread = spread + weight.error * (far + a.error + b.error)
        computed = (a.size + weight.size * (a.size + b.size)) * ERROR * 4 + TINY
        error = np.where(made.error > 0, np.minimum(made.error, (spread + computed) * UP), 0.0)
        error = np.where(np.isfinite(made.error), error, made.error)
    return Enclosed(made.roundings, made.high, made.low, error, radius)


def _sign(x: Any) -> Any:
    if not isinstance(x, Enclosed):
        return np.sign(x)
    one, none = enclose_exact(x.roundings, 1.0), enclose_exact(x.roundings, 0.0)
    made = _where(_greater(x, 0), one, _where(_greater(0, x), -one, none))
    return _spread_nan(made, x)


def _uncertified(name: str) -> Callable[..., Any]:
    def refuse(*arguments: Any) -> Any:
        raise TypeError(f"{name} is not certified here")

    return refuse


#: The rule language over enclosed arrays; what is not here is left to Arb.
ENCLOSED_FUNCTIONS: Mapping[str, Any] = {
    **{name: _uncertified(name) for name in
       ("exp", "log", "tanh", "erf", "sum", "dot", "max", "floor", "ceil")},
    "sqrt": _sqrt,
    "abs": abs,
    "sign": _sign,
    "maximum": _extreme(np.maximum),
    "minimum": _extreme(np.minimum),
    "where": _where,
    "lerp": _lerp,
    "greater": _greater,
    "greater_equal": _compare(np.greater_equal),
    "less": _compare(np.less),
    "less_equal": _compare(np.less_equal),
    "equal": _compare(np.equal),
    **{name: _uncertified(name) for name in ARRAY_FUNCTIONS},
}  # fmt: skip


def is_certain(values: Enclosed) -> bool:
    """Whether every number of an array rounds to one float64 for sure."""
    return bool(np.all(values.nearest()[1])) and not math.isnan(float(np.sum(values.error)))
