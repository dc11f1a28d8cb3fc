"""What the functions of the reference ask of their arguments."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def floating(**arrays: Array) -> None:
    """Check that every argument is an array (or NumPy scalar) of a floating-point type.

    Raises TypeError, which names the argument and its type.
    """
    for name, value in arrays.items():
        dtype = getattr(value, "dtype", None)
        if dtype is None or not (dtype.kind == "f" or dtype.name == "bfloat16"):
            got = f"{type(value).__name__}" if dtype is None else f"an array of {dtype}"
            raise TypeError(f"{name} must be an array of a floating-point type, got {got}")


def same_shape(**arrays: Array) -> None:
    """Check that all arguments have one shape and one type.

    Raises ValueError, which names the arguments and what they have.
    """
    (first, one), *others = arrays.items()
    for name, other in others:
        if other.shape != one.shape or other.dtype != one.dtype:
            raise ValueError(
                f"{name} must have the shape and type of {first}, {one.shape} {one.dtype}; "
                f"it has {other.shape} {other.dtype}"
            )


def _inside(name: str, value: float, domain: str, inside: bool) -> None:
    """Raise ValueError, which names the argument, its value and the domain, if it is outside."""
    if not inside:
        raise ValueError(f"{name} must be in {domain}, got {value!r}")


def at_least_zero(**values: float) -> None:
    """Check that every argument is in [0, inf), or raise ValueError."""
    for name, value in values.items():
        _inside(name, value, "[0, inf)", 0 <= value < np.inf)


def below_one(**values: float) -> None:
    """Check that every argument is in [0, 1), or raise ValueError."""
    for name, value in values.items():
        _inside(name, value, "[0, 1)", 0 <= value < 1)


def above_zero(**values: float) -> None:
    """Check that every argument is in (0, inf), or raise ValueError."""
    for name, value in values.items():
        _inside(name, value, "(0, inf)", 0 < value < np.inf)


def at_least_one(**values: float) -> None:
    """Check that every argument is in [1, inf), or raise ValueError."""
    for name, value in values.items():
        _inside(name, value, "[1, inf)", 1 <= value < np.inf)


def from_zero_to_one(**values: float) -> None:
    """Check that every argument is in [0, 1], or raise ValueError."""
    for name, value in values.items():
        _inside(name, value, "[0, 1]", 0 <= value <= 1)


def finite(**values: float) -> None:
    """Check that every argument is in (-inf, inf); ValueError as of `_inside`."""
    for name, value in values.items():
        _inside(name, value, "(-inf, inf)", -np.inf < value < np.inf)


def wide(array: Array) -> Array:
    """The array in a type wide enough to compute in: float16 and bfloat16 become float32."""
    return array if array.dtype.itemsize >= 4 else array.astype(np.float32)


def like(array: Array, values: Any) -> Array:
    """`values` as an array of the type of `array`, rounded once."""
    return np.asarray(values, dtype=array.dtype)
