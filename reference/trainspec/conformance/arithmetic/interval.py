"""Numbers for certification: intervals around a true value and a type's rounding error.

An `Interval` is known to contain the true value. With no rounding an operation widens it only by
the error of working with 320 bits. With the rounding of a float type every operation also widens
it by that type's largest rounding error, so that at the end the interval contains what *any*
correctly rounded evaluation of the same lines can return. Its radius is the derived error bound;
see spec/numerics.md.

Infinities, NaN and division by an exact zero follow IEEE 754.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np
from flint import arb, ctx
from msgspec import Struct

from trainspec.conformance.basics.float_types import HEADROOM, FloatType

BITS = 320


#: Values that nearly cancel, such as 1 - tanh(1000), take more bits; none takes more than this.
MOST_BITS = 320 * 4**3


ctx.prec = BITS


class UnboundedError(ArithmeticError):
    """The rounding error of a type grows without bound here; a case cannot serve that type."""


class Rounding(Struct, frozen=True):
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


EXACT = Rounding()
_ROUNDING: ContextVar[Rounding] = ContextVar("rounding")


def current_rounding() -> Rounding:
    """How operations round now: not at all unless `rounding_as` says otherwise."""
    return _ROUNDING.get(EXACT)


@contextmanager
def rounding_as(kind: FloatType | None, bits: int = BITS) -> Iterator[None]:
    """Round every operation as `kind` does, or not at all where it is None."""
    token = _ROUNDING.set(Rounding(kind))
    ctx.prec = bits
    try:
        yield
    finally:
        _ROUNDING.reset(token)
        ctx.prec = BITS


class Interval:
    """A real number known to lie in an interval, or an exact infinity or NaN."""

    __slots__ = ("x",)

    def __init__(self, x: arb | float) -> None:
        self.x: Any = x

    # Arithmetic: special values and exact zeros by IEEE 754, the rest by intervals.
    def _binary(self, other: Any, op: Callable[[Any, Any], Any], swap: bool = False) -> Any:
        if isinstance(other, np.ndarray):
            return NotImplemented  # the array applies the operation to its elements
        a, b = self.x, enclose_constant(other).x
        if swap:
            a, b = b, a
        if isinstance(a, float) or isinstance(b, float):
            return _apply_special(a, b, op)
        if op is operator.truediv:
            if b.is_zero():
                return _apply_special(a, b, op)
            if b.contains(0):
                raise UnboundedError("division by an interval that holds 0")
        if op in (operator.add, operator.sub) and (a.is_zero() or b.is_zero()):
            return Interval(op(a, b))  # adding nothing rounds nothing
        result = op(a, b)
        return Interval(current_rounding().round(result))

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

    def __pow__(self, power: int) -> Interval:
        if isinstance(self.x, float):
            return Interval(self.x**power)
        if power == 0:
            return Interval(arb(1))
        if power < 0 and self.x.is_zero():
            return Interval(math.inf)
        # An even power of an interval around 0 does not go below 0.
        base = abs(self.x) if power % 2 == 0 else self.x
        if power % 2 == 0 and base.contains(0):
            base = base.nonnegative_part()
        return Interval(self.x if power == 1 else current_rounding().round(base**power))

    def __neg__(self) -> Interval:
        return Interval(-self.x)

    def __pos__(self) -> Interval:
        return self

    def __abs__(self) -> Interval:
        return Interval(abs(self.x))

    def __repr__(self) -> str:
        return f"Interval({self.x})"

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

    def floor_int(self) -> int:
        """The largest whole number that is not above the value."""
        return self.floor_of_product(1)

    def floor_of_product(self, n: int) -> int:
        """The largest whole number that is not above `n` times the value, the product exact."""
        floor = (self.x * n).floor().unique_fmpz()
        if floor is None:
            raise UnboundedError("an interval that holds a whole number has no floor")
        return int(floor)

    def radius(self, centre: arb) -> float:
        """How far any number of this interval can lie from `centre`, rounded up."""
        if isinstance(self.x, float):
            return 0.0
        radius = float(abs(self.x - centre).abs_upper())
        return math.nextafter(radius, math.inf) if radius else 0.0


def enclose(value: Any) -> Interval:
    """An interval around an exact number: an int, or a float taken at its binary value."""
    if isinstance(value, Interval):
        return value
    if isinstance(value, (int, np.integer)):
        return Interval(arb(int(value)))
    value = float(value)
    return Interval(arb(value) if math.isfinite(value) else value)


def enclose_constant(value: Any) -> Interval:
    """An interval that holds `value` and what it becomes when the current type holds it.

    Constants of a rule are treated alike: an implementation may hold them in any type.
    """
    interval = enclose(value)
    kind = current_rounding().kind
    if isinstance(value, (int, Interval)) or isinstance(interval.x, float) or kind is None:
        return interval
    with np.errstate(all="ignore"):
        if float(kind.dtype.type(value)) == float(value):
            return interval  # the type holds it exactly
    return Interval(current_rounding().round(interval.x))


def _apply_special(a: Any, b: Any, op: Callable[[Any, Any], Any]) -> Interval:
    with np.errstate(all="ignore"):
        return Interval(settle_zero(float(op(np.float64(_stand_in(a)), np.float64(_stand_in(b))))))


def settle_zero(x: float) -> Any:
    """A special result as an interval keeps it: a float, or an exact zero."""
    return arb(0) if x == 0 else x


def _stand_in(x: Any) -> float:
    """A float that stands for `x` where only its sign and kind matter."""
    if isinstance(x, float):
        return x
    if x.is_zero():
        return 0.0
    if x.contains(0):
        raise UnboundedError("the sign of a value next to an infinity is not known")
    return 1.0 if x > 0 else -1.0


def enclose_all(values: Any) -> Any:
    """An object array of intervals around exact numbers."""
    return np.asarray(np.frompyfunc(enclose, 1, 1)(values), dtype=object)
