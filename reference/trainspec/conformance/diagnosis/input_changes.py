"""What one input of a function may be taken for: a table of changes, in words.

A row that is lost, an order that is reversed, a mean that is subtracted, ranks in place of values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from trainspec.conformance.basics.float_types import FloatArray


def _set_zero(place: Any) -> Callable[[FloatArray], FloatArray | None]:
    def change(array: FloatArray) -> FloatArray | None:
        if array.ndim < (2 if isinstance(place, tuple) else 1):
            return None
        changed = array.copy()
        changed[place] = 0
        return changed

    return change


def _as_permutation(change: Callable[[Any], Any]) -> Callable[[FloatArray], FloatArray | None]:
    """A change of an input that holds every index once."""

    def apply(array: FloatArray) -> FloatArray | None:
        if array.ndim != 1 or not np.array_equal(np.sort(array), np.arange(len(array))):
            return None
        return np.asarray(change(array.astype(int)), dtype=np.float64)

    return apply


def _roll(steps: int, axis: int | None = None) -> Callable[[FloatArray], FloatArray | None]:
    return lambda array: np.roll(array, steps, axis) if array.ndim else None


def _roll_columns(steps: int) -> Callable[[FloatArray], FloatArray | None]:
    return lambda array: np.roll(array, steps, 1) if array.ndim > 1 else None


def _repeat(place: tuple[slice, ...]) -> Callable[[FloatArray], FloatArray | None]:
    """A part of an array in place of all parts like it."""

    def change(array: FloatArray) -> FloatArray | None:
        if array.ndim < max(2, len(place)):
            return None
        return np.array(np.broadcast_to(array[place], array.shape))

    return change


def _reverse_bytes(array: FloatArray) -> FloatArray:
    """Elements in reverse, eight at a time; the last few are filled up with 0."""
    filled = np.zeros(-(-array.size // 8) * 8)
    filled[: array.size] = array.ravel()
    return np.reshape(filled.reshape(-1, 8)[:, ::-1].ravel()[: array.size], array.shape)


def _rank(array: FloatArray) -> FloatArray:
    """The place of each element in the order of all, from 1."""
    order = np.argsort(array, axis=None, kind="stable")
    return np.reshape(np.argsort(order) + 1.0, array.shape)


#: What one input may be taken for, in words: the changed input, or None where it cannot be.
CHANGES: Mapping[str, Callable[[FloatArray], FloatArray | None]] = {
    "{0} with its first row as 0": _set_zero(0),
    "{0} with its last row as 0": _set_zero(-1),
    "{0} with its first column as 0": _set_zero((slice(None), 0)),
    "{0} with its last column as 0": _set_zero((slice(None), -1)),
    "{0} one element further on": _roll(-1),
    "{0} one element further back": _roll(1),
    "{0} one row further on": _roll(-1, 0),
    "{0} one row further back": _roll(1, 0),
    "{0} one column further on": _roll_columns(-1),
    "{0} one column further back": _roll_columns(1),
    "the first row of {0} in place of every row": _repeat((slice(0, 1),)),
    "the last row of {0} in place of every row": _repeat((slice(-1, None),)),
    "the first column of {0} in place of every column": _repeat((slice(None), slice(0, 1))),
    "{0} with every eight elements in reverse, as bits that are packed one way and unpacked the "
    "other": _reverse_bytes,
    "{0} with its rows in reverse": lambda a: a[::-1] if a.ndim else None,
    "{0} with its columns in reverse": lambda a: a[:, ::-1] if a.ndim > 1 else None,
    "{0} transposed": lambda a: a.T if a.ndim == 2 and a.shape[0] == a.shape[1] else None,
    "{0} in another memory order (rows for columns)": lambda a: (
        np.reshape(a.ravel(), a.shape, order="F") if a.ndim > 1 else None
    ),
    "{0} without its sign": np.abs,
    "0 in place of {0}": np.zeros_like,
    "1 in place of {0}": np.ones_like,
    "{0} clipped to ±1": lambda a: np.clip(a, -1, 1),
    "{0} rounded to whole numbers": np.round,
    "{0} rounded to one decimal": lambda a: np.round(a, 1),
    "{0} rounded to two decimals": lambda a: np.round(a, 2),
    "{0} rounded to three decimals": lambda a: np.round(a, 3),
    "{0} less its mean": lambda a: a - np.mean(a),
    "{0} less its mean over the first axis": lambda a: a - np.mean(a, 0) if a.ndim else None,
    "{0} less its mean and over its deviation": lambda a: (
        (a - np.mean(a)) / np.std(a) if np.std(a) else None
    ),
    "{0} over its deviation": lambda a: a / np.std(a) if np.std(a) else None,
    "{0} over its norm": lambda a: a / np.sqrt(np.sum(a * a)) if np.any(a) else None,
    "{0} inverted as a permutation": _as_permutation(np.argsort),
    "{0} applied twice, as a permutation": _as_permutation(lambda p: p[p]),
    "{0} in the order that they have as text": lambda a: (
        np.argsort(np.argsort([str(value) for value in a.tolist()])).astype(np.float64)
        if a.ndim == 1
        else None
    ),
    "the rank of {0}, from 1, over its size": lambda a: _rank(a) / a.size,
    "the rank of {0}, from a half, over its size": lambda a: (_rank(a) - 0.5) / a.size,
    "the order of {0} in place of its ranks": lambda a: (
        np.argsort(a, kind="stable") + 0.0 if a.ndim == 1 else None
    ),
    "the order of {0}, the largest first, in place of its ranks": lambda a: (
        -np.argsort(-a, kind="stable") + 0.0 if a.ndim == 1 else None
    ),
    "{0} sorted": lambda a: np.sort(a) if a.ndim == 1 else None,
    "{0} sorted from the largest": lambda a: np.sort(a)[::-1] if a.ndim == 1 else None,
}
