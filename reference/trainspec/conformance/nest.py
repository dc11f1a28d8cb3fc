"""Nests: tensors in lists in dictionaries, as cases hold inputs and outputs.

A tensor is ``{"shape": [...], "data": [...]}`` in a file and an array in a program. The functions
here go over every tensor of a nest in order and know nothing of what it is for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Nest = Any
Place = tuple[Any, ...]


def is_tensor(value: Any) -> bool:
    """Whether `value` is a tensor as a file holds it."""
    return isinstance(value, dict) and value.keys() == {"shape", "data"}


def number(value: Any) -> float:
    """A number as a file holds it: non-finite ones are the strings NaN, Infinity, -Infinity."""
    return float(value)


def spelled(value: float) -> float | str:
    """A number as a file holds it."""
    value = float(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def array(tensor: dict[str, Any], dtype: Any) -> np.ndarray[Any, Any]:
    """The array of a tensor, in a type of its own."""
    values = np.array([number(v) for v in tensor["data"]], dtype=np.float64)
    return values.astype(dtype).reshape(tensor["shape"])


def written(values: np.ndarray[Any, Any]) -> dict[str, Any]:
    """The tensor of an array, as a file holds it."""
    flat = np.asarray(values).astype(np.float64).ravel()
    return {"shape": list(np.shape(values)), "data": [spelled(v) for v in flat.tolist()]}


def mapped(function: Callable[[Any], Any], nest: Nest) -> Nest:
    """The nest with `function` applied to every tensor."""
    if isinstance(nest, list):
        return [mapped(function, item) for item in nest]
    if isinstance(nest, dict) and not is_tensor(nest):
        return {name: mapped(function, item) for name, item in nest.items()}
    return function(nest)


def leaves(nest: Nest, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every tensor of a nest with its place: names and indices from the outside in."""
    if isinstance(nest, list):
        for index, item in enumerate(nest):
            yield from leaves(item, (*place, index))
    elif isinstance(nest, dict) and not is_tensor(nest):
        for name, item in nest.items():
            yield from leaves(item, (*place, name))
    else:
        yield place, nest
