"""Functions of the elements of enclosed arrays: roots, comparisons, choices, interpolation."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
from msgspec import Struct

from trainspec.conformance.arithmetic.enclosed import (
    ERROR,
    TINY,
    UP,
    Enclosed,
    HasRoundings,
    Roundings,
    enclose_exact,
    enclose_like,
    finish,
    in_range,
    put_axes_in,
    two_product,
    two_sum,
)

Array = Any


def _find_enclosed(*values: Any) -> HasRoundings | None:
    """The first of some numbers that is enclosed; the others are enclosed like it."""
    return next((v for v in values if isinstance(v, (Enclosed, Decided))), None)


def take_root(x: Any) -> Enclosed:
    """The square root; a number that may be just below zero is taken to be zero there.

    Raises TypeError for a bare number.
    """
    if not isinstance(x, Enclosed):
        raise TypeError(f"the square root of the bare number {x!r} is not certified here")
    with np.errstate(all="ignore"):
        negative = (x.high < 0) & (x.high + x.error < 0)  # certainly NaN
        plain = np.sqrt(x.high)
        high = plain
        product, lost = two_product(high, high)
        left = ((x.high - product) - lost) + x.low
        high, low = two_sum(high, np.where(high == 0, 0.0, left / (2 * high)))
        least = np.abs(x.high) - np.abs(x.low) - x.error
        simple = (x.low == 0) & (x.high == product) & (lost == 0)
        computed = np.where(simple, 0.0, np.abs(high) * ERROR * 4 + TINY)
        # |√X − √x| ≤ e / √(x − e), and never more than √e.
        spread = x.error / np.sqrt(np.maximum(least, 0.0) * (1 - 2.0**-50))
        spread = np.where(least > 0, np.minimum(spread, np.sqrt(x.error)), np.sqrt(x.error))
        error = np.where(x.zero, 0.0, (spread + computed) * UP)
        error = np.where(in_range(x.high, product) & (x.high >= 0) | x.zero, error, np.inf)
        error = np.where(negative, 0.0, error)
        r = x.radius
        # √(x + r) − √x ≤ r / 2√x, and √x − √(x − r) ≤ r / √x, which is r/(√x + √(x − r)).
        below = np.sqrt(np.maximum(least - r, 0.0))
        radius = np.where(r == 0, 0.0, r / (np.abs(high) * (1 - 2.0**-48) + below) * UP)
        radius = np.where(x.zero & (r > 0), np.sqrt(r) * UP, radius)
        made = finish([x], (high, low), error, radius, plain).with_special(negative, np.nan)
        # A type may hold a zero for a negative number, and then there is no NaN.
        maybe = negative & (x.high + x.radius >= 0)
    return made.with_radius(np.where(maybe, np.inf, made.radius))


def _spread_nan(x: Enclosed, *parts: Enclosed) -> Enclosed:
    """The array with NaN wherever one of its parts is; without a bound where a type may differ."""
    nan = reduce(np.logical_or, (np.isnan(part.high) & part.special for part in parts))
    loose = reduce(np.logical_or, (np.isinf(part.radius_along(x.ndim)) for part in parts))
    made = x.with_special(nan, np.nan)
    return made.with_radius(np.where(nan & loose, np.inf, made.radius))


class Decided(Struct, frozen=True):
    """A comparison of numbers: what holds in truth, where that is certain, and in which types."""

    roundings: Roundings
    holds: Array
    certain: Array
    certain_in: Array


def _decide(roundings: Roundings, holds: Array) -> Decided:
    """A condition that is certain, in every type."""
    everywhere = np.ones((len(roundings.kinds), *holds.shape), bool)
    return Decided(roundings, holds, np.ones(holds.shape, bool), everywhere)


def _compare(function: Callable[[Array, Array], Array]) -> Callable[[Any, Any], Any]:
    def of_enclosed(a: Any, b: Any) -> Any:
        like = _find_enclosed(a, b)
        if like is None:
            return function(a, b)
        a, b = enclose_like(like, a), enclose_like(like, b)
        with np.errstate(all="ignore"):
            gap = (a.high - b.high) + (a.low - b.low)
            holds = np.where(a.special | b.special, function(a.high, b.high), function(gap, 0.0))
            slack = (a.error + b.error) * UP
            same = (gap == 0) & (slack == 0)
            beside = (a.special | b.special) & np.isfinite(slack)
            certain = beside | same | (np.abs(gap) * (1 - 2.0**-48) > slack)
            ndim = np.ndim(gap)
            radius = (a.radius_along(ndim) + b.radius_along(ndim)) * UP
            apart = np.abs(gap) * (1 - 2.0**-48) > slack + radius
            fixed = (beside | same) & (radius == 0)
        return Decided(like.roundings, holds, certain, apart | fixed)

    return of_enclosed


def _where(condition: Any, a: Any, b: Any) -> Any:
    like = _find_enclosed(condition, a, b)
    if like is None:
        return np.where(condition, a, b)
    if not isinstance(condition, Decided):
        condition = _decide(like.roundings, np.asarray(condition))
    a, b = enclose_like(condition, a), enclose_like(condition, b)
    with np.errstate(all="ignore"):
        holds = condition.holds
        high, low = np.where(holds, a.high, b.high), np.where(holds, a.low, b.low)
        ndim = np.ndim(high)
        error = np.where(condition.certain, np.where(holds, a.error, b.error), np.inf)
        ra, rb = a.radius_along(ndim), b.radius_along(ndim)
        chosen, other = np.where(holds, ra, rb), np.where(holds, rb, ra)
        gap = np.abs(a.high - b.high) + np.abs(a.low - b.low) + a.error + b.error
        # Where a type may decide otherwise, its number may be the other one.
        either = np.maximum(chosen, (gap + other) * UP)
        either = np.where(np.isnan(either), np.inf, either)
        certain_in = put_axes_in(condition.certain_in, ndim)
        radius = np.where(certain_in, chosen, either)
        radius = np.broadcast_to(radius, (len(condition.roundings.kinds), *np.shape(high)))
    return Enclosed(condition.roundings, high, low, error, radius)


_greater = _compare(np.greater)


def _extreme(pick: Callable[[Array, Array], Array]) -> Callable[[Any, Any], Any]:
    """The larger or smaller of two numbers; NaN where either is."""

    def of_enclosed(a: Any, b: Any) -> Any:
        like = _find_enclosed(a, b)
        if like is None:
            return pick(a, b)
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
    like = _find_enclosed(a, b, weight)
    if like is None:
        return a + weight * (b - a)
    a, b, weight = (enclose_like(like, v) for v in (a, b, weight))
    made = a + weight * (b - a)
    with np.errstate(all="ignore"):
        ndim = made.ndim
        roundoff = made.roundings.column(lambda k: k.roundoff, ndim)
        normal = made.roundings.column(lambda k: k.smallest_normal, ndim)
        ra, rb, rw = (v.radius_along(ndim) for v in (a, b, weight))
        far = np.abs(a.high - b.high) + np.abs(a.low - b.low) + a.error + b.error
        heavy = (weight.magnitude + rw) * UP
        own = np.abs(1 - weight.high) + weight.error + rw
        spread = ra * own + rb * heavy + rw * (far + ra + rb)
        first = (far + ra + rb) * roundoff + normal  # of the difference
        second = heavy * ((far + ra + rb) * (1 + roundoff) + normal) * roundoff + normal
        before = (spread + heavy * first + second) * UP
        last = (made.magnitude + before) * roundoff + np.where(
            np.abs(made.high) - made.error - before >= normal, 0.0, normal
        )
        total = (before + last) * UP
        radius = np.where(np.isfinite(made.radius), np.minimum(made.radius, total), made.radius)
        spread = np.abs(1 - weight.high) * a.error + np.abs(weight.high) * b.error
        spread = spread + weight.error * (far + a.error + b.error)
        computed = (a.magnitude + weight.magnitude * (a.magnitude + b.magnitude)) * ERROR * 4 + TINY
        error = np.where(made.error > 0, np.minimum(made.error, (spread + computed) * UP), 0.0)
        error = np.where(np.isfinite(made.error), error, made.error)
    return Enclosed(made.roundings, made.high, made.low, error, radius)


def _sign(x: Any) -> Any:
    if not isinstance(x, Enclosed):
        return np.sign(x)
    one, none = enclose_exact(x.roundings, 1.0), enclose_exact(x.roundings, 0.0)
    made = _where(_greater(x, 0), one, _where(_greater(0, x), -one, none))
    return _spread_nan(made, x)


pick_larger = _extreme(np.maximum)

#: The functions of the rule language that take their elements one by one.
ELEMENTWISE = {
    "sqrt": take_root,
    "abs": abs,
    "sign": _sign,
    "maximum": pick_larger,
    "minimum": _extreme(np.minimum),
    "where": _where,
    "lerp": _lerp,
    "greater": _greater,
    "greater_equal": _compare(np.greater_equal),
    "less": _compare(np.less),
    "less_equal": _compare(np.less_equal),
    "equal": _compare(np.equal),
}
