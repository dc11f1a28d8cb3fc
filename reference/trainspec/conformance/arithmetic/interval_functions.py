"""The rule language over intervals: comparisons, sums, products, roots and the like."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from flint import arb

from trainspec.conformance.arithmetic.array_functions import ARRAY_FUNCTIONS, factorize
from trainspec.conformance.arithmetic.interval import (
    Interval,
    UnboundedError,
    current_rounding,
    enclose,
    enclose_constant,
)
from trainspec.conformance.basics.float_types import HEADROOM

#: A mathematical library's functions are not correctly rounded: the roundings allowed for each.
LIBRARY = 4


def _make_comparison(op: Callable[[Any, Any], bool], opposite: Callable[[Any, Any], bool]) -> Any:
    """A comparison that is True, False, or None where the intervals overlap."""

    def of_intervals(a: Any, b: Any) -> bool | None:
        a, b = enclose(a).x, enclose(b).x
        if isinstance(a, float) or isinstance(b, float):
            return bool(op(_as_float(a), _as_float(b)))
        if op(a, b):
            return True
        return False if opposite(a, b) else None

    return of_intervals


def _as_float(x: Any) -> float:
    return x if isinstance(x, float) else float(x.mid())


def _log(x: arb) -> Any:
    if x.is_zero():
        return arb.neg_inf()
    if not x > 0 and not x < 0:
        raise UnboundedError("the logarithm of an interval that holds 0")
    return x.log()


def _erf(x: float) -> float:
    return math.erf(x)


def _make_whole(function: Callable[[Any], Any]) -> Any:
    """Rounding to a whole number, of a value that certainly lies between two of them."""

    def of_interval(x: Any) -> Interval:
        value = enclose(x).x
        low, high = float(function(float(value.lower()))), float(function(float(value.upper())))
        if low != high:
            raise UnboundedError("an interval that holds a whole number has no floor")
        return Interval(arb(low))

    return of_interval


def _add_up(terms: Any) -> Interval:
    """A sum with the rounding error that it can have in any order."""
    terms = [enclose(term) for term in terms]
    if not terms:
        return Interval(arb(0))
    special = [t.x for t in terms if isinstance(t.x, float)]
    if special:
        return Interval(float(sum(special)))
    total, size = arb(0), arb(0)
    for term in terms:
        total += term.x
        size += abs(term.x).abs_upper()
    kind = current_rounding().kind
    if kind is None or len([t for t in terms if not t.x.is_zero()]) < 2:
        return Interval(total)
    if not size * HEADROOM <= kind.largest:
        raise UnboundedError(f"no bound in {kind.name}")
    u = kind.roundoff * (len(terms) - 1)
    return Interval(total + arb(0, (size * u * (1 + u)).abs_upper() + kind.smallest_normal * u))


def _sum(x: Any, axis: int | None = None) -> Any:
    x = np.asarray(x, dtype=object)
    if axis is None:
        return _add_up(x.ravel())
    moved = np.moveaxis(x, axis, -1)
    flat = [_add_up(row) for row in moved.reshape(-1, moved.shape[-1])]
    return np.array(flat, dtype=object).reshape(moved.shape[:-1])


def _dot(a: Any, b: Any) -> Any:
    a, b = np.asarray(a, dtype=object), np.asarray(b, dtype=object)
    if b.ndim == 1:
        return _sum(a * b, a.ndim - 1)
    return _sum(a[..., :, None] * b, a.ndim - 1)


def _max(x: Any, axis: int | None = None) -> Any:
    x = np.asarray(x, dtype=object)
    moved = x.reshape(1, -1) if axis is None else np.moveaxis(x, axis, -1)
    pick = _make_extreme("max")
    flat = []
    for row in moved.reshape(-1, moved.shape[-1]):
        best = row[0]
        for other in row[1:]:
            best = pick(best, other)
        flat.append(best)
    made = np.array(flat, dtype=object)
    return made[0] if axis is None else made.reshape(moved.shape[:-1])


def _make_unary(
    function: Callable[[Any], Any], special: Callable[[float], float], roundings: int = 1
) -> Any:
    def of_interval(x: Any) -> Interval:
        value = enclose(x).x
        if isinstance(value, float):
            with np.errstate(all="ignore"):
                return enclose(float(special(np.float64(value))))
        result = function(value)
        if current_rounding().kind is None and not result.is_finite():
            return Interval(math.nan if result.is_nan() else float(result))
        for _ in range(roundings):
            result = current_rounding().round(result)
        return Interval(result)

    return of_interval


def _sqrt(x: arb) -> Any:
    if x < 0:
        return arb.nan()
    return x.nonnegative_part().sqrt() if x.contains(0) and not x.is_zero() else x.sqrt()


def _where(condition: Any, a: Any, b: Any) -> Interval:
    one, other = enclose(a), enclose(b)
    if condition is None:
        if isinstance(one.x, float) or isinstance(other.x, float):
            raise UnboundedError("a comparison next to an infinity cannot be decided")
        return Interval(one.x.union(other.x))
    return one if condition else other


def _make_extreme(pick: str) -> Any:
    def of_intervals(a: Any, b: Any) -> Any:
        if isinstance(a, int) and isinstance(b, int):
            return max(a, b) if pick == "max" else min(a, b)
        a, b = enclose_constant(a), enclose_constant(b)
        if isinstance(a.x, float) or isinstance(b.x, float):
            function = np.maximum if pick == "max" else np.minimum
            chosen = float(function(_as_float(a.x), _as_float(b.x)))
            if math.isnan(chosen) or math.isinf(chosen):
                return Interval(chosen)
            return b if isinstance(a.x, float) else a
        return Interval(getattr(a.x, pick)(b.x))

    return of_intervals


def _sign_of(x: Any) -> Interval:
    above, below = _greater(x, 0), _greater(0, x)
    interval = enclose(x)
    if isinstance(interval.x, float) and math.isnan(interval.x):
        return interval
    return _where(above, 1, _where(below, -1, 0))


_greater = _make_comparison(operator.gt, operator.le)


def _make_elementwise(function: Any, arguments: int) -> Any:
    ufunc = np.frompyfunc(function, arguments, 1)

    def over_arrays(*values: Any) -> Any:
        return ufunc(*values)

    return over_arrays


def _lerp(a: Any, b: Any, weight: Any) -> Interval:
    """`a + weight * (b - a)`, with a rounding for each of its three operations.

    Evaluating the formula one interval operation at a time would count the uncertainty of `a`
    twice.
    """
    a, b, weight = enclose_constant(a), enclose_constant(b), enclose_constant(weight)
    if any(isinstance(v.x, float) for v in (a, b, weight)):
        return enclose(a + weight * (b - a))
    middle, gap = weight.x.mid(), b.x - a.x
    exact = a.x * (1 - middle) + b.x * middle + (weight.x - middle) * gap
    rounding = current_rounding()
    if rounding.kind is None:
        return Interval(exact)
    size = arb(gap.abs_upper())
    lost = rounding.round(size) - size  # of the difference
    product = abs(weight.x) * (size + abs(lost))
    lost = abs(weight.x) * abs(lost) + abs(rounding.round(arb(product.abs_upper())) - product)
    return Interval(rounding.round(exact + arb(0, lost.abs_upper())))


def _cholesky(a: Any) -> Any:
    return np.array(factorize(np.asarray(a), INTERVAL_FUNCTIONS["sqrt"]), dtype=object)


INTERVAL_FUNCTIONS: dict[str, Any] = {
    "sqrt": _make_elementwise(_make_unary(_sqrt, np.sqrt), 1),
    "exp": _make_elementwise(_make_unary(arb.exp, np.exp, LIBRARY), 1),
    "log": _make_elementwise(_make_unary(_log, np.log, LIBRARY), 1),
    "tanh": _make_elementwise(_make_unary(arb.tanh, np.tanh, LIBRARY), 1),
    "maximum": _make_elementwise(_make_extreme("max"), 2),
    "minimum": _make_elementwise(_make_extreme("min"), 2),
    "where": _make_elementwise(_where, 3),
    "lerp": _make_elementwise(_lerp, 3),
    "sign": _make_elementwise(_sign_of, 1),
    "greater": _make_elementwise(_greater, 2),
    "greater_equal": _make_elementwise(_make_comparison(operator.ge, operator.lt), 2),
    "less": _make_elementwise(_make_comparison(operator.lt, operator.ge), 2),
    "less_equal": _make_elementwise(_make_comparison(operator.le, operator.gt), 2),
    "equal": _make_elementwise(_make_comparison(operator.eq, operator.ne), 2),
    "abs": abs,
    "sum": _sum,
    "dot": _dot,
    "cholesky": _cholesky,
    "max": _max,
    "floor": _make_elementwise(_make_whole(np.floor), 1),
    "ceil": _make_elementwise(_make_whole(np.ceil), 1),
    "erf": _make_elementwise(_make_unary(arb.erf, _erf, LIBRARY), 1),
    **ARRAY_FUNCTIONS,
}
