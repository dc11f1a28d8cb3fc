"""Comparing an answer with a case: `case, answer -> result`. Form first, then numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trainspec.conformance.cases import Case
from trainspec.conformance.outcome import CallError, Divergence, Outcome, Result
from trainspec.conformance.types import TYPES, FloatArray


def compared(case: Case, kind: str, answer: Any) -> Result:
    """The result of an answer: nests of arrays, as `spec/adapters.md` lays down.

    Raises `CallError` (malformed) for an answer of another form.
    """
    if case.rejects:
        return Result(case, kind, Outcome.WRONG, f"accepted a bad {case.rejects}: an error is due")
    got, wrong_type = flattened(case, kind, answer)
    tolerance = case.tolerance[kind]
    expected = case.expected
    with np.errstate(all="ignore"):
        error = np.abs(got - expected)
        right = (
            (error <= tolerance)
            | (got == expected)
            | np.isinf(tolerance)
            | (np.isnan(got) & np.isnan(expected))
        )
        scaled = error / np.where(tolerance > 0, tolerance, 1.0)
    finite = np.isfinite(scaled) & ((tolerance > 0) | ~right)
    largest = float(np.max(scaled, initial=0.0, where=finite))
    if right.all() and not wrong_type:
        return Result(case, kind, Outcome.PASS, error=largest, answer=got)
    if right.all():
        return Result(case, kind, Outcome.WRONG, wrong_type, largest, answer=got)
    first = int(np.argmin(right))
    divergence = _divergence(case, kind, first, float(got[first]))
    worst = largest if finite[first] and tolerance[first] > 0 else math.inf
    return Result(case, kind, Outcome.WRONG, wrong_type, worst, divergence, got)


@dataclass
class _Numbers:
    """What is collected of an answer: its numbers, and the types that they came in."""

    kind: str
    flat: list[Any] = field(default_factory=list)
    types: set[Any] = field(default_factory=set)

    def joined(self) -> FloatArray:
        """All of them as float64, one after the other."""
        if not self.flat:
            return np.empty(0)
        if len(self.types) > 1:
            return np.concatenate([part.astype(np.float64) for part in self.flat])
        return np.concatenate(self.flat).astype(np.float64)


def flattened(case: Case, kind: str, answer: Any) -> tuple[FloatArray, str]:
    """The numbers of an answer in the order of `case.expected`, and a complaint about its type.

    Raises `CallError` (malformed) where the answer has not the form of the outputs.
    """
    if len(case.outputs) == 1:
        ((name, form),) = case.outputs.items()
        if isinstance(answer, dict):
            if name not in answer:
                raise _malformed(f"the answer has no output {name!r}; it has {_names(answer)}")
            answer = answer[name]
        answers = {name: answer}
    elif isinstance(answer, dict):
        missing = [name for name in case.outputs if name not in answer]
        if missing:
            raise _malformed(f"the answer has no output {missing[0]!r}; it has {_names(answer)}")
        answers = answer
    elif isinstance(answer, (tuple, list)) and len(answer) == len(case.outputs):
        answers = dict(zip(case.outputs, answer))
    else:
        raise _malformed(
            f"expected the outputs {', '.join(case.outputs)} as a dict or a tuple, "
            f"got {_kind(answer)}"
        )
    into = _Numbers(kind)
    for name, form in case.outputs.items():
        value = answers[name]
        if case.steps is None:
            _collect(value, form, name, into)
            continue
        if not isinstance(value, (list, tuple)) or len(value) != case.steps:
            raise _malformed(
                f"{name}: expected a list with one entry for each of the {case.steps} steps, "
                f"got {_kind(value)}"
            )
        for t in case.keep or range(1, case.steps + 1):
            _collect(value[t - 1], form, f"{name} after step {t}", into)
    complaint = ""
    others = into.types - {TYPES[kind].dtype}
    if others:
        other = min(dtype.name for dtype in others)
        complaint = f"returned {other} where the inputs are {kind}"
    return into.joined(), complaint


def _collect(value: Any, form: Any, place: str, into: _Numbers) -> None:
    """Add the numbers of `value`, which must be an array of the shape `form` or a list of such."""
    if form and isinstance(form[0], list):
        if not isinstance(value, (list, tuple)) or len(value) != len(form):
            raise _malformed(f"{place}: expected a list of {len(form)} tensors, got {_kind(value)}")
        for index, (inner, shape) in enumerate(zip(value, form)):
            _collect(inner, shape, f"{place}, tensor {index}", into)
        return
    if isinstance(value, (np.ndarray, np.generic)):
        array = np.asarray(value)
        if array.dtype.kind not in "fiub" and array.dtype != TYPES["bfloat16"].dtype:
            raise _malformed(f"{place}: expected numbers, got an array of {array.dtype}")
    else:
        array = _array(value, place, into.kind)
    if list(array.shape) != list(form):
        raise _malformed(f"{place}: expected shape {tuple(form)}, got shape {tuple(array.shape)}")
    into.types.add(array.dtype)
    into.flat.append(array.ravel())


def _array(value: Any, place: str, kind: str) -> Any:
    """Plain numbers, in lists or in another library's tensor, rounded to the type asked for."""
    try:
        with np.errstate(all="ignore"):
            array = np.asarray(value, dtype=np.float64).astype(TYPES[kind].dtype)
    except Exception:  # whatever another library's object raises
        raise _malformed(f"{place}: expected an array of numbers, got {_kind(value)}") from None
    return array


def _divergence(case: Case, kind: str, index: int, got: float) -> Divergence:
    expected, tolerance = float(case.expected[index]), float(case.tolerance[kind][index])
    error = abs(got - expected)
    if math.isfinite(error):
        tolerances = error / tolerance if tolerance else math.inf
        ulps = error / ulp(expected, kind)
    else:
        tolerances = ulps = math.inf
    return Divergence(place(case, index), expected, got, tolerances, ulps)


def ulp(value: float, kind: str) -> float:
    """The distance of neighbouring numbers of a type at `value`."""
    if not math.isfinite(value):
        return 1.0
    number = TYPES[kind]
    size = max(abs(value), number.smallest_normal)
    return float(2.0 ** (math.frexp(size)[1] - number.precision))


def place(case: Case, index: int) -> str:
    """Where the flat index `index` lies, in words: step, tensor, element."""
    steps: Any = case.keep or (range(1, case.steps + 1) if case.steps else (None,))
    for name, form in case.outputs.items():
        nested = bool(form) and isinstance(form[0], list)
        shapes = form if nested else [form]
        for t in steps:
            for k, shape in enumerate(shapes):
                size = math.prod(shape)
                if index >= size:
                    index -= size
                    continue
                words = [f"step {t}"] if t is not None else []
                words += [f"tensor {k}"] if nested else [name]
                where = tuple(int(i) for i in np.unravel_index(index, shape)) if shape else ()
                return ", ".join([*words, f"element {list(where)}"])
    return f"number {index}"


def _malformed(message: str) -> CallError:
    return CallError(Outcome.MALFORMED, message)


def _names(answer: Any) -> str:
    return ", ".join(map(str, answer)) or "nothing"


def _kind(value: Any) -> str:
    if value is None:
        return "None (does the function return its result?)"
    if isinstance(value, (list, tuple)):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    return f"{type(value).__name__}"


def first_off(
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
        distance = apart(got[here], values[here], expected[here], tolerance[here], kind)
        if not distance <= near:
            return index, distance
    return None


def apart(
    got: FloatArray, values: FloatArray, expected: FloatArray, tolerance: FloatArray, kind: str
) -> float:
    """The largest distance of `got` from `values` in tolerances, scaled with the values."""
    if values.shape != expected.shape or got.shape != expected.shape:
        return math.inf
    with np.errstate(all="ignore"):
        # A form whose values are larger than the rule's may err by so much more.
        larger = np.maximum(1.0, np.abs(values) / np.where(expected == 0, 1.0, np.abs(expected)))
        floor = 4 * TYPES[kind].roundoff * np.abs(values) + TYPES[kind].smallest_normal
        allowed = np.maximum(tolerance, floor) * np.where(np.isfinite(larger), larger, 1.0)
        error = np.abs(got - values) / allowed
        same = (got == values) | (np.isnan(got) & np.isnan(values)) | np.isinf(tolerance)
        error = np.where(same, 0.0, np.where(np.isnan(error), np.inf, error))
    return float(np.max(error, initial=0.0))
