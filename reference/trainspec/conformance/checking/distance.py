"""How far numbers are apart, in ulps and in tolerances, and where they first differ."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from trainspec.conformance.basics.float_types import TYPES, FloatArray
from trainspec.conformance.basics.names import Place
from trainspec.conformance.basics.tensors import is_list_of_shapes, list_shapes
from trainspec.conformance.cases.case import Case


def ulp_of(value: float, kind: str) -> float:
    """The distance of neighbouring numbers of a type at `value`."""
    if not math.isfinite(value):
        return 1.0
    number = TYPES[kind]
    size = max(abs(value), number.smallest_normal)
    return float(2.0 ** (math.frexp(size)[1] - number.precision))


def locate(case: Case, index: int) -> Place:
    """The place of the number with the flat index `index`.

    Raises IndexError where the case has fewer numbers.
    """
    steps: Any = case.keep or (range(1, case.steps + 1) if case.steps else (None,))
    for name, shape in case.outputs.items():
        nested = is_list_of_shapes(shape)
        for step in steps:
            for k, own in enumerate(list_shapes(shape)):
                size = math.prod(own)
                if index < size:
                    element = tuple(int(i) for i in np.unravel_index(index, own)) if own else ()
                    # Layers are named with their output, tensors of parameters are not.
                    inner = f"{name}[{k}]" if step is None else k
                    return Place(step, inner if nested else name, element)
                index -= size
    raise IndexError(f"{case.id} has no number {index}")


def find_first_difference(
    got: FloatArray,
    values: FloatArray,
    expected: FloatArray,
    tolerance: FloatArray,
    kind: str,
    near: float,
) -> tuple[int, float] | None:
    """The first number of `got` that is further than `near` tolerances from `values`, and how far.

    None where there is none.
    """
    for index in range(len(got)):
        here = slice(index, index + 1)
        distance = measure_distance(got[here], values[here], expected[here], tolerance[here], kind)
        if not distance <= near:
            return index, distance
    return None


def measure_distance(
    got: FloatArray, values: FloatArray, expected: FloatArray, tolerance: FloatArray, kind: str
) -> float:
    """The largest distance of `got` from `values` in tolerances, scaled with the values."""
    if values.shape != expected.shape or got.shape != expected.shape:
        return math.inf
    error = measure_each(got, values, expected, tolerance, kind)
    return float(np.max(error, initial=0.0))


def measure_each(
    got: FloatArray, values: FloatArray, expected: FloatArray, tolerance: FloatArray, kind: str
) -> FloatArray:
    """The distance of every number of `got` from `values` in tolerances; all of one shape."""
    with np.errstate(all="ignore"):
        # A form whose values are larger than the rule's may err by so much more.
        larger = np.maximum(1.0, np.abs(values) / np.where(expected == 0, 1.0, np.abs(expected)))
        floor = 4 * TYPES[kind].roundoff * np.abs(values) + TYPES[kind].smallest_normal
        allowed = np.maximum(tolerance, floor) * np.where(np.isfinite(larger), larger, 1.0)
        error = np.abs(got - values) / allowed
        same = (got == values) | (np.isnan(got) & np.isnan(values)) | np.isinf(tolerance)
        return np.where(same, 0.0, np.where(np.isnan(error), np.inf, error))
