"""The inputs of a case as arrays of one type, watched for changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from trainspec.conformance.basics.float_types import TYPES, FloatArray
from trainspec.conformance.basics.tensors import Nest, is_tensor, parse_number
from trainspec.conformance.cases.case import Case


@dataclass(slots=True)
class Held:
    """One tensor of the inputs: the container that holds it under `key`, and its path."""

    path: str
    container: Any
    key: Any
    array: Any
    shape: tuple[int, ...]
    size: int

    def is_replaced(self) -> bool:
        """Whether the container holds something else now, or the array has another shape."""
        try:
            now = self.container[self.key]
        except LookupError:
            return True
        return now is not self.array or self.array.shape != self.shape


@dataclass(frozen=True)
class Inputs:
    """The inputs of one call: a nest of views into one buffer, so that a change shows at once.

    `sizes` holds every list of the nest, with its length.
    """

    nest: dict[str, Nest]
    held: list[Held]
    sizes: list[tuple[list[Any], int]]
    buffer: Any
    original: Any

    def find_change(self) -> str:
        """The first input that the call has changed, such as ``params[0]``, or nothing."""
        if any(len(container) != size for container, size in self.sizes):
            return "list of tensors"
        same = self.buffer.tobytes() == self.original.tobytes()
        end = 0
        for one in self.held:
            start, end = end, end + one.size
            if one.is_replaced():
                return one.path
            if not same and self.buffer[start:end].tobytes() != self.original[start:end].tobytes():
                return one.path
        return ""


@dataclass(frozen=True)
class _Leaf:
    """Where a tensor of the inputs lies in the buffer, its shape, and its path."""

    part: slice
    shape: tuple[int, ...]
    path: str


@dataclass(frozen=True)
class Plan:
    """The nest of a case's inputs with a `_Leaf` for each tensor, and all their numbers."""

    inputs: Nest
    leaves: Nest
    numbers: FloatArray
    rounded: dict[str, Any]


def make_inputs(case: Case, kind: str) -> Inputs:
    """The inputs of a case in the type `kind`, in a buffer of their own: it may be changed."""
    return fill_plan(_find_plan(case.inputs), kind)


def fill_plan(plan: Plan, kind: str) -> Inputs:
    """The inputs of a plan in the type `kind`, in a buffer of their own."""
    original = _round_numbers(plan, kind)
    copy = original.copy()
    held: list[Held] = []
    sizes: list[tuple[list[Any], int]] = []

    def build(leaves: Nest, container: Any, key: Any) -> None:
        """Put the arrays of `leaves` into `container`."""
        if isinstance(leaves, _Leaf):
            array = container[key] = copy[leaves.part].reshape(leaves.shape)
            held.append(Held(leaves.path, container, key, array, leaves.shape, array.size))
            return
        if leaves is None:
            container[key] = None
            return
        inner: list[Any] = [None] * len(leaves)
        container[key] = inner
        sizes.append((inner, len(leaves)))
        for index, item in enumerate(leaves):
            build(item, inner, index)

    nest: dict[str, Nest] = {}
    for name, item in plan.leaves.items():
        build(item, nest, name)
    return Inputs(nest, held, sizes, copy, original)


#: Plans by the identity of the inputs, which a plan keeps so that it stays unique.
_PLANS: dict[int, Plan] = {}


def _find_plan(inputs: Nest) -> Plan:
    """The plan of a case's inputs, made once."""
    if id(inputs) not in _PLANS:
        _PLANS[id(inputs)] = make_plan(inputs)
    return _PLANS[id(inputs)]


def make_plan(inputs: Nest) -> Plan:
    """The plan of inputs as a file holds them."""
    numbers: list[float] = []

    def lay_out(nest: Nest, path: str) -> Nest:
        if nest is None:
            return None
        if not is_tensor(nest):
            return [lay_out(item, f"{path}[{index}]") for index, item in enumerate(nest)]
        start = len(numbers)
        data = nest["data"]
        numbers.extend(data.tolist() if isinstance(data, np.ndarray) else map(parse_number, data))
        return _Leaf(slice(start, len(numbers)), tuple(nest["shape"]), path)

    leaves = {name: lay_out(item, name) for name, item in inputs.items()}
    return Plan(inputs, leaves, np.array(numbers, np.float64), {})


def _round_numbers(plan: Plan, kind: str) -> Any:
    """All numbers of the inputs in a type, one after the other."""
    if kind not in plan.rounded:
        with np.errstate(all="ignore"):
            plan.rounded[kind] = plan.numbers.astype(TYPES[kind].dtype)
    return plan.rounded[kind]
