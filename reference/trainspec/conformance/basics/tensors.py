"""Nests: tensors in lists in dictionaries, as cases hold inputs and outputs.

A tensor is ``{"shape": [...], "data": [...]}`` in a file and an array in a program. The functions
here visit every tensor of a nest in order and do not know what it is for. Numbers that JSON lacks
are spelled here and nowhere else.
"""

from __future__ import annotations

import decimal
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

Nest = Any
#: Names and indices from the outside of a nest to one of its tensors.
Path = tuple[Any, ...]
#: No case has a tensor of more numbers: of a larger one the shape alone says what is wrong.
MOST_NUMBERS = 1 << 20
#: How JSON spells the numbers that it lacks.
NON_FINITE = ("NaN", "Infinity", "-Infinity")


def is_tensor(value: Any) -> bool:
    """Whether `value` is a tensor as a file holds it."""
    return isinstance(value, dict) and len(value) == 2 and "shape" in value and "data" in value


def parse_number(value: Any) -> float:
    """Read a number from a file: a number, or one of the three words for those that JSON lacks."""
    return float(value)


def spell_number(value: float) -> float | str:
    """Write a number for a file."""
    value = float(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def round_to_two_digits(value: float, up: bool) -> Any:
    """`value` to two significant digits, rounded up or down; a string where it is infinite."""
    if not math.isfinite(value) or value == 0:
        return spell_number(value) if value else 0
    toward = decimal.ROUND_CEILING if up else decimal.ROUND_FLOOR
    return float(decimal.Context(prec=2, rounding=toward).create_decimal_from_float(value))


def to_floats(value: Any) -> Any:
    """A hyperparameter, or a list of them, as floats; a word, such as ``adam``, stays a word."""
    if isinstance(value, list):
        return [to_floats(item) for item in value]
    if isinstance(value, str) and value not in NON_FINITE:
        return value
    return parse_number(value)


def to_array(tensor: dict[str, Any], dtype: Any) -> np.ndarray[Any, Any]:
    """The array of a tensor, in a type of its own."""
    values = np.array(tensor["data"], dtype=np.float64)  # which reads "NaN" and "Infinity" as well
    return values.astype(dtype).reshape(tensor["shape"])


def to_tensor(values: np.ndarray[Any, Any]) -> dict[str, Any]:
    """The tensor of an array, as a file holds it."""
    flat = np.asarray(values).astype(np.float64).ravel()
    return {"shape": list(np.shape(values)), "data": [spell_number(v) for v in flat.tolist()]}


def is_list_of_shapes(shape: Any) -> bool:
    """Whether an output is a list of tensors: its shape is then a list of shapes."""
    return bool(shape) and isinstance(shape[0], list)


def list_shapes(shape: Any) -> list[Any]:
    """The shape of every tensor of an output, which is one tensor or a list of them."""
    return list(shape) if is_list_of_shapes(shape) else [shape]


def split_outputs(shapes: Mapping[str, Any], times: int, parts: int = 1) -> Iterator[slice]:
    """Where each output lies among all numbers, which have its shape `times` over.

    With `parts`, where each of so many equal parts of it does.
    """
    start = 0
    for shape in shapes.values():
        size = times * sum(map(math.prod, list_shapes(shape))) // parts
        for _ in range(parts):
            yield slice(start, start + size)
            start += size


def map_tensors(function: Callable[[Any], Any], nest: Nest) -> Nest:
    """The nest with `function` applied to every tensor; a tensor that is missing stays None."""
    if nest is None:
        return None
    if isinstance(nest, list):
        return [map_tensors(function, item) for item in nest]
    if isinstance(nest, dict) and not is_tensor(nest):
        return {name: map_tensors(function, item) for name, item in nest.items()}
    return function(nest)


def iterate_tensors(nest: Nest, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every tensor of a nest with its path: names and indices from the outside in."""
    if nest is None:
        return
    if isinstance(nest, list):
        for index, item in enumerate(nest):
            yield from iterate_tensors(item, (*path, index))
    elif isinstance(nest, dict) and not is_tensor(nest):
        for name, item in nest.items():
            yield from iterate_tensors(item, (*path, name))
    else:
        yield path, nest
