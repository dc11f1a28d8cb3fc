"""The inputs of a case as arrays of one type, watched for changes."""

from __future__ import annotations

from collections.abc import Sequence
from operator import is_
from typing import Any

import numpy as np
from msgspec import Struct

from trainspec.conformance.basics.float_types import TYPES, FloatArray
from trainspec.conformance.basics.tensors import Nest, is_tensor
from trainspec.conformance.cases.case import Case


class Leaf(Struct, frozen=True):
    """Where a tensor of the inputs lies in the buffer, its shape, and its path."""

    part: slice
    shape: tuple[int, ...]
    path: str


class Inputs(Struct, frozen=True):
    """The inputs of one call: a nest of views into one buffer, so that a change shows at once.

    `arrays` are the views in order, `lists` every list of the nest beside a copy of it.
    """

    nest: dict[str, Nest]
    leaves: Sequence[Leaf]
    arrays: Sequence[Any]
    lists: Sequence[tuple[list[Any], list[Any]]]
    buffer: Any
    original: Any

    def find_change(self) -> str:
        """The first input that the call has changed, such as ``params[0]``, or nothing."""
        if any(len(now) != len(before) for now, before in self.lists):
            return "list of tensors"
        replaced = [
            id(before)
            for pair in self.lists
            if not all(map(is_, *pair))
            for now, before in zip(*pair)
            if now is not before
        ]
        same = self.buffer.tobytes() == self.original.tobytes()
        for leaf, array in zip(self.leaves, self.arrays):
            if array.shape != leaf.shape or id(array) in replaced:
                return leaf.path
            part = leaf.part
            if not same and self.buffer[part].tobytes() != self.original[part].tobytes():
                return leaf.path
        return "list of tensors" if replaced else ""


class Plan(Struct, frozen=True):
    """The nest of a case's inputs with a number for each tensor, and what each number stands for.

    A list of nothing but tensors is a range of numbers.
    """

    inputs: Nest
    nest: Nest
    leaves: Sequence[Leaf]
    numbers: FloatArray
    rounded: dict[str, Any]


def make_inputs(case: Case, kind: str) -> Inputs:
    """The inputs of a case in the type `kind`, in a buffer of their own: it may be changed."""
    return fill_plan(_find_plan(case.inputs), kind)


def fill_plan(plan: Plan, kind: str) -> Inputs:
    """The inputs of a plan in the type `kind`, in a buffer of their own."""
    original = _round_numbers(plan, kind)
    buffer = original.copy()
    arrays = [buffer[leaf.part].reshape(leaf.shape) for leaf in plan.leaves]
    lists: list[tuple[list[Any], list[Any]]] = []

    def build(nest: Nest) -> Nest:
        """The same nest of arrays."""
        if nest is None:
            return None
        if isinstance(nest, int):
            return arrays[nest]
        if isinstance(nest, range):
            built = arrays[nest.start : nest.stop]
        else:
            built = [build(item) for item in nest]
        lists.append((built, built.copy()))
        return built

    nest = {name: build(item) for name, item in plan.nest.items()}
    return Inputs(nest, plan.leaves, arrays, lists, buffer, original)


#: Plans by the identity of the inputs, which a plan keeps so that it stays unique.
_PLANS: dict[int, Plan] = {}


def _find_plan(inputs: Nest) -> Plan:
    """The plan of a case's inputs, made once."""
    if id(inputs) not in _PLANS:
        _PLANS[id(inputs)] = make_plan(inputs)
    return _PLANS[id(inputs)]


def make_plan(inputs: Nest) -> Plan:
    """The plan of inputs as a file holds them."""
    numbers: list[float | str] = []
    leaves: list[Leaf] = []

    def lay_out(nest: Nest, path: str) -> Nest:
        if nest is None:
            return None
        if not is_tensor(nest):
            inner = [lay_out(item, f"{path}[{index}]") for index, item in enumerate(nest)]
            if inner and all(isinstance(item, int) for item in inner):
                return range(inner[0], len(leaves))
            return inner
        start = len(numbers)
        data = nest["data"]
        numbers.extend(data.tolist() if isinstance(data, np.ndarray) else data)
        leaves.append(Leaf(slice(start, len(numbers)), tuple(nest["shape"]), path))
        return len(leaves) - 1

    laid_out = {name: lay_out(item, name) for name, item in inputs.items()}
    return Plan(inputs, laid_out, leaves, np.array(numbers, np.float64), {})


def _round_numbers(plan: Plan, kind: str) -> Any:
    """All numbers of the inputs in a type, one after the other."""
    if kind not in plan.rounded:
        with np.errstate(all="ignore"):
            plan.rounded[kind] = plan.numbers.astype(TYPES[kind].dtype)
    return plan.rounded[kind]
