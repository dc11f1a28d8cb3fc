"""Faults that are not of the formula, as data: what an adapter of an update rule gets wrong.

`MISREAD` holds ways to misread the inputs, as changes of them under which the right rule gives
the wrong answer; `FAULTS` holds ways to give a wrong answer from right values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from trainspec.conformance.cases import Case
from trainspec.conformance.compare import apart
from trainspec.conformance.nest import array, leaves
from trainspec.conformance.types import FloatArray


def _gradients(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda inputs: {
        **inputs,
        "grads": [[change(g) for g in gradient] for gradient in inputs["grads"]],
    }


def _only(inputs: Any, chosen: int) -> Any:
    """Gradients of one tensor alone, the others zero."""
    last = len(inputs["params"]) + chosen if chosen < 0 else chosen
    grads = [
        [g if k == last else 0 * g for k, g in enumerate(gradient)] for gradient in inputs["grads"]
    ]
    return {**inputs, "grads": grads}


def _without_step(inputs: Any, index: int) -> Any:
    grads = [list(gradient) for gradient in inputs["grads"]]
    grads[index] = [0 * g for g in grads[index]]
    return {**inputs, "grads": grads}


def _identity(inputs: Any) -> Any:
    return inputs


MISREAD: tuple[tuple[str, str, Callable[[Any], Any], dict[str, Any]], ...] = (
    (
        "state-shared",
        "tensors of one shape share their state: keep a state for each tensor",
        _identity,
        {"shared": True},
    ),
    (
        "gradient-transposed",
        "the gradient of a matrix is read in column order",
        _gradients(lambda g: g.T.reshape(g.shape)),
        {},
    ),
    (
        "gradient-reversed",
        "the gradient is read from its last row to its first",
        _gradients(lambda g: g[::-1] if g.ndim else g),
        {},
    ),
    (
        "gradient-averaged-over-tensor",
        "every element gets the mean of the tensor's gradient",
        _gradients(lambda g: np.full_like(g, g.mean() if g.size else 0.0)),
        {},
    ),
    (
        "gradient-over-size",
        "the gradient is divided by the number of its elements",
        _gradients(lambda g: g / max(g.size, 1)),
        {},
    ),
    (
        "gradient-centred",
        "the mean of the tensor's gradient is subtracted from it",
        _gradients(lambda g: g - (g.mean() if g.size else 0.0)),
        {},
    ),
    (
        "nan-hidden",
        "a gradient that is NaN is taken as 0",
        _gradients(lambda g: np.where(np.isnan(g), 0.0, g)),
        {},
    ),
    (
        "nan-and-infinity-hidden",
        "a gradient that is not finite is taken as 0",
        _gradients(lambda g: np.where(np.isfinite(g), g, 0.0)),
        {},
    ),
    (
        "nan-to-num",
        "gradients go through nan_to_num: NaN becomes 0, infinities the largest number",
        _gradients(np.nan_to_num),
        {},
    ),
    (
        "nan-spreads",
        "a NaN in one element spoils its whole tensor",
        _gradients(lambda g: g + 0 * g.sum()),
        {},
    ),
    (
        "only-first-tensor",
        "only the first tensor is updated",
        lambda inputs: _only(inputs, 0),
        {},
    ),
    (
        "only-last-tensor",
        "only the last tensor is updated",
        lambda inputs: _only(inputs, -1),
        {},
    ),
    (
        "first-step-skipped",
        "the first step is not made",
        lambda inputs: _without_step(inputs, 0),
        {},
    ),
    (
        "last-step-skipped",
        "the last step is not made",
        lambda inputs: _without_step(inputs, -1),
        {},
    ),
    (
        "0-d-skipped",
        "0-d tensors are not updated",
        _gradients(lambda g: g if g.ndim else 0 * g),
        {},
    ),
)


def _rows(case: Case, values: FloatArray) -> Any:
    steps = len(case.keep) if case.keep else case.steps
    return values.reshape(steps, -1) if steps else values.reshape(1, -1)


def _stale(case: Case, answer: FloatArray, kind: str) -> bool:
    rows, right = _rows(case, answer), _rows(case, case.expected)
    last = apart(rows[-1], right[-1], right[-1], _rows(case, case.tolerance[kind])[-1], kind)
    return last <= 1 and bool((rows == rows[-1]).all() or np.isnan(rows).any())


def _early(case: Case, answer: FloatArray, kind: str) -> bool:
    if case.keep:
        return True
    rows, right = _rows(case, answer), _rows(case, case.expected)
    tolerance = _rows(case, case.tolerance[kind])
    start = [v for name, v in case.inputs.items() if name == "params"]
    if not start:
        return False
    first = np.concatenate([array(t, np.float64).ravel() for _, t in leaves(start)])
    shifted = np.vstack([first[None], right[:-1]])
    return apart(rows, shifted, shifted, np.vstack([tolerance[:1], tolerance[:-1]]), kind) <= 1


FAULTS: tuple[tuple[str, str, Callable[[Case, FloatArray, str], bool]], ...] = (
    (
        "stale-arrays",
        (
            "every step shows the last step's values: the adapter returns one array that later "
            "steps change; return a copy after each step"
        ),
        _stale,
    ),
    (
        "before-the-step",
        (
            "every step shows the values before it: the adapter keeps the parameters before the "
            "update, or the update uses the step before's gradient or velocity"
        ),
        _early,
    ),
)
