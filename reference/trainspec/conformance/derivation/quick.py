"""The values of a form with NumPy alone: `case, form -> values, tolerances`.

What the golden files hold is derived with Arb. This is for forms that nobody stored, and needs no
extra. What it cannot certify it leaves to Arb.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from trainspec.conformance.arithmetic.enclosed import (
    Enclosed,
    Roundings,
    enclose_constants,
    enclose_exact,
)
from trainspec.conformance.arithmetic.enclosed_functions import follow_roundings
from trainspec.conformance.arithmetic.run import run_rule
from trainspec.conformance.basics.float_types import TYPES, FloatArray
from trainspec.conformance.basics.tensors import (
    iterate_tensors,
    map_tensors,
    round_to_two_digits,
    spell_number,
    split_outputs,
    to_array,
)
from trainspec.conformance.cases.case import Case
from trainspec.conformance.cases.golden import GoldenForm
from trainspec.conformance.derivation.chosen_constants import CAP, ORDERS
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.page import Page
from trainspec.conformance.pages.parts import TRAINING, VARIANT_HYPERPARAMETER
from trainspec.conformance.pages.rule import Rule


def derive_quickly(case: Case, name: str) -> GoldenForm | None:
    """What the golden file would hold of a case for a form, or None where Arb must say it."""
    page = load_page(case.technique)
    rule = page.rule_of_form(name)
    roundings = Roundings(tuple(TYPES[kind] for kind in case.tolerance))
    try:
        values, bounds, shapes = _run(case, page, rule, roundings)
        radii = [_limit(own, values, _split_outputs(case, page, shapes)) for own in bounds]
        for order in page.orders_of(name):
            other, wider, _ = _run(case, page, order, roundings)
            bounds = np.maximum(bounds, _bound_order(values, other, wider))
    except (ArithmeticError, IndexError, TypeError, ValueError):
        return None
    extra = dict.fromkeys(sorted(page.variant_hyperparameters(rule)), VARIANT_HYPERPARAMETER)
    tolerance = {
        kind: [round_to_two_digits(ORDERS * r, up=True) for r in np.maximum(own, wide).tolist()]
        for kind, own, wide in zip(case.tolerance, radii, bounds)
        if own is not None
    }
    if _is_unchanged(case, values):  # nothing may move it, in any type
        tolerance = {kind: [0.0] * len(values) for kind in case.tolerance}
    outputs = None if shapes == case.outputs else shapes
    return GoldenForm([spell_number(v) for v in values.tolist()], tolerance, extra, outputs)


def _bound_order(values: FloatArray, other: FloatArray, bounds: FloatArray) -> FloatArray:
    """The bounds of another order; none where the orders end in different infinities or NaN.

    Raises ValueError for an order that computes something else.
    """
    apart = ~((values == other) | (np.isnan(values) & np.isnan(other)))
    if (apart & np.isfinite(values) & np.isfinite(other)).any():
        raise ValueError("not certain")
    return np.where(apart, np.inf, bounds)


def _limit(bounds: FloatArray, values: FloatArray, outputs: Iterator[slice]) -> FloatArray | None:
    """The bounds in a type, without those of outputs that are too loose to judge by.

    None where the type does not serve: a number has no bound, or no output can be judged.
    """
    if np.isinf(bounds).any():
        return None
    bounds, sizes = bounds.copy(), np.where(np.isfinite(values), np.abs(values), 0.0)
    for part in outputs:
        # An output that is zero throughout is measured by the others.
        size = np.max(sizes[part], initial=0.0) or np.max(sizes, initial=0.0)
        if np.max(bounds[part], initial=0.0) * ORDERS > CAP * size:
            bounds[part] = np.inf
    return None if len(bounds) and np.isinf(bounds).all() else bounds


def _split_outputs(case: Case, page: Page, shapes: Mapping[str, Any]) -> Iterator[slice]:
    """Where the numbers of each output, in training of each step, lie among all numbers."""
    times = len(case.keep) if case.keep else case.steps or 1
    parts = times if page.kind == TRAINING else 1
    return split_outputs(shapes, times, parts)


def _is_unchanged(case: Case, values: FloatArray) -> bool:
    """Whether a case says that a parameter stays as it is, and the form does so."""
    start = [np.ravel(to_array(t, np.float64)) for t in case.inputs.get("params", ())]
    joined = np.concatenate(start) if start else np.empty(0)
    stated = all(not tolerance.any() for tolerance in case.tolerance.values())
    return stated and len(joined) > 0 and np.array_equal(values, np.resize(joined, len(values)))


def _run(
    case: Case, page: Page, rule: Rule, roundings: Roundings
) -> tuple[FloatArray, FloatArray, dict[str, Any]]:
    """The values of a rule on a case, flat, for each type their bounds, and the outputs' shapes.

    Raises ValueError where a value is not certain.
    """
    inputs = map_tensors(lambda t: enclose_exact(roundings, to_array(t, np.float64)), case.inputs)
    missing = page.variant_hyperparameters(rule) - case.hyperparameters.keys()
    given = {**case.numbers(), **dict.fromkeys(missing, VARIANT_HYPERPARAMETER)}
    numbers = {key: _enclose(roundings, value) for key, value in given.items()}
    own = case.count == "own"
    functions = follow_roundings(roundings)
    outputs = run_rule(page, rule, inputs, numbers, functions, own_count=own)
    if case.keep:
        outputs = {name: [steps[t - 1] for t in case.keep] for name, steps in outputs.items()}
    shapes = map_tensors(lambda leaf: list(np.shape(leaf)), outputs)
    if case.steps:
        shapes = {name: steps[0] for name, steps in shapes.items()}
    arrays = [
        leaf if isinstance(leaf, Enclosed) else enclose_exact(roundings, leaf)
        for _, leaf in iterate_tensors(outputs)
    ]
    return *_flatten(arrays), shapes


def _flatten(arrays: Sequence[Enclosed]) -> tuple[FloatArray, FloatArray]:
    """The values of several arrays, one after the other, and for each type their bounds.

    Raises ValueError where a value is not certain.
    """
    values, bounds = [np.empty(0)], []
    for array in arrays:
        value, certain = array.nearest()
        if not np.all(certain):
            raise ValueError("not certain")
        values.append(np.ravel(value))
        own = array.bounds()
        bounds.append(own.reshape(len(own), -1))
    joined = np.concatenate(bounds, axis=1) if bounds else np.empty((0, 0))
    return np.concatenate(values), joined


def _enclose(roundings: Roundings, value: Any) -> Any:
    if isinstance(value, str):
        return value  # the name of an update rule
    if isinstance(value, list):
        return [_enclose(roundings, v) for v in value]
    return enclose_constants(roundings, value)
