"""Where the wrong numbers are: `numbers with their features -> words`.

Each of `WHERE` tells numbers apart. What is said holds in every case: exactly the wrong numbers
are there, or all of them are and few others.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from msgspec import Struct

from trainspec.conformance.basics.float_types import FloatArray
from trainspec.conformance.diagnosis.places import Places


class Where(Struct, frozen=True):
    """A way to tell numbers apart: `holds` of the features, and the words for where it does."""

    words: str
    holds: Callable[[Mapping[str, FloatArray]], Any]
    #: What is said of an update rule if exactly the wrong numbers are there, and if most are: the
    #: steps after the first wrong one are not looked at.
    exactly: str = ""
    mostly: str = ""


def _equals(name: str, value: float) -> Callable[[Mapping[str, FloatArray]], Any]:
    return lambda f: f[name] == value


def _over(name: str, value: float) -> Callable[[Mapping[str, FloatArray]], Any]:
    return lambda f: f[name] > value


def _under(name: str, value: float) -> Callable[[Mapping[str, FloatArray]], Any]:
    return lambda f: f[name] < value


def _after_blocks(length: int) -> Callable[[Mapping[str, FloatArray]], Any]:
    """The elements that are left over where a loop takes so many at a time."""

    def hold(f: Mapping[str, FloatArray]) -> Any:
        size = f["position"] + f["position from the end"] + 1
        return f["position"] >= size - size % length

    return hold


#: The plain ones first: of several that fit, the first is said.
WHERE = (
    Where("in every tensor but the first", _over("tensor", 0)),
    Where("in the first tensor", _equals("tensor", 0)),
    Where("in the first of several tensors", lambda f: (f["tensor"] == 0) & (f["tensors"] > 1)),
    Where("in the last of several tensors",
          lambda f: (f["tensor"] == f["tensors"] - 1) & (f["tensors"] > 1)),
    Where("where there are several tensors", _over("tensors", 1)),
    Where("at the first step", _equals("step", 1),
          "{} from the first step on in some elements, right in others",
          "{} from the first step on in some elements, right in others"),
    Where("at every step but the first", _over("step", 1),
          "right at the first step, {} later", "right at the first step, mostly {} later"),
    Where("at the second step", _equals("step", 2),
          "right at the first step, {} at the second",
          "right at the first step, mostly {} from the second on"),
    Where("where the learning rate is not the first step's",
          lambda f: f["rate"] != f["first rate"]),
    Where("where the learning rate has just changed",
          lambda f: (f["rate"] != f["rate before"]) & np.isfinite(f["rate before"])),
    Where("in 0-d tensors", _equals("dimensions", 0)),
    Where("in vectors", _equals("dimensions", 1)),
    Where("in matrices", _over("dimensions", 1)),
    Where("in tensors of more than one element", _over("size", 1)),
    Where("in tensors whose whole gradient is zero", _equals("largest gradient of the tensor", 0)),
    Where("where the gradient is zero", _equals("gradient", 0)),
    Where("where the gradient is not zero", lambda f: f["gradient"] != 0),
    Where("where the gradient before was zero", _equals("gradient before", 0)),
    Where("where the gradient is zero and was not always",
          lambda f: (f["gradient"] == 0) & (f["gradient ever before"] > 0)),
    Where("where the gradient is negative", _under("gradient", 0)),
    Where("where the gradient is positive", _over("gradient", 0)),
    Where("where the gradient is over 1 in size", lambda f: np.abs(f["gradient"]) > 1),
    Where("where the gradient is under a thousandth in size",
          lambda f: np.abs(f["gradient"]) < 1e-3),
    Where("where the gradient has changed its sign",
          lambda f: f["gradient"] * f["gradient before"] < 0),
    Where("where the parameter is negative", _under("parameter", 0)),
    Where("where the parameter is not zero", lambda f: f["parameter"] != 0),
    Where("where the parameter is over 1 in size", lambda f: np.abs(f["parameter"]) > 1),
    Where("where the parameter and its gradient have one sign",
          lambda f: f["parameter"] * f["gradient"] > 0),
    Where("in batches of one row", _equals("rows of the input", 1)),
    Where("in batches of more than one row", _over("rows of the input", 1)),
    Where("in batches of more than two rows", _over("rows of the input", 2)),
    Where("in inputs of one value", _equals("values of the input", 1)),
    Where("in inputs of more than one value", _over("values of the input", 1)),
    Where("in inputs of more than two values", _over("values of the input", 2)),
    Where("where the input has more than two dimensions", _over("dimensions of the input", 2)),
    Where("where the input has one dimension", _equals("dimensions of the input", 1)),
    Where("in the first layer", _equals("layer", 0)),
    Where("in every layer but the first", _over("layer", 0)),
    Where("in the last layer", lambda f: f["layer"] == f["layers"] - 1),
    Where("in every layer but the last", lambda f: f["layer"] < f["layers"] - 1),
    Where("in tensors of fewer than two dimensions", _under("dimensions", 2)),
    Where("in every element but the last",  _over("position from the end", 0)),
    Where("in whole blocks of four elements", lambda f: ~_after_blocks(4)(f)),
    Where("in the first row", _equals("row", 0)),
    Where("in every row but the first", _over("row", 0)),
    Where("in the first column", _equals("column", 0)),
    Where("in every column but the first", _over("column", 0)),
    Where("in the first element", _equals("position", 0)),
    Where("in every element but the first", _over("position", 0)),
    Where("in the last row", lambda f: (f["row from the end"] == 0) & (f["row"] > 0)),
    Where("in the last column", lambda f: (f["column from the end"] == 0) & (f["column"] > 0)),
    Where("where the row is not the column", lambda f: f["row"] != f["column"]),
    Where("in the last element of every tensor", _equals("position from the end", 0)),
    Where("in the last element of a tensor",
          lambda f: (f["position from the end"] == 0) & (f["position"] > 0)),
    Where("in the elements after the last whole block of four", _after_blocks(4)),
    Where("in the elements after the last whole block of eight", _after_blocks(8)),
    Where("in the elements after the last whole pair", _after_blocks(2)),
)  # fmt: skip


def find_where(places: Places, thing: str = "wrong") -> str:
    """What the wrong numbers share and the right ones do not, in words; empty if nothing.

    `thing` is what they are called.
    """
    limit = _find_limit(places)
    # A number that should not move and does not says nothing.
    places = places.at(~places.good | (places.right != places.start))
    wrong = ~places.good
    if wrong.all() or not wrong.any():
        return f"all numbers that should move are {thing}" if wrong.any() else ""
    stops = "gradient" in places.features  # an update rule's, which stop at the first wrong step
    masks = {where: mask for where in WHERE if (mask := _mark(where, places)) is not None}
    for where, mask in masks.items():
        if (mask == wrong).all():
            exactly = where.exactly if stops else ""
            return exactly.format(thing) or f"{thing} {where.words}, and nowhere else"
    late = _find_late(places, wrong)
    if late:
        return late.format(thing)
    if limit:
        return f"{thing} exactly where {limit}"
    for (one, a), (other, b) in itertools.combinations(masks.items(), 2):
        if ((a & b) == wrong).all():
            return f"{thing} {one.words} and {other.words}, and nowhere else"
    for where, mask in masks.items():
        if mask[wrong].all() and wrong[mask].mean() > 0.5 and not mask.all():
            mostly = where.mostly if stops else ""
            return mostly.format(thing) or f"{thing} only {where.words}"
    return ""


def _find_late(places: Places, wrong: Any) -> str:
    """The step from which on numbers are wrong, where it is a late one."""
    step = places.features.get("step")
    if step is None or not (first := step[wrong].min()) > 2 or not (step[~wrong] < first).any():
        return ""
    last = step[~wrong & (step < first)].max()
    if not wrong[step >= first].mean() > 0.5:
        return ""
    return f"right up to step {last:.0f}, {{}} from step {first:.0f} on"


def _find_limit(places: Places) -> str:
    """An input, or its size, that is over a limit exactly where numbers are wrong."""
    wrong = ~places.good
    if not wrong.any() or wrong.all():
        return ""
    for name, values in places.features.items():
        if not name.startswith("input ") or not np.isfinite(values).all():
            continue
        called = name.removeprefix("input ")
        for words, x in ((called, values), (f"the size of {called}", np.abs(values))):
            right = x[~wrong]
            if x[wrong].min() > right.max():
                return f"{words} is over {right.max():.6g}"
            if x[wrong].max() < right.min():
                return f"{words} is under {right.min():.6g}"
    return ""


def _mark(where: Where, places: Places) -> Any:
    """Whether each number is there; None where the numbers lack the features that are asked for."""
    try:
        with np.errstate(all="ignore"):
            return np.asarray(where.holds(places.features), dtype=bool)
    except KeyError:
        return None
