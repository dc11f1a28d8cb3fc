"""The number types that a case can be checked in, and their IEEE parameters."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt
from msgspec import Struct

#: How many times larger than the rule's own values another order of operations may meet.
HEADROOM = 16

FloatArray = npt.NDArray[np.floating[Any]]


class FloatType(Struct, frozen=True):
    """One binary floating-point type: `precision` counts the significand's bits, hidden one too."""

    name: str
    dtype: np.dtype[Any]
    precision: int
    min_exponent: int
    max_exponent: int

    @property
    def roundoff(self) -> float:
        """Half the distance from 1 to the next number: a rounding's largest relative error."""
        return 2.0**-self.precision

    @property
    def smallest_normal(self) -> float:
        """Below this magnitude numbers lose digits."""
        return 2.0**self.min_exponent

    @property
    def largest(self) -> float:
        """The largest finite number."""
        return (2.0 - 2.0 ** (1 - self.precision)) * 2.0**self.max_exponent


TYPES: dict[str, FloatType] = {
    kind.name: kind
    for kind in (
        FloatType("float64", np.dtype(np.float64), 53, -1022, 1023),
        FloatType("float32", np.dtype(np.float32), 24, -126, 127),
        FloatType("float16", np.dtype(np.float16), 11, -14, 15),
        FloatType("bfloat16", np.dtype(ml_dtypes.bfloat16), 8, -126, 127),
    )
}
