"""The values of an update rule's form with NumPy alone: `case, form -> values, tolerances`.

What the golden files hold is derived with Arb. This is for forms that nobody stored, and needs no
extra. What it cannot certify it leaves to Arb.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from trainspec.conformance.arithmetic.enclosed import (
    Enclosed,
    Roundings,
    enclose_constants,
    enclose_exact,
)
from trainspec.conformance.arithmetic.enclosed_functions import ENCLOSED_FUNCTIONS
from trainspec.conformance.arithmetic.run import run_rule
from trainspec.conformance.basics.float_types import TYPES, FloatArray
from trainspec.conformance.basics.tensors import (
    map_tensors,
    round_to_two_digits,
    spell_number,
    to_array,
)
from trainspec.conformance.cases.case import Case
from trainspec.conformance.cases.golden import GoldenForm
from trainspec.conformance.derivation.chosen_constants import CAP, ORDERS
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.page import VARIANT_HYPERPARAMETER, Page
from trainspec.conformance.pages.rule import Rule


def derive_quickly(case: Case, name: str) -> GoldenForm | None:
    """What the golden file would hold of a case for a form, or None where Arb must say it."""
    page = load_page(case.technique)
    if not page.is_update_rule:
        return None
    rule = page.rule_of_form(name)
    roundings = Roundings(tuple(TYPES[kind] for kind in case.tolerance))
    try:
        values, bounds = _run(case, page, rule, roundings)
        useful = [_is_useful(values, ORDERS * own) for own in bounds]
        for order in page.orders_of(name):
            bounds = np.maximum(bounds, _bound_order(values, *_run(case, page, order, roundings)))
    except (TypeError, ValueError):
        return None
    extra = dict.fromkeys(sorted(page.variant_hyperparameters(rule)), VARIANT_HYPERPARAMETER)
    tolerance = {
        kind: [round_to_two_digits(t, up=True) for t in (ORDERS * own).tolist()]
        for kind, own, fits in zip(case.tolerance, bounds, useful)
        if fits
    }
    if _is_unchanged(case, values):  # nothing may move it, in any type
        tolerance = {kind: [0.0] * len(values) for kind in case.tolerance}
    return GoldenForm([spell_number(v) for v in values.tolist()], tolerance, extra)


def _bound_order(values: FloatArray, other: FloatArray, bounds: FloatArray) -> FloatArray:
    """The bounds of another order; none where the orders end in different infinities or NaN.

    Raises ValueError for an order that computes something else.
    """
    apart = ~((values == other) | (np.isnan(values) & np.isnan(other)))
    if (apart & np.isfinite(values) & np.isfinite(other)).any():
        raise ValueError("not certain")
    return np.where(apart, np.inf, bounds)


def _is_unchanged(case: Case, values: FloatArray) -> bool:
    """Whether a case says that a parameter stays as it is, and the form does so."""
    start = [np.ravel(to_array(t, np.float64)) for t in case.inputs["params"]]
    joined = np.concatenate(start) if start else np.empty(0)
    stated = all(not tolerance.any() for tolerance in case.tolerance.values())
    return stated and len(joined) > 0 and np.array_equal(values, np.resize(joined, len(values)))


def _run(case: Case, page: Page, rule: Rule, roundings: Roundings) -> tuple[FloatArray, FloatArray]:
    """The values of a rule on a case, flat, and for each type their bounds.

    Raises ValueError where a value is not certain.
    """
    inputs = map_tensors(lambda t: enclose_exact(roundings, to_array(t, np.float64)), case.inputs)
    missing = page.variant_hyperparameters(rule) - case.hyperparameters.keys()
    given = {**case.numbers(), **dict.fromkeys(missing, VARIANT_HYPERPARAMETER)}
    numbers = {key: _enclose(roundings, value) for key, value in given.items()}
    own = case.count == "own"
    after = run_rule(page, rule, inputs, numbers, ENCLOSED_FUNCTIONS, own_count=own)["params"]
    kept = [after[t - 1] for t in case.keep] if case.keep else after
    return _flatten(W for tensors in kept for W in tensors)


def _flatten(arrays: Iterable[Enclosed]) -> tuple[FloatArray, FloatArray]:
    """The values of several arrays, one after the other, and for each type their bounds.

    Raises ValueError where a value is not certain.
    """
    values, bounds = [np.empty(0)], []
    for array in arrays:
        value, certain = array.nearest()
        if not certain.all():
            raise ValueError("not certain")
        values.append(np.ravel(value))
        own = array.bounds()
        bounds.append(own.reshape(len(own), -1))
    joined = np.concatenate(bounds, axis=1) if bounds else np.empty((0, 0))
    return np.concatenate(values), joined


def _enclose(roundings: Roundings, value: Any) -> Any:
    if isinstance(value, list):
        return [_enclose(roundings, v) for v in value]
    return enclose_constants(roundings, value)


def _is_useful(values: FloatArray, tolerance: FloatArray) -> bool:
    """Whether a type is served: its tolerances are small beside the values."""
    size = np.max(np.abs(values), initial=0.0, where=np.isfinite(values))
    return bool((tolerance <= CAP * size).all())
