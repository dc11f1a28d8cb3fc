"""Functions of whole tensors that a slip puts around a part of a rule.

A mean over the tensor, a norm of a row, another memory order; and the narrower types in which
hardware multiplies matrices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from trainspec.conformance.basics.float_types import TYPES, FloatArray


def _over(axes: Callable[[FloatArray], Any], reduce: Callable[..., Any]) -> Callable[[Any], Any]:
    """A function of an array that reduces it along some axes and keeps its shape."""

    def apply(values: Any) -> Any:
        array = np.asarray(values, dtype=np.float64)
        if not array.ndim or not array.size:
            return array
        return np.broadcast_to(reduce(array, axis=axes(array), keepdims=True), array.shape)

    return apply


def _every(array: FloatArray) -> Any:
    return tuple(range(array.ndim))


def _last(array: FloatArray) -> Any:
    return -1


def _but_first(array: FloatArray) -> Any:
    return tuple(range(1, array.ndim)) if array.ndim > 1 else _every(array)


def _root_mean_square(array: FloatArray, **over: Any) -> Any:
    return np.sqrt(np.mean(array * array, **over))


def _norm(array: FloatArray, **over: Any) -> Any:
    return np.sqrt(np.sum(array * array, **over))


def _largest(array: FloatArray, **over: Any) -> Any:
    return np.max(np.abs(array), **over)


def _centre(values: Any) -> Any:
    """Without the mean over all axes but the first, in tensors of two axes or more."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim < 2 or not array.size:
        return array
    return array - array.mean(axis=_but_first(array), keepdims=True)


def _centre_all(values: Any) -> Any:
    array = np.asarray(values, dtype=np.float64)
    return array - array.mean() if array.size else array


def _permute(values: Any) -> Any:
    """Row after row where it was column after column."""
    array = np.asarray(values, dtype=np.float64)
    return np.reshape(array.ravel(), array.shape, order="F")


def _factor(values: Any) -> Any:
    """The product of the means of rows and columns, divided by the mean, as in Adafactor."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim < 2 or not array.size:
        return array
    rows, columns = array.mean(-1, keepdims=True), array.mean(-2, keepdims=True)
    return rows * columns / rows.mean(-2, keepdims=True)


#: What may stand for a part of a line, by the name that the changed rule calls it.
STATISTICS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "mean_of": ("the mean of {0} over its tensor in place of {0}", _over(_every, np.mean)),
    "sum_of": ("the sum of {0} over its tensor in place of {0}", _over(_every, np.sum)),
    "norm_of": ("the norm of {0} over its tensor in place of {0}", _over(_every, _norm)),
    "rms_of": (
        "the root mean square of {0} over its tensor in place of {0}",
        _over(_every, _root_mean_square),
    ),
    "largest_of": (
        "the largest absolute value of {0} in its tensor in place of {0}",
        _over(_every, _largest),
    ),
    "row_mean_of": ("the mean of {0} over its last axis in place of {0}", _over(_last, np.mean)),
    "unit_mean_of": (
        "the mean of {0} over all axes but the first in place of {0}",
        _over(_but_first, np.mean),
    ),
    "unit_norm_of": (
        "the norm of {0} over all axes but the first in place of {0}",
        _over(_but_first, _norm),
    ),
    "factored": (
        "{0} from the means of its rows and columns (tensors of two axes or more)",
        _factor,
    ),
    "centred_units": (
        "{0} without its mean over all axes but the first (tensors of two axes or more)",
        _centre,
    ),
    "centred": ("{0} without its mean over its tensor", _centre_all),
    "permuted": ("{0} in another memory order (rows for columns)", _permute),
}


def _cut_to_tf32(values: Any) -> Any:
    """Float32 without the last 13 bits of the significand."""
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32) & np.uint32(0xFFFFE000)
    return bits.view(np.float32).astype(np.float64)


def _round_to_tf32(values: Any) -> Any:
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    return _cut_to_tf32((bits + np.uint32(0x1000)).view(np.float32))


def round_to(kind: str, values: Any) -> Any:
    """Numbers after they have been held in a type."""
    with np.errstate(all="ignore"):
        return np.asarray(values).astype(TYPES[kind].dtype).astype(np.float64)


#: Types that hardware multiplies matrices in: the bits of a significand, and how to round to them.
NARROW: Mapping[str, tuple[int, Callable[[Any], Any]]] = {
    "float32": (24, partial(round_to, "float32")),
    "TF32": (11, _round_to_tf32),
    "TF32, cut and not rounded": (11, _cut_to_tf32),
    "float16": (11, partial(round_to, "float16")),
    "bfloat16": (8, partial(round_to, "bfloat16")),
}


def _spectral(values: Any) -> Any:
    """The square of the largest singular value of a matrix, of the norm of a vector."""
    array = np.asarray(values, dtype=np.float64)
    return np.linalg.norm(array.ravel() if array.ndim != 2 else array, 2) ** 2


#: What may be taken for the sum of the squares, by the name that the changed rule calls it.
NORMS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "spectral": ("the square of the spectral norm of {0} in place of the sum", _spectral),
    "absolute": ("the sum of the absolute values of {0} in place of its squares",
                 lambda values: np.sum(np.abs(values))),
    "absolute_squared": ("the square of the sum of the absolute values of {0} in place of the sum",
                         lambda values: np.sum(np.abs(values)) ** 2),
    "largest_square": ("the largest square of {0} in place of the sum",
                       lambda values: np.max(np.square(values), initial=0.0)),
    "square_of_sum": ("the square of the sum of {0} in place of the sum of its squares",
                      lambda values: np.sum(values) ** 2),
}  # fmt: skip


def _columns_unmoved(x: Any) -> Any:
    return np.reshape(x, (-1, np.shape(x)[1]))


def _columns_last(x: Any) -> Any:
    return np.reshape(x, (-1, np.shape(x)[-1]))


def _reshape_back(y: Any, x: Any) -> Any:
    return np.reshape(y, np.shape(x))


#: What may be taken for the columns of channels, by words, with the way back.
COLUMNS: Mapping[str, Mapping[str, Callable[..., Any]]] = {
    "the input is reshaped to a column for each channel, and the axis of channels is not moved to "
    "the end first": {"columns": _columns_unmoved, "reshape_like": _reshape_back},
    "the channels are the last axis": {"columns": _columns_last, "reshape_like": _reshape_back},
}
