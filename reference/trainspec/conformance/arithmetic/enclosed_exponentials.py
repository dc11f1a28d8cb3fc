"""exp, log, tanh and erf of enclosed arrays, from series whose remainders are bounded.

A series runs in the same double-double arithmetic as everything else, with no type to round in,
so that its own error is bounded as it goes; what is left out of the series is added to that. The
proofs are in spec/numerics.md.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from trainspec.conformance.arithmetic.enclosed import (
    UP,
    Enclosed,
    Roundings,
    enclose_exact,
    finish,
)
from trainspec.conformance.arithmetic.enclosed_elementwise import take_root

Array = Any

#: The true value alone: no type's rounding is followed.
NONE = Roundings(())
#: Terms of the exponential series: for arguments up to 1/2 the rest is under `LEFT_OUT`.
TERMS = 27
LEFT_OUT = 2.0**-118
#: exp is computed between minus this and this; below it is nearly 0.
LARGEST_EXPONENT = 600.0
NEARLY_ZERO = 2.0**-800  # e**-590 is 2**-851
#: From here on erf is 1 to within `NEARLY_ONE`: erfc(5.99) is 2.4e-17.
LARGEST_ERF = 6.0
NEARLY_ONE = 2.6e-17
#: A mathematical library's functions are not correctly rounded: the roundings allowed for each.
LIBRARY = 4


def _constant(high: float, low: float, error: float) -> Enclosed:
    return Enclosed(NONE, np.float64(high), np.float64(low), np.float64(error), np.empty(0))


#: ln 2 and pi to 107 bits; the tests compare them with Arb's.
LN2 = _constant(0.6931471805599453, 2.3190468138462996e-17, 2.0**-108)
PI = _constant(3.141592653589793, 1.2246467991473532e-16, 2.0**-106)


@cache
def _list_coefficients() -> list[Enclosed]:
    """1/n! for n from 0 to `TERMS` + 1."""
    made = [enclose_exact(NONE, 1.0)]
    for n in range(1, TERMS + 2):
        made.append(made[-1] / n)
    return made


def _bare(x: Enclosed) -> Enclosed:
    """The true values alone."""
    return Enclosed(NONE, x.high, x.low, x.error, np.empty((0, *x.shape)))


def _replace(x: Enclosed, here: Array, value: float) -> Enclosed:
    """The array with an exact number in some places."""
    return x.with_special(here, value)


def _with_error(x: Enclosed, more: Array) -> Enclosed:
    """The array with its errors increased."""
    return Enclosed(x.roundings, x.high, x.low, (x.error + more) * UP, x.radius)


def _choose(here: Array, one: Enclosed, other: Enclosed) -> Enclosed:
    """One array in some places, the other elsewhere."""
    pairs = ((one.high, other.high), (one.low, other.low), (one.error, other.error))
    high, low, error = (np.where(here, a, b) for a, b in pairs)
    return Enclosed(NONE, high, low, error, np.empty((0, *np.shape(high))))


def _sum_series(x: Enclosed, first: int) -> Enclosed:
    """The sum of xᵏ / (k + first)! for an x of at most 1/2 in magnitude, by Horner's rule."""
    coefficients = _list_coefficients()
    made = coefficients[TERMS]
    for n in range(TERMS - 1, first - 1, -1):
        made = made * x + coefficients[n]
    return _with_error(made, np.where(x.magnitude <= 0.5, LEFT_OUT, np.inf))


def _compute_exp(x: Enclosed) -> Enclosed:
    """exp(x) = 2ᵏ exp(x - k ln 2)."""
    inside = np.abs(x.high) <= LARGEST_EXPONENT
    near = _replace(x, ~inside, 0.0)
    k = np.rint(near.high / LN2.high)
    made = _sum_series(near - enclose_exact(NONE, k) * LN2, 0)
    scale = 2.0**k  # exact
    made = Enclosed(NONE, made.high * scale, made.low * scale, made.error * scale, made.radius)
    far = np.where(x.high < -LARGEST_EXPONENT, NEARLY_ZERO, np.inf)
    far = np.where(x.error < 1, far, np.inf)
    return _with_error(_replace(made, ~inside, 0.0), np.where(inside, 0.0, far))


def _compute_log(x: Enclosed) -> Enclosed:
    """Log x = y + log(x exp(-y)) for a y that is nearly right, such as the library's."""
    usable = (x.high > 0) & np.isfinite(x.high)
    y = np.where(usable, np.log(np.where(usable, x.high, 1.0)), 0.0)
    held = enclose_exact(NONE, y)
    d = x * _compute_exp(-held) - 1
    small = d.magnitude
    # log(1 + d) = d - d²/2 + d³/3, to within d⁴.
    left_out = np.where(small < 2.0**-40, small**4, np.inf)
    made = _with_error(held + (d - d * d / 2 + d * d * d / 3), left_out)
    return _replace(made, (x.high == 1) & (x.low == 0) & (x.error == 0), 0.0)


def _compute_tanh(x: Enclosed) -> Enclosed:
    """(1 - e) / (1 + e) with e = exp(-2x), or s / (s + 2) with s = exp(2x) - 1 near 0."""
    a = abs(x)
    near = a.high < 0.25
    twice = _replace(a, ~near, 0.0) * 2
    s = twice * _sum_series(twice, 1)
    e = _compute_exp(_replace(a, near, 1.0) * -2)
    return _copy_sign(_choose(near, s / (s + 2), (1 - e) / (1 + e)), x)


def _compute_erf(x: Enclosed) -> Enclosed:
    """2/√π x exp(-x²) times the sum of (2x²)ⁿ / (3 · 5 ⋯ (2n + 1)): every term is positive."""
    a = abs(x)
    near = a.high < LARGEST_ERF  # and not where it is NaN
    inner = _replace(a, ~near, 0.0)
    square = inner * inner
    total = term = enclose_exact(NONE, np.ones(x.shape))
    most = 2 * np.max(square.high, initial=0.0)
    n = 0
    while most / (2 * n + 3) > 0.5 or np.max(np.abs(term.high), initial=0.0) > LEFT_OUT:
        n += 1
        term = term * square * 2 / (2 * n + 1)
        total = total + term
    # What is left out is less than a geometric series of the ratio 1/2.
    total = _with_error(total, 4 * term.magnitude)
    made = inner * 2 / take_root(PI) * _compute_exp(-square) * total
    one = _with_error(enclose_exact(NONE, np.ones(x.shape)), NEARLY_ONE)
    one = _with_error(one, np.where(a.error < 2.0**-10, 0.0, np.inf))
    return _copy_sign(_choose(near, made, one), x)


def _copy_sign(a: Enclosed, x: Enclosed) -> Enclosed:
    sign = np.where(x.high < 0, -1.0, 1.0)
    return Enclosed(NONE, a.high * sign, a.low * sign, a.error, a.radius)


def _least_magnitude(x: Enclosed) -> Array:
    """For every type, the least magnitude that what it holds can have."""
    return np.maximum(np.abs(x.high) - np.abs(x.low) - x.error - x.radius, 0.0) / UP


def _spread_exp(x: Enclosed, made: Enclosed) -> Array:
    return made.magnitude * np.expm1(x.radius)


def _spread_log(x: Enclosed, made: Enclosed) -> Array:
    least = np.abs(x.high) - np.abs(x.low) - x.error
    return np.where(x.radius < least, -np.log1p(-np.minimum(x.radius / least, 1.0)), np.inf)


def _spread_tanh(x: Enclosed, made: Enclosed) -> Array:
    slope = 1 / np.cosh(np.minimum(_least_magnitude(x), 300.0)) ** 2
    return np.minimum(x.radius * slope, 2.0)


def _spread_erf(x: Enclosed, made: Enclosed) -> Array:
    slope = 1.1283791670955128 * np.exp(-(np.minimum(_least_magnitude(x), 20.0) ** 2))
    return np.minimum(x.radius * slope, 2.0)


def _certify(
    compute: Callable[[Enclosed], Enclosed],
    spread: Callable[[Enclosed, Enclosed], Array],
    special: Callable[[Array], Array],
    domain: float = -np.inf,
) -> Callable[[Any], Any]:
    """A function of enclosed arrays: its true value, what the types' uncertainty makes of it, what
    it returns for infinities and NaN, and the end of its domain.
    """

    def of_enclosed(x: Any) -> Enclosed:
        if not isinstance(x, Enclosed):
            raise TypeError(f"a function of the bare number {x!r} is not certified here")
        with np.errstate(all="ignore"):
            # At the end of the domain and outside it IEEE 754 has an infinity and NaN.
            outside = (domain == 0) & (x.zero | (x.high < 0) & (x.high + x.error < 0))
            plain = x.special | outside
            made = compute(_replace(_bare(x), plain, 0.5))
            radius = np.where((x.radius == 0) | plain, 0.0, spread(x, made) * UP)
            for _ in range(LIBRARY):
                value = (made.high, made.low)
                radius = finish([x], value, made.error, radius, made.high).radius
            high: Array = np.where(plain, special(x.high), made.high)
            low, error = np.where(plain, 0.0, made.low), np.where(plain, 0.0, made.error)
            # A type that holds another number may end elsewhere.
            radius = np.where(plain, np.where(x.radius > 0, np.inf, 0.0), radius)
        return Enclosed(x.roundings, high + 0.0, low, error, radius)

    return of_enclosed


def _erf_of_special(x: Array) -> Array:
    return np.where(np.isnan(x), np.nan, np.sign(x))


#: The functions of the rule language that need a series.
EXPONENTIALS = {
    "exp": _certify(_compute_exp, _spread_exp, np.exp),
    "log": _certify(_compute_log, _spread_log, np.log, 0.0),
    "tanh": _certify(_compute_tanh, _spread_tanh, np.tanh),
    "erf": _certify(_compute_erf, _spread_erf, _erf_of_special),
}
