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


def at_least_zero(**values: float) -> None:
    """Check that every argument is a number in [0, inf).

    Raises ValueError, which names the argument, its value and the domain.
    """
    for name, value in values.items():
        if not 0 <= value < np.inf:
            raise ValueError(f"{name} must be in [0, inf), got {value!r}")


def below_one(**values: float) -> None:
    """Check that every argument is a number in [0, 1).

    Raises ValueError, which names the argument, its value and the domain.
    """
    for name, value in values.items():
        if not 0 <= value < 1:
            raise ValueError(f"{name} must be in [0, 1), got {value!r}")


def above_zero(**values: float) -> None:
    """Check that every argument is a number in (0, inf).

    Raises ValueError, which names the argument, its value and the domain.
    """
    for name, value in values.items():
        if not 0 < value < np.inf:
            raise ValueError(f"{name} must be in (0, inf), got {value!r}")


def at_least_one(**values: float) -> None:
    """Check that every argument is a number in [1, inf).

    Raises ValueError, which names the argument, its value and the domain.
    """
    for name, value in values.items():
        if not 1 <= value < np.inf:
            raise ValueError(f"{name} must be in [1, inf), got {value!r}")


def from_zero_to_one(**values: float) -> None:
    """Check that every argument is a number in [0, 1].

    Raises ValueError, which names the argument, its value and the domain.
    """
    for name, value in values.items():
        if not 0 <= value <= 1:
            raise ValueError(f"{name} must be in [0, 1], got {value!r}")


def finite(**values: float) -> None:
    """Check that every argument is a number in (-inf, inf).

    Raises ValueError, which names the argument, its value and the domain.
    """
    for name, value in values.items():
        if not -np.inf < value < np.inf:
            raise ValueError(f"{name} must be in (-inf, inf), got {value!r}")


def wide(array: Array) -> Array:
    """The array in a type wide enough to compute in: float16 and bfloat16 become float32."""
    return array if array.dtype.itemsize >= 4 else array.astype(np.float32)


def like(array: Array, values: Any) -> Array:
    """`values` as an array of the type of `array`, rounded once."""
    return np.asarray(values, dtype=array.dtype)
