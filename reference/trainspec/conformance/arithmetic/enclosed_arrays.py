"""Sums, matrix products, extremes and moves of enclosed arrays.

Only a sum rounds in a way of its own: in any order, which widens it by (n - 1) u Σ|x|.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from trainspec.conformance.arithmetic import array_functions
from trainspec.conformance.arithmetic.enclosed import (
    UP,
    Enclosed,
    Roundings,
    enclose_exact,
)
from trainspec.conformance.arithmetic.enclosed_elementwise import pick_larger
from trainspec.conformance.basics.float_types import HEADROOM

Array = Any


def stack(rows: Sequence[Enclosed]) -> Enclosed:
    """Arrays of one shape as one array, along a new first axis."""
    high, low, error = (
        np.stack([np.asarray(getattr(row, part)) for row in rows])
        for part in ("high", "low", "error")
    )
    shape = (len(rows[0].roundings.kinds), *np.shape(high)[1:])
    radius = np.stack([np.broadcast_to(row.radius, shape) for row in rows], axis=1)
    return Enclosed(rows[0].roundings, high, low, error, radius)


def _first_axis(x: Enclosed, axis: int | None) -> Enclosed:
    """The array with the axis of a sum in front; all of it in one axis where there is none."""
    if axis is None:
        return x.rearrange(np.ravel)
    return x.rearrange(lambda part: np.moveaxis(part, axis, 0))


def _add_true_values(x: Enclosed) -> Enclosed:
    """The sum along the first axis, by halves; no type's rounding is followed."""
    none = Roundings(())
    x = Enclosed(none, x.high, x.low, x.error, np.empty((0, *x.shape)))
    while len(x) > 1:
        half, odd = len(x) // 2, len(x) % 2
        pairs = x[:half] + x[half : 2 * half]
        x = stack([*(pairs[k] for k in range(half)), x[-1]]) if odd else pairs
    return x[0]


def _sum(x: Any, axis: int | None = None) -> Any:
    if not isinstance(x, Enclosed):
        return np.sum(x, axis)
    x = _first_axis(x, axis)
    if not len(x):
        return enclose_exact(x.roundings, np.zeros(x.shape[1:]))
    with np.errstate(all="ignore"):
        special = x.special
        made = _add_true_values(x.with_special(special, 0.0))
        ndim = np.ndim(made.high)
        roundoff = x.roundings.column(lambda k: k.roundoff, ndim)
        normal = x.roundings.column(lambda k: k.smallest_normal, ndim)
        largest = x.roundings.column(lambda k: k.largest, ndim)
        spread = np.sum(x.radius, axis=1) * UP
        most = (np.sum(x.magnitude, axis=0) + spread) * UP
        lost = roundoff * (len(x) - 1)
        radius = (spread + most * lost * (1 + lost) + normal * lost) * UP
        terms = np.sum(~(x.zero & (x.radius == 0)), axis=1)
        radius = np.where(terms < 2, spread, radius)  # adding nothing rounds nothing
        radius = np.where((terms < 2) | (most * HEADROOM <= largest), radius, np.inf)
        # Beside an infinity finite numbers count for nothing.
        here = special.any(axis=0)
        total = np.sum(np.where(special, x.high, 0.0), axis=0)
        loose = np.isinf(x.radius).any(axis=1)
        unknown = here & np.isinf(np.where(special, 0.0, x.error)).any(axis=0)
        made = Enclosed(x.roundings, made.high, made.low, made.error, radius)
        made = made.with_special(here, 0.0)
        high = np.where(here, total, made.high)
        error = np.where(unknown, np.inf, made.error)
        radius = np.where(here & loose | np.isnan(made.radius), np.inf, made.radius)
    return Enclosed(x.roundings, high, made.low, error, radius)


def _dot(a: Any, b: Any) -> Any:
    axis = np.ndim(a) - 1
    return _sum(a * b if np.ndim(b) == 1 else a[..., :, None] * b, axis)


def _max(x: Any, axis: int | None = None) -> Any:
    if not isinstance(x, Enclosed):
        return np.max(x, axis)
    x = _first_axis(x, axis)
    best = x[0]
    for k in range(1, len(x)):
        best = pick_larger(best, x[k])
    return best


def _make_whole(function: Callable[[Array], Array]) -> Callable[[Any], Any]:
    """Rounding to a whole number, of values that certainly lie between two of them."""

    def of_enclosed(x: Any) -> Any:
        if not isinstance(x, Enclosed):
            return function(x)
        with np.errstate(all="ignore"):
            # A midpoint that is a whole number leaves it to its second part.
            whole = function(x.high)
            value = np.where(whole == x.high, whole + function(x.low), whole)
            size = np.maximum(np.abs(x.high), 1.0) * 2.0**-48

            def moved(far: Array) -> tuple[Array, Array]:
                rest = x.high - value + x.low
                exact = far == 0
                slack = np.where(exact, 0.0, far * UP + size * 2.0**-4)
                return function(rest - slack), function(rest + slack)

            below, above = moved(x.error)
            certain = (below == 0) & (above == 0) & (np.abs(x.high) < 2.0**50)
            error = np.where(certain | x.special, 0.0, np.inf)
            low, high = moved(x.radius + x.error)
            radius = np.where((low == 0) & (high == 0) | x.special, 0.0, np.inf)
        made = np.where(x.special, x.high, value)
        return Enclosed(x.roundings, made, np.zeros_like(made), error, radius)

    return of_enclosed


def _floor_of_product(ratio: Any, n: int) -> int:
    """The floor of the exact product, where it is certain in every type."""
    if not isinstance(ratio, Enclosed):
        return array_functions.floor_of_product(ratio, n)
    middle = Fraction(float(ratio.high)) + Fraction(float(ratio.low))
    found = set()
    for far in (0.0, *(ratio.error + np.ravel(ratio.radius)).tolist()):
        if not math.isfinite(far):
            raise ValueError("not certain")
        found |= {math.floor((middle + sign * Fraction(far)) * n) for sign in (-1, 1)}
    if len(found) > 1:
        raise ValueError("not certain")
    return found.pop()


def _floor_int(x: Any) -> int:
    return _floor_of_product(x, 1)


def _product(v: Any) -> Any:
    made: Any = 1
    flat = v.rearrange(np.ravel) if isinstance(v, Enclosed) else np.ravel(v)
    for k in range(len(flat)):
        made = made * flat[k]
    return made


def _arange(v: Any) -> Any:
    count = np.arange(len(v), dtype=np.float64)
    return enclose_exact(v.roundings, count) if isinstance(v, Enclosed) else count


def _take(x: Any, indices: Any) -> Any:
    rows = [_floor_int(indices[k]) for k in range(len(indices))]
    return x[rows]


def _solve(a: Any, b: Any) -> Any:
    n = len(a)
    matrix = [[a[i, j] for j in range(n)] for i in range(n)]
    return stack(array_functions.eliminate(matrix, [b[i] for i in range(n)]))


def _move(function: Callable[[Array], Array]) -> Callable[[Any], Any]:
    def of_enclosed(x: Any) -> Any:
        return x.rearrange(function) if isinstance(x, Enclosed) else function(x)

    return of_enclosed


def _reshape_like(y: Any, x: Any) -> Any:
    # Only the shape of the second counts.
    like = np.empty(np.shape(x))
    return _move(lambda part: array_functions.reshape_like(part, like))(y)


#: The functions of the rule language that add numbers up, choose among them or move them.
ENCLOSED_ARRAY_FUNCTIONS = {
    "sum": _sum,
    "dot": _dot,
    "max": _max,
    "floor": _make_whole(np.floor),
    "ceil": _make_whole(np.ceil),
    "floor_of_product": _floor_of_product,
    "floor_int": _floor_int,
    "product": _product,
    "arange": _arange,
    "take": _take,
    "solve": _solve,
    "count": array_functions.count,
    "reshape_like": _reshape_like,
    "column": _move(array_functions.column),
    "columns": _move(array_functions.columns),
    "transpose": _move(array_functions.transpose),
    "diagonal": _move(array_functions.diagonal),
}
