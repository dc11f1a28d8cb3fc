"""Mistakes that are not in the formula, as data: what an adapter of an update rule gets wrong.

`MISREADINGS` holds ways to misread the inputs, as changes of them under which the right rule
returns the wrong answer; `MISTAKES` holds ways to return a wrong answer from right values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from msgspec import Struct

from trainspec.conformance.basics.float_types import FloatArray
from trainspec.conformance.basics.tensors import iterate_tensors, to_array
from trainspec.conformance.cases.case import Case
from trainspec.conformance.checking.distance import measure_distance


class Misreading(Struct, frozen=True):
    """A way to misread the inputs: `change` makes the inputs that are read instead."""

    name: str
    text: str
    change: Callable[[Any], Any]


class AdapterMistake(Struct, frozen=True):
    """A way to return a wrong answer from right values; `explains` recognises it."""

    name: str
    text: str
    explains: Callable[[Case, FloatArray, str], bool]


def _change_gradients(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda inputs: {
        **inputs,
        "grads": [[change(g) for g in gradient] for gradient in inputs["grads"]],
    }


def _keep_only(inputs: Any, chosen: int) -> Any:
    """The gradients of one tensor alone, the others zero."""
    last = len(inputs["params"]) + chosen if chosen < 0 else chosen
    grads = [
        [g if k == last else 0 * g for k, g in enumerate(gradient)] for gradient in inputs["grads"]
    ]
    return {**inputs, "grads": grads}


def _skip_step(inputs: Any, index: int) -> Any:
    grads = [list(gradient) for gradient in inputs["grads"]]
    grads[index] = [0 * g for g in grads[index]]
    return {**inputs, "grads": grads}


MISREADINGS = (
    Misreading(
        "gradient-transposed",
        "the gradient of a matrix is read in column order",
        _change_gradients(lambda g: g.T.reshape(g.shape)),
    ),
    Misreading(
        "gradient-reversed",
        "the gradient is read from its last row to its first",
        _change_gradients(lambda g: g[::-1] if g.ndim else g),
    ),
    Misreading(
        "gradient-averaged-over-tensor",
        "every element gets the mean of the tensor's gradient",
        _change_gradients(lambda g: np.full_like(g, g.mean() if g.size else 0.0)),
    ),
    Misreading(
        "gradient-over-size",
        "the gradient is divided by the number of its elements",
        _change_gradients(lambda g: g / max(g.size, 1)),
    ),
    Misreading(
        "gradient-centred",
        "the mean of the tensor's gradient is subtracted from it",
        _change_gradients(lambda g: g - (g.mean() if g.size else 0.0)),
    ),
    Misreading(
        "nan-hidden",
        "a gradient that is NaN is taken as 0",
        _change_gradients(lambda g: np.where(np.isnan(g), 0.0, g)),
    ),
    Misreading(
        "nan-and-infinity-hidden",
        "a gradient that is not finite is taken as 0",
        _change_gradients(lambda g: np.where(np.isfinite(g), g, 0.0)),
    ),
    Misreading(
        "nan-to-num",
        "gradients go through nan_to_num: NaN becomes 0, infinities the largest number",
        _change_gradients(np.nan_to_num),
    ),
    Misreading(
        "nan-spreads",
        "a NaN in one element spoils its whole tensor",
        _change_gradients(lambda g: g + 0 * g.sum()),
    ),
    Misreading(
        "only-first-tensor",
        "only the first tensor is updated",
        lambda inputs: _keep_only(inputs, 0),
    ),
    Misreading(
        "only-last-tensor",
        "only the last tensor is updated",
        lambda inputs: _keep_only(inputs, -1),
    ),
    Misreading(
        "first-step-skipped",
        "the first step is not made",
        lambda inputs: _skip_step(inputs, 0),
    ),
    Misreading(
        "last-step-skipped",
        "the last step is not made",
        lambda inputs: _skip_step(inputs, -1),
    ),
    Misreading(
        "0-d-skipped",
        "0-d tensors are not updated",
        _change_gradients(lambda g: g if g.ndim else 0 * g),
    ),
)


def _as_rows(case: Case, values: FloatArray) -> Any:
    steps = len(case.keep) if case.keep else case.steps
    return values.reshape(steps, -1) if steps else values.reshape(1, -1)


def _is_stale(case: Case, answer: FloatArray, kind: str) -> bool:
    rows, right = _as_rows(case, answer), _as_rows(case, case.expected)
    last = measure_distance(
        rows[-1], right[-1], right[-1], _as_rows(case, case.tolerance[kind])[-1], kind
    )
    return last <= 1 and bool((rows == rows[-1]).all() or np.isnan(rows).any())


def _is_early(case: Case, answer: FloatArray, kind: str) -> bool:
    if case.keep:
        return True
    rows, right = _as_rows(case, answer), _as_rows(case, case.expected)
    tolerance = _as_rows(case, case.tolerance[kind])
    start = [v for name, v in case.inputs.items() if name == "params"]
    if not start:
        return False
    first = np.concatenate([to_array(t, np.float64).ravel() for _, t in iterate_tensors(start)])
    shifted = np.vstack([first[None], right[:-1]])
    return (
        measure_distance(rows, shifted, shifted, np.vstack([tolerance[:1], tolerance[:-1]]), kind)
        <= 1
    )


MISTAKES = (
    AdapterMistake(
        "stale-arrays",
        "every step shows the last step's values: the adapter returns one array that later "
        "steps change; return a copy after each step",
        _is_stale,
    ),
    AdapterMistake(
        "before-the-step",
        "every step shows the values before it: the adapter keeps the parameters before the "
        "update, or the update uses the step before's gradient or velocity",
        _is_early,
    ),
)
