"""Whole arrays of enclosed numbers, with NumPy alone: thousands of certified values at once.

An `Enclosed` array holds for every number a midpoint in double-double, ``high + low``; a bound
`error` on how far the true value is from it; and for every float type a `radius`: how far what an
implementation in that type holds can be from the true value. They mean what an `Interval` means,
and the proofs are in spec/numerics.md.

Where a number leaves the range in which the proofs hold its error is infinite: it is not
certified here, and Arb must do it. Where a type has no bound its radius is infinite.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, Protocol

import numpy as np
from msgspec import Struct

from trainspec.conformance.basics.float_types import HEADROOM, FloatType

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


class Roundings(Struct, frozen=True):
    """The float types whose rounding is followed, as columns that stand beside arrays."""

    kinds: tuple[FloatType, ...]

    def column(self, parameter: Callable[[FloatType], float], ndim: int) -> Array:
        """One parameter of every type, with `ndim` axes after the first."""
        values = np.array([parameter(kind) for kind in self.kinds], np.float64)
        return values.reshape(len(self.kinds), *[1] * ndim)


class HasRoundings(Protocol):
    """Whatever follows the rounding of some types."""

    @property
    def roundings(self) -> Roundings:
        """The types."""


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
    def magnitude(self) -> Array:
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

    def __len__(self) -> int:
        return len(self.high)

    def __getitem__(self, key: Any) -> Enclosed:
        return self.rearrange(lambda part: part[key])

    def rearrange(self, move: Callable[[Array], Array]) -> Enclosed:
        """The array with its numbers moved about, as `move` does it with an array of numbers."""
        radii = np.broadcast_to(self.radius, (len(self.roundings.kinds), *self.shape))
        high, low, error = (move(np.asarray(p)) for p in (self.high, self.low, self.error))
        moved = [move(radius) for radius in radii]
        radius = np.stack(moved) if moved else np.empty((0, *np.shape(high)))
        return Enclosed(self.roundings, high, low, error, radius)

    def with_radius(self, radius: Array) -> Enclosed:
        """The same true values, with another uncertainty of the types."""
        return Enclosed(self.roundings, self.high, self.low, self.error, radius)

    def with_special(self, here: Array, value: float) -> Enclosed:
        """The array with an exact infinity or NaN in some places."""
        rest = (np.where(here, 0.0, part) for part in (self.low, self.error, self.radius))
        return Enclosed(self.roundings, np.where(here, value, self.high), *rest)

    def radius_along(self, ndim: int) -> Array:
        """The radii with axes put in, so that they stand beside an array of `ndim` axes."""
        return put_axes_in(self.radius, ndim)

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
        return exact.with_radius(np.stack([_lose(exact.high, kind) for kind in roundings.kinds]))


def _lose(values: Array, kind: FloatType) -> Array:
    """A bound on the rounding error of storing numbers in a type."""
    size = np.abs(values)
    lost = size * kind.roundoff + np.where(size < kind.smallest_normal, kind.smallest_normal, 0.0)
    held = values.astype(kind.dtype).astype(np.float64)
    return np.where((held == values) | ~np.isfinite(values), 0.0, lost)


def enclose_like(x: HasRoundings, value: Any) -> Enclosed:
    """Another number to compute with: enclosed already, a whole number, or a constant."""
    if isinstance(value, Enclosed):
        return value
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return enclose_exact(x.roundings, float(value))
    return enclose_constants(x.roundings, value)


def put_axes_in(values: Array, ndim: int) -> Array:
    """Values for every type, with axes after the first so that `ndim` follow it."""
    missing = ndim + 1 - np.ndim(values)
    return values.reshape(values.shape[0], *[1] * missing, *values.shape[1:])


def two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """The rounded sum, and what rounding lost, exactly (Knuth, TAOCP 4.2.2)."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def two_product(a: Array, b: Array) -> tuple[Array, Array]:
    """The rounded product, and what rounding lost, exactly (Dekker 1971)."""
    product = a * b
    ah, bh = _upper_half(a), _upper_half(b)
    al, bl = a - ah, b - bh
    return product, ((ah * bh - product) + ah * bl + al * bh) + al * bl


def _upper_half(a: Array) -> Array:
    scaled = _SPLIT * a
    return scaled - (scaled - a)


def finish(
    parts: Sequence[Enclosed],
    value: tuple[Array, Array],
    error: Array,
    radius: Array,
    plain: Array,
    *,
    exact: Array | bool = False,
    divided: Array | bool = False,
) -> Enclosed:
    """The result of an operation, rounded once in every type.

    `radius` is what the types' own uncertainty makes of it, before rounding. `plain` is what
    IEEE 754 returns, for infinities, NaN and, where `divided` holds, division by zero. Where
    `exact` holds nothing is rounded.
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
    certain = reduce(np.logical_or, (part.special for part in parts)) | divided
    if certain.any():
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
    radius = x.radius_along(ndim)
    return (radius > 0) & ((np.abs(x.high) - x.error <= radius) | ~np.isfinite(radius))


def _add(a: Enclosed, b: Enclosed) -> Enclosed:
    with np.errstate(all="ignore"):
        plain = a.high + b.high
        high, rest = two_sum(a.high, b.high)
        below, last = two_sum(a.low, b.low)
        simple = (a.low == 0) & (b.low == 0)
        rest, below = rest + below, last
        high, rest = two_sum(high, rest)
        high, low = two_sum(high, rest + below)
        ndim = np.ndim(high)
        scale = (np.abs(a.high) + np.abs(b.high)) * UP
        # Cancellation leaves an error relative to what is added, of the order of 2**-104 of it.
        computed = np.where(simple, 0.0, scale * ERROR)
        error = (a.error + b.error) * UP + computed
        ra, rb = a.radius_along(ndim), b.radius_along(ndim)
        radius = (ra + rb) * UP
        none = a.zero & (ra == 0) | b.zero & (rb == 0)  # adding nothing rounds nothing
        return finish([a, b], (high, low), error, radius, plain, exact=none)


def in_range(*values: Array) -> Array:
    """Where numbers are zero, or neither too small nor too large for exact products."""
    inside: Array = True
    for value in values:
        size = np.abs(value)
        inside = inside & ((size == 0) | ((size > SMALLEST) & (size < LARGEST)))
    return inside


def _multiply(a: Enclosed, b: Enclosed) -> Enclosed:
    with np.errstate(all="ignore"):
        plain = a.high * b.high
        high, rest = two_product(a.high, b.high)
        simple = (a.low == 0) & (b.low == 0)
        rest = rest + (a.high * b.low + a.low * b.high)
        high, low = two_sum(high, rest)
        ndim = np.ndim(high)
        computed = np.where(simple, 0.0, np.abs(high) * ERROR + TINY)
        error = (a.magnitude * b.error + b.magnitude * a.error + computed) * UP
        error = np.where(a.zero | b.zero, 0.0, error)
        error = np.where(in_range(a.high, b.high, high) | a.zero | b.zero, error, np.inf)
        error = np.where((high == 0) & (a.high != 0) & (b.high != 0), np.inf, error)
        ra, rb = a.radius_along(ndim), b.radius_along(ndim)
        radius = (a.magnitude * rb + b.magnitude * ra + ra * rb) * UP
        return finish([a, b], (high, low), error, radius, plain)


def _divide(a: Enclosed, b: Enclosed) -> Enclosed:
    with np.errstate(all="ignore"):
        plain = a.high / b.high
        high = plain
        # a - q b, exactly but for the last part; then one correction.
        product, lost = two_product(high, b.high)
        left = ((a.high - product) - lost) + a.low - high * b.low
        high, low = two_sum(high, left / b.high)
        ndim = np.ndim(high)
        least = np.abs(b.high) - np.abs(b.low) - b.error
        simple = (a.low == 0) & (b.low == 0) & (a.high == product) & (lost == 0)
        computed = np.where(simple, 0.0, np.abs(high) * ERROR * 4 + TINY)
        error = ((a.error + np.abs(high) * b.error * UP) / (least * (1 - 2.0**-50)) + computed) * UP
        error = np.where(a.zero, 0.0, error)
        inside = in_range(a.high, b.high, high, product) & (least > 0)
        error = np.where(inside | a.zero & (least > 0), error, np.inf)
        ra, rb = a.radius_along(ndim), b.radius_along(ndim)
        smallest = (least - rb) * (1 - 2.0**-50)
        radius = (ra + (np.abs(high) + error) * UP * rb) / smallest * UP
        # A divisor that may be zero has no bound, nor has 0/0 where a type may hold another zero.
        radius = np.where(smallest > 0, radius, np.inf)
        radius = np.where((ra == 0) & (rb == 0) & b.zero, 0.0, radius)
        return finish([a, b], (high, low), error, radius, plain, divided=b.zero)


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
        bare = x.with_radius(np.zeros_like(x.radius))
        made, square, left = None, bare, count
        while left:
            if left % 2:
                made = square if made is None else _unrounded(made, square)
            left //= 2
            if left:
                square = _unrounded(square, square)
        assert made is not None  # the power is at least one
        # |x̃ⁿ − xⁿ| ≤ n r (|x| + r)ⁿ⁻¹
        radius = count * x.radius * ((x.magnitude + x.radius) * UP) ** (count - 1)
        radius = radius * (1 + count * 2.0**-50)
        plain = x.high**count
        return finish([x], (made.high, made.low), made.error, radius, plain)


def _unrounded(a: Enclosed, b: Enclosed) -> Enclosed:
    """A product that no type rounds."""
    made = _multiply(a, b)
    return made.with_radius(np.zeros_like(made.radius))
