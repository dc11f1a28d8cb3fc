"""Numbers for certification: enclosures of a true value and of a type's rounding error.

A `Ball` is an interval that is known to hold the true value. Under the arithmetic `exact` an
operation widens it only by the error of working with 320 bits. Under the arithmetic of a float
type every operation also widens it by that type's largest rounding error, so that at the end the
ball holds what *any* correctly rounded evaluation of the same lines can give. Its radius is the
derived error bound; see spec/numerics.md.

Infinities, NaN and division by an exact zero follow IEEE 754.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb, ctx

from trainspec.conformance.arrays import MOVING
from trainspec.conformance.types import FloatType

BITS = 320
#: Values that nearly cancel, such as 1 - tanh(1000), take more bits; none takes more than this.
MOST_BITS = 320 * 4**3
#: Other orders of operation may meet values so many times larger than the rule's own.
HEADROOM = 16
#: Functions of mathematical libraries are not correctly rounded: so many roundings each.
LIBRARY = 4
ctx.prec = BITS


class UnboundedError(ArithmeticError):
    """The rounding error of a type grows without bound here; a case cannot serve that type."""


@dataclass(frozen=True)
class Arithmetic:
    """How an operation rounds: as the type `kind` does, or not at all."""

    kind: FloatType | None = None

    def round(self, x: arb) -> arb:
        """Widen `x` by one rounding of this arithmetic.

        Below the normal numbers the whole value may be lost: processors may flush it to zero.
        """
        if self.kind is None or x.is_zero():
            return x
        most = x.abs_upper()
        if not most * HEADROOM <= self.kind.largest:
            raise UnboundedError(f"no bound in {self.kind.name}")
        lost = most * self.kind.roundoff
        if not x.abs_lower() >= self.kind.smallest_normal:
            lost += self.kind.smallest_normal
        return x + arb(0, lost)


_current = Arithmetic()


@contextmanager
def arithmetic(kind: FloatType | None, bits: int = BITS) -> Iterator[None]:
    """Work in the arithmetic of `kind`, or without rounding error where it is None."""
    global _current
    before, _current = _current, Arithmetic(kind)
    ctx.prec = bits
    try:
        yield
    finally:
        _current = before
        ctx.prec = BITS


class Ball:
    """A real number known to lie in an interval, or an exact infinity or NaN."""

    __slots__ = ("x",)

    def __init__(self, x: arb | float) -> None:
        self.x: Any = x

    # Arithmetic: special values and exact zeros by IEEE 754, the rest by intervals.
    def _binary(self, other: Any, op: Callable[[Any, Any], Any], swap: bool = False) -> Any:
        if isinstance(other, np.ndarray):
            return NotImplemented  # the array applies the operation to its elements
        a, b = self.x, hyperparameter(other).x
        if swap:
            a, b = b, a
        if isinstance(a, float) or isinstance(b, float):
            return _special(a, b, op)
        if op is operator.truediv:
            if b.is_zero():
                return _special(a, b, op)
            if b.contains(0):
                raise UnboundedError("division by an interval that holds 0")
        if op in (operator.add, operator.sub) and (a.is_zero() or b.is_zero()):
            return Ball(op(a, b))  # adding nothing rounds nothing
        result = op(a, b)
        return Ball(_current.round(result))

    def __add__(self, other: Any) -> Any:
        return self._binary(other, operator.add)

    def __radd__(self, other: Any) -> Any:
        return self._binary(other, operator.add, swap=True)

    def __sub__(self, other: Any) -> Any:
        return self._binary(other, operator.sub)

    def __rsub__(self, other: Any) -> Any:
        return self._binary(other, operator.sub, swap=True)

    def __mul__(self, other: Any) -> Any:
        return self._binary(other, operator.mul)

    def __rmul__(self, other: Any) -> Any:
        return self._binary(other, operator.mul, swap=True)

    def __truediv__(self, other: Any) -> Any:
        return self._binary(other, operator.truediv)

    def __rtruediv__(self, other: Any) -> Any:
        return self._binary(other, operator.truediv, swap=True)

    def __pow__(self, power: int) -> Ball:
        if isinstance(self.x, float):
            return Ball(self.x**power)
        if power == 0:
            return Ball(arb(1))
        if power < 0 and self.x.is_zero():
            return Ball(math.inf)
        # An even power of an interval around 0 does not go below 0.
        base = abs(self.x) if power % 2 == 0 else self.x
        if power % 2 == 0 and base.contains(0):
            base = base.nonnegative_part()
        return Ball(self.x if power == 1 else _current.round(base**power))

    def __neg__(self) -> Ball:
        return Ball(-self.x)

    def __pos__(self) -> Ball:
        return self

    def __abs__(self) -> Ball:
        return Ball(abs(self.x))

    def __repr__(self) -> str:
        return f"Ball({self.x})"

    def nearest(self) -> float:
        """The float64 nearest to the true value.

        Raises `ArithmeticError` where the interval is too wide to tell which that is.
        """
        if isinstance(self.x, float):
            return self.x
        low, high = float(self.x.lower()), float(self.x.upper())
        if low != high:
            raise ArithmeticError(f"{self.x} does not round to one float64: work with more bits")
        return low + 0.0

    def whole(self) -> int:
        """The largest whole number that is not above the value."""
        return self.part(1)

    def part(self, n: int) -> int:
        """The largest whole number that is not above `n` times the value, the product exact."""
        product = self.x * n
        low, high = math.floor(float(product.lower())), math.floor(float(product.upper()))
        if low != high:
            raise UnboundedError("an interval that holds a whole number has no floor")
        return low

    def radius(self, centre: arb) -> float:
        """How far any number of this interval can lie from `centre`, rounded up."""
        if isinstance(self.x, float):
            return 0.0
        radius = float(abs(self.x - centre).abs_upper())
        return math.nextafter(radius, math.inf) if radius else 0.0


def number(value: Any) -> Ball:
    """A ball around an exact number: an int, or a float taken at its binary value."""
    if isinstance(value, Ball):
        return value
    if isinstance(value, (int, np.integer)):
        return Ball(arb(int(value)))
    value = float(value)
    return Ball(arb(value) if math.isfinite(value) else value)


def hyperparameter(value: Any) -> Ball:
    """A ball that holds `value` and what it becomes when the current type holds it.

    Constants of a rule are treated alike: an implementation may hold them in any type.
    """
    ball = number(value)
    kind = _current.kind
    if isinstance(value, (int, Ball)) or isinstance(ball.x, float) or kind is None:
        return ball
    with np.errstate(all="ignore"):
        if float(kind.dtype.type(value)) == float(value):
            return ball  # the type holds it exactly
    return Ball(_current.round(ball.x))


def _special(a: Any, b: Any, op: Callable[[Any, Any], Any]) -> Ball:
    with np.errstate(all="ignore"):
        return Ball(_settled(float(op(np.float64(_sign(a)), np.float64(_sign(b))))))


def _settled(x: float) -> Any:
    return arb(0) if x == 0 else x


def _sign(x: Any) -> float:
    """A float that stands for `x` where only its sign and kind matter."""
    if isinstance(x, float):
        return x
    if x.is_zero():
        return 0.0
    if x.contains(0):
        raise UnboundedError("the sign of a value next to an infinity is not known")
    return 1.0 if x > 0 else -1.0


def _comparison(op: Callable[[Any, Any], bool], opposite: Callable[[Any, Any], bool]) -> Any:
    """A comparison that is True, False, or None where the intervals overlap."""

    def of_balls(a: Any, b: Any) -> bool | None:
        a, b = number(a).x, number(b).x
        if isinstance(a, float) or isinstance(b, float):
            return bool(op(_as_float(a), _as_float(b)))
        if op(a, b):
            return True
        return False if opposite(a, b) else None

    return of_balls


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


def _whole(function: Callable[[Any], Any]) -> Any:
    """Rounding to a whole number, of a value that certainly lies between two of them."""

    def of_ball(x: Any) -> Ball:
        value = number(x).x
        low, high = float(function(float(value.lower()))), float(function(float(value.upper())))
        if low != high:
            raise UnboundedError("an interval that holds a whole number has no floor")
        return Ball(arb(low))

    return of_ball


def _added(terms: Any) -> Ball:
    """A sum with the rounding error that it can have in any order."""
    terms = [number(term) for term in terms]
    if not terms:
        return Ball(arb(0))
    special = [t.x for t in terms if isinstance(t.x, float)]
    if special:
        return Ball(float(sum(special)))
    total, size = arb(0), arb(0)
    for term in terms:
        total += term.x
        size += abs(term.x).abs_upper()
    if _current.kind is None or len([t for t in terms if not t.x.is_zero()]) < 2:
        return Ball(total)
    if not size * HEADROOM <= _current.kind.largest:
        raise UnboundedError(f"no bound in {_current.kind.name}")
    u = _current.kind.roundoff * (len(terms) - 1)
    return Ball(
        total + arb(0, (size * u * (1 + u)).abs_upper() + _current.kind.smallest_normal * u)
    )


def _sum(x: Any, axis: int | None = None) -> Any:
    x = np.asarray(x, dtype=object)
    if axis is None:
        return _added(x.ravel())
    moved = np.moveaxis(x, axis, -1)
    flat = [_added(row) for row in moved.reshape(-1, moved.shape[-1])]
    return np.array(flat, dtype=object).reshape(moved.shape[:-1])


def _dot(a: Any, b: Any) -> Any:
    a, b = np.asarray(a, dtype=object), np.asarray(b, dtype=object)
    if b.ndim == 1:
        return _sum(a * b, a.ndim - 1)
    return _sum(a[..., :, None] * b, a.ndim - 1)


def _largest(x: Any, axis: int | None = None) -> Any:
    x = np.asarray(x, dtype=object)
    moved = x.reshape(1, -1) if axis is None else np.moveaxis(x, axis, -1)
    pick = _extreme("max")
    flat = []
    for row in moved.reshape(-1, moved.shape[-1]):
        best = row[0]
        for other in row[1:]:
            best = pick(best, other)
        flat.append(best)
    made = np.array(flat, dtype=object)
    return made[0] if axis is None else made.reshape(moved.shape[:-1])


def _unary(
    function: Callable[[Any], Any], special: Callable[[float], float], roundings: int = 1
) -> Any:
    def of_ball(x: Any) -> Ball:
        value = number(x).x
        if isinstance(value, float):
            with np.errstate(all="ignore"):
                return Ball(_settled(float(special(np.float64(value)))))
        result = function(value)
        if _current.kind is None and not result.is_finite():
            return Ball(math.nan if result.is_nan() else float(result))
        for _ in range(roundings):
            result = _current.round(result)
        return Ball(result)

    return of_ball


def _sqrt(x: arb) -> Any:
    if x < 0:
        return arb.nan()
    return x.nonnegative_part().sqrt() if x.contains(0) and not x.is_zero() else x.sqrt()


def _where(condition: Any, a: Any, b: Any) -> Ball:
    one, other = number(a), number(b)
    if condition is None:
        if isinstance(one.x, float) or isinstance(other.x, float):
            raise UnboundedError("a comparison next to an infinity cannot be decided")
        return Ball(one.x.union(other.x))
    return one if condition else other


def _extreme(pick: str) -> Any:
    def of_balls(a: Any, b: Any) -> Any:
        if isinstance(a, int) and isinstance(b, int):
            return max(a, b) if pick == "max" else min(a, b)
        a, b = hyperparameter(a), hyperparameter(b)
        if isinstance(a.x, float) or isinstance(b.x, float):
            function = np.maximum if pick == "max" else np.minimum
            chosen = float(function(_as_float(a.x), _as_float(b.x)))
            if math.isnan(chosen) or math.isinf(chosen):
                return Ball(chosen)
            return b if isinstance(a.x, float) else a
        return Ball(getattr(a.x, pick)(b.x))

    return of_balls


def _sign_of(x: Any) -> Ball:
    above, below = _greater(x, 0), _greater(0, x)
    ball = number(x)
    if isinstance(ball.x, float) and math.isnan(ball.x):
        return ball
    return _where(above, 1, _where(below, -1, 0))


_greater = _comparison(operator.gt, operator.le)


def _elementwise(function: Any, arguments: int) -> Any:
    ufunc = np.frompyfunc(function, arguments, 1)

    def over_arrays(*values: Any) -> Any:
        return ufunc(*values)

    return over_arrays


FUNCTIONS: dict[str, Any] = {
    "sqrt": _elementwise(_unary(_sqrt, np.sqrt), 1),
    "exp": _elementwise(_unary(arb.exp, np.exp, LIBRARY), 1),
    "log": _elementwise(_unary(_log, np.log, LIBRARY), 1),
    "tanh": _elementwise(_unary(arb.tanh, np.tanh, LIBRARY), 1),
    "maximum": _elementwise(_extreme("max"), 2),
    "minimum": _elementwise(_extreme("min"), 2),
    "where": _elementwise(_where, 3),
    "sign": _elementwise(_sign_of, 1),
    "greater": _elementwise(_greater, 2),
    "greater_equal": _elementwise(_comparison(operator.ge, operator.lt), 2),
    "less": _elementwise(_comparison(operator.lt, operator.ge), 2),
    "less_equal": _elementwise(_comparison(operator.le, operator.gt), 2),
    "equal": _elementwise(_comparison(operator.eq, operator.ne), 2),
    "abs": abs,
    "sum": _sum,
    "dot": _dot,
    "largest": _largest,
    "floor": _elementwise(_whole(np.floor), 1),
    "ceil": _elementwise(_whole(np.ceil), 1),
    "erf": _elementwise(_unary(arb.erf, _erf, LIBRARY), 1),
    **MOVING,
}


def balls(values: Any) -> Any:
    """An object array of balls around exact numbers."""
    return np.asarray(np.frompyfunc(number, 1, 1)(values), dtype=object)
