"""Making the inputs of a case from what its page says: the patterns of spec/numerics.md.

Numbers come from a SHA-256 of the case and the place, so that any language can make the same
ones. Unless a pattern says otherwise they have eight significant bits, so that they are exact in
all four types.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Tensor = dict[str, Any]


Shape = Sequence[int]


def _hash(*place: object) -> int:
    digest = hashlib.sha256("/".join(map(str, place)).encode()).digest()
    return int.from_bytes(digest[:8], "big")


def _make_value(h: int, low: int, high: int) -> float:
    """A number of eight significant bits with a binary exponent from `low` to `high`."""
    sign = -1.0 if h & 1 else 1.0
    significand = 128 + (h >> 1) % 128
    exponent = low + (h >> 8) % (high - low + 1)
    return sign * math.ldexp(significand, exponent - 7)


def _make_digits(h: int, bits: int) -> float:
    """A number in [1/2, 1) of `bits` significant bits, the last of them set."""
    sign = -1.0 if h & 1 else 1.0
    return sign * math.ldexp((1 << (bits - 1)) | (h >> 8) % (1 << (bits - 1)) | 1, -bits)


def _ramp_exponent(t: int, steps: int, first: int, last: int) -> int:
    return first + round((last - first) * t / max(steps - 1, 1))


#: pattern -> value at (hash of the place, hash of the place without the step, step, steps)
PATTERNS: dict[str, Callable[[int, int, int, int], float]] = {
    "varied": lambda h, fixed, t, steps: _make_value(h, -2, 0),
    "modest": lambda h, fixed, t, steps: _make_value(h, -4, -2),
    "constant": lambda h, fixed, t, steps: _make_value(fixed, -2, 0),
    "alternating": lambda h, fixed, t, steps: abs(_make_value(h, -1, 0)) * (-1.0) ** t,
    "shrinking": lambda h, fixed, t, steps: math.ldexp(
        _make_value(h, -1, 0), _ramp_exponent(t, steps, 0, -26)
    ),
    "growing": lambda h, fixed, t, steps: math.ldexp(
        _make_value(h, -1, 0), _ramp_exponent(t, steps, -26, 0)
    ),
    "small": lambda h, fixed, t, steps: _make_value(h, -15, -12),
    "tiny": lambda h, fixed, t, steps: _make_value(h, -28, -24),
    "large": lambda h, fixed, t, steps: _make_value(h, 6, 8),
    "minute": lambda h, fixed, t, steps: _make_value(h, -60, -50),
    "24-bits": lambda h, fixed, t, steps: _make_digits(h, 24),
    "53-bits": lambda h, fixed, t, steps: _make_digits(h, 53),
    "zero": lambda h, fixed, t, steps: 0.0,
}


def make_tensor(shape: Shape, data: Sequence[float]) -> Tensor:
    """A tensor as the golden files and the JSON lines hold it: data in row-major order."""
    return {"shape": list(shape), "data": list(data)}


def fill_pattern(
    case: str, role: str, pattern: str, shape: Shape, index: int, t: int, steps: int
) -> Tensor:
    """The tensor number `index` of `shape` for a role ("params", "grads") at step `t`, from 0."""
    if pattern not in PATTERNS:
        raise ValueError(
            f"case {case}: pattern {pattern!r} of {role} is none of {', '.join(PATTERNS)}"
        )
    function = PATTERNS[pattern]
    values = []
    for element in range(math.prod(shape)):
        fixed = _hash(case, role, index, element)
        values.append(function(_hash(case, role, index, element, t), fixed, t, steps))
    return make_tensor(shape, values)


def make_update_inputs(case: str, text: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """The inputs of a case of an update rule, taken out of `text`, and the number of steps.

    ``missing`` (index of a tensor -> steps, from 1) says which gradients are left out;
    ``inputs_of`` is the id of another case whose numbers are used.
    """
    case = text.pop("inputs_of", case)
    shapes, steps = text.pop("shapes"), text.pop("steps")
    start, slope = text.pop("parameters", "modest"), text.pop("gradients", "varied")

    def tensors(role: str, given: Any, t: int) -> list[Tensor | None]:
        if isinstance(given, str):
            return [fill_pattern(case, role, given, s, k, t, steps) for k, s in enumerate(shapes)]
        return [
            None if data is None else make_tensor(s, list(map(float, data)))
            for s, data in zip(shapes, given)
        ]

    grads = [
        tensors("grads", slope if isinstance(slope, str) else slope[t], t) for t in range(steps)
    ]
    for tensor, without in text.pop("missing", {}).items():
        for t in without:
            grads[t - 1][tensor] = None
    return {"params": tensors("params", start, 0), "grads": grads}, steps


def make_function_inputs(case: str, text: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """The inputs of a case of any other operation, taken out of `text`, by name and in order.

    An input is written out as nested lists, or made: ``{shape: [4, 3], pattern: varied}``, with
    ``times`` and ``plus`` where wanted; with ``steps`` it is a list of such tensors.
    """
    given = text.pop("inputs")
    if given.keys() != set(names):
        raise ValueError(f"case {case}: inputs are {sorted(given)}, the page has {sorted(names)}")
    return {name: _make_input(case, name, given[name]) for name in names}


def _make_input(case: str, name: str, given: Any) -> Any:
    if not isinstance(given, dict):
        values = np.array(given, dtype=np.float64)
        return make_tensor(values.shape, values.ravel().tolist())
    if "each" in given:
        return [_make_input(f"{case}/{t}", name, one) for t, one in enumerate(given["each"])]
    steps = given.get("steps")
    made_ones = [
        fill_pattern(case, name, given["pattern"], given["shape"], 0, t, steps or 1)
        for t in range(steps or 1)
    ]
    for one in made_ones:
        one["data"] = [
            value * given.get("times", 1.0) + given.get("plus", 0.0) for value in one["data"]
        ]
    return made_ones if steps else made_ones[0]
