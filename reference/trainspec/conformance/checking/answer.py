"""Judging an answer: `case, answer -> result`. Shapes first, then numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace

from trainspec.conformance.basics.float_types import TYPES, FloatArray
from trainspec.conformance.basics.tensors import MOST_NUMBERS, is_list_of_shapes, list_shapes
from trainspec.conformance.cases.case import Case
from trainspec.conformance.cases.result import CallError, Divergence, Fault, Outcome, Result
from trainspec.conformance.checking.distance import locate, ulp_of


def judge_answer(case: Case, kind: str, answer: Any) -> Result:
    """The result of an answer: nests of arrays, as `spec/adapters.md` lays down.

    Raises `CallError` (malformed) for an answer that does not have the right outputs.
    """
    if case.rejects:
        return Result(
            case, kind, Outcome.WRONG, f"accepted an invalid {case.rejects}; expected an error"
        )
    numbers = collect_answer(case, kind, answer)
    got, wrong_type = numbers.joined(), numbers.complaint()
    if numbers.misshapen:
        return Result(case, kind, Outcome.WRONG, numbers.misshapen, math.inf, answer=got)
    tolerance = case.tolerance[kind]
    expected = case.expected
    if numbers.skipped:
        case, kept = _leave_out(case, numbers)
        got, expected, tolerance = got[kept], case.expected, case.tolerance[kind]
    with np.errstate(all="ignore"):
        error = np.abs(got - expected)
        within = error <= tolerance
        if not wrong_type and within.all():
            scaled = error / np.where(tolerance > 0, tolerance, np.inf)
            largest = float(np.max(scaled, initial=0.0, where=np.isfinite(scaled)))
            return Result(case, kind, Outcome.PASS, error=largest, answer=got)
        right = (
            within | (got == expected) | np.isinf(tolerance) | (np.isnan(got) & np.isnan(expected))
        )
        scaled = error / np.where(tolerance > 0, tolerance, 1.0)
    finite = np.isfinite(scaled) & ((tolerance > 0) | ~right)
    largest = float(np.max(scaled, initial=0.0, where=finite))
    if right.all() and not wrong_type:
        return Result(case, kind, Outcome.PASS, error=largest, answer=got)
    if right.all():
        return Result(case, kind, Outcome.WRONG, wrong_type, largest, answer=got, fault=Fault.TYPE)
    first = int(np.argmin(right))
    divergence = _describe_divergence(case, kind, first, float(got[first]))
    worst = largest if finite[first] and tolerance[first] > 0 else math.inf
    return Result(case, kind, Outcome.WRONG, wrong_type, worst, divergence, got)


class Numbers(Struct):
    """What is collected of an answer: its numbers, and the types that they came in.

    `sizes` has the count of numbers of every output, `skipped` the outputs that are None, and
    `misshapen` says which tensor has another shape than it should have, if one has.
    """

    kind: str
    sizes: list[int] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    misshapen: str = ""
    flat: list[Any] = field(default_factory=list)
    types: set[Any] = field(default_factory=set)

    def close(self) -> None:
        """Count the numbers of the output that is now complete."""
        self.sizes.append(sum(part.size for part in self.flat) - sum(self.sizes))

    def skip(self, name: str, shape: Any, case: Case) -> None:
        """Leave out an output that the implementation does not have: NaN, which is not judged."""
        self.skipped.append(name)
        steps = len(case.keep) if case.keep else case.steps or 1
        size = sum(map(math.prod, list_shapes(shape))) * steps
        self.flat.append(np.full(size, np.nan, TYPES[self.kind].dtype))

    def narrowest(self) -> str:
        """The narrowest of the types that they came in and of the one asked for."""
        names = [kind for kind in TYPES if TYPES[kind].dtype in self.types]
        return max((self.kind, *names), key=list(TYPES).index)

    def complaint(self) -> str:
        """What is wrong with their types, or nothing."""
        others = self.types - {TYPES[self.kind].dtype}
        if not others:
            return ""
        other = min(dtype.name for dtype in others)
        return f"returned {other} where the inputs are {self.kind}"

    def joined(self) -> FloatArray:
        """All of them as float64, one after the other."""
        if not self.flat:
            return np.empty(0)
        if len(self.types) > 1:
            return np.concatenate([part.astype(np.float64) for part in self.flat])
        return np.concatenate(self.flat).astype(np.float64)


def flatten_answer(case: Case, kind: str, answer: Any) -> tuple[FloatArray, str]:
    """The numbers of an answer in the order of `case.expected`, and a complaint about its type.

    Raises `CallError` where the answer does not have the outputs (malformed) or their shapes
    (wrong).
    """
    numbers = collect_answer(case, kind, answer)
    if numbers.misshapen:
        raise CallError(Outcome.WRONG, numbers.misshapen)
    return numbers.joined(), numbers.complaint()


def collect_answer(case: Case, kind: str, answer: Any) -> Numbers:
    """The numbers of an answer in the order of `case.expected`.

    Raises `CallError` (malformed) where the answer does not have the outputs.
    """
    answers = _name_outputs(case, answer)
    into = Numbers(kind)
    for name, shape in case.outputs.items():
        value = answers[name]
        if value is None and any(answers[other] is not None for other in case.outputs):
            into.skip(name, shape, case)
            into.close()
            continue
        if case.steps is None:
            _collect(value, shape, name, into)
            into.close()
            continue
        if not isinstance(value, (list, tuple)) or len(value) != case.steps:
            raise _malformed(
                f"{name}: expected a list with one entry for each of the {case.steps} steps, "
                f"got {_describe_kind(value)}"
            )
        for t in case.keep or range(1, case.steps + 1):
            _collect(value[t - 1], shape, f"{name} after step {t}", into)
        into.close()
    return into


def _leave_out(case: Case, numbers: Numbers) -> tuple[Case, Any]:
    """The case without the outputs that the answer leaves out, and which numbers remain."""
    kept = np.repeat([name not in numbers.skipped for name in case.outputs], numbers.sizes)
    rest = {name: shape for name, shape in case.outputs.items() if name not in numbers.skipped}
    tolerance = {kind: allowed[kept] for kind, allowed in case.tolerance.items()}
    return replace(
        case,
        outputs=rest,
        expected=case.expected[kept],
        tolerance=tolerance,
        skipped=tuple(numbers.skipped),
    ), kept


def _name_outputs(case: Case, answer: Any) -> dict[str, Any]:
    """The outputs of an answer by name: it may be a dict, a tuple, or a single output as it is."""
    names = list(case.outputs)
    if isinstance(answer, dict):
        missing = [name for name in names if name not in answer]
        if missing:
            raise _malformed(
                f"the answer has no output {missing[0]!r}; it has {_list_names(answer)}"
            )
        return answer
    if len(names) == 1:
        return {names[0]: answer}
    if isinstance(answer, (tuple, list)) and len(answer) == len(names):
        return dict(zip(names, answer))
    raise _malformed(
        f"expected the outputs {', '.join(names)} as a dict or a tuple, "
        f"got {_describe_kind(answer)}"
    )


def _collect(value: Any, shape: Any, where: str, into: Numbers) -> None:
    """Add the numbers of `value`: an array of this shape, or a list of arrays of these shapes."""
    if is_list_of_shapes(shape):
        if not isinstance(value, (list, tuple)) or len(value) != len(shape):
            raise _malformed(
                f"{where}: expected a list of {len(shape)} tensors, got {_describe_kind(value)}"
            )
        for index, (inner, own) in enumerate(zip(value, shape)):
            _collect(inner, own, f"{where}, tensor {index}", into)
        return
    if value is None:
        raise _malformed(f"{where}: expected an array of numbers, got {_describe_kind(value)}")
    if isinstance(value, (np.ndarray, np.generic)):
        array = np.asarray(value)
        if array.dtype.kind not in "fiub" and array.dtype != TYPES["bfloat16"].dtype:
            raise _malformed(f"{where}: expected numbers, got an array of {array.dtype}")
    else:
        array = _convert(value, where, into.kind)
    if list(array.shape) != list(shape):
        text = f"{where}: expected shape {tuple(shape)}, got shape {tuple(array.shape)}"
        into.misshapen = into.misshapen or text
    into.types.add(array.dtype)
    into.flat.append(array.ravel() if array.size <= MOST_NUMBERS else np.empty(0, array.dtype))


def _convert(value: Any, where: str, kind: str) -> Any:
    """Plain numbers, in lists or in another library's tensor, rounded to the type asked for."""
    try:
        with np.errstate(all="ignore"):
            array = np.asarray(value, dtype=np.float64).astype(TYPES[kind].dtype)
    except Exception:  # whatever another library's object raises
        raise _malformed(
            f"{where}: expected an array of numbers, got {_describe_kind(value)}"
        ) from None
    return array


def _describe_divergence(case: Case, kind: str, index: int, got: float) -> Divergence:
    expected, tolerance = float(case.expected[index]), float(case.tolerance[kind][index])
    error = abs(got - expected)
    if math.isfinite(error):
        tolerances = error / tolerance if tolerance else math.inf
        ulps = error / ulp_of(expected, kind)
    else:
        tolerances = ulps = math.inf
    return Divergence(locate(case, index), expected, got, tolerances, ulps)


def _malformed(message: str) -> CallError:
    return CallError(Outcome.MALFORMED, message)


def _list_names(answer: Any) -> str:
    return ", ".join(map(str, answer)) or "nothing"


def _describe_kind(value: Any) -> str:
    if value is None:
        return "None (does the function return its result?)"
    if isinstance(value, (list, tuple)):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    return f"{type(value).__name__}"
