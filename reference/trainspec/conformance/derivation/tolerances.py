"""True values and tolerances: a rule run over a case without rounding, and with each type's.

Every expected value is the page's rule in interval arithmetic, rounded once to float64. Every
tolerance is the radius of the same rule in the arithmetic of a type, times `ORDERS`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import yaml
from msgspec import Struct

from trainspec.conformance.arithmetic.interval import (
    BITS,
    MOST_BITS,
    Interval,
    UnboundedError,
    enclose,
    enclose_all,
    enclose_constant,
    rounding_as,
)
from trainspec.conformance.arithmetic.interval_functions import INTERVAL_FUNCTIONS
from trainspec.conformance.arithmetic.run import run_rule
from trainspec.conformance.basics.float_types import TYPES, FloatType
from trainspec.conformance.basics.names import make_case_id
from trainspec.conformance.basics.tensors import (
    iterate_tensors,
    map_tensors,
    split_outputs,
    to_array,
)
from trainspec.conformance.derivation.chosen_constants import CAP, ORDERS
from trainspec.conformance.derivation.inputs import make_function_inputs, make_update_inputs
from trainspec.conformance.pages.page import Page
from trainspec.conformance.pages.parts import (
    LAYERED,
    TRAINING,
    VARIANT_HYPERPARAMETER,
    CaseText,
    PageError,
)
from trainspec.conformance.pages.rule import Rule

_WORDS = {"level", "clauses", "link", "types", "keep", "count"}
#: Who counts the steps of an update rule where gradients are missing.
SHARED, OWN = "shared", "own"


class ReadyCase(Struct, frozen=True):
    """A case made ready: what the rule is run on."""

    id: str
    inputs: dict[str, Any]
    hyperparameters: dict[str, Any]
    keep: list[int] | None
    types: list[str] | None  # served whatever their range, and then exactly
    count: str = SHARED


class Derived(Struct, frozen=True):
    """What a rule returns: its numbers as true values, and for each type the radius of each.

    `shapes` has the shape of every output, of one step where there are steps.
    """

    values: list[Interval]
    radii: dict[str, list[float]]
    shapes: dict[str, Any]


def prepare_case(page: Page, text: CaseText) -> tuple[ReadyCase, dict[str, Any]]:
    """The case's inputs, and what is left of its YAML: level, clauses, link."""
    name = make_case_id(page.name, text.name)
    given = yaml.safe_load(text.yaml)
    if not page.is_update_rule:
        made, steps = make_function_inputs(name, given, page.inputs), None
    else:
        made, steps = make_update_inputs(name, given)
    about = {word: given.pop(word) for word in list(given) if word in _WORDS}
    missing = page.parameters.keys() - given.keys()
    unknown = given.keys() - page.parameters.keys()
    if missing or unknown:
        raise PageError(f"{name}: missing {sorted(missing)}, unknown {sorted(unknown)}")
    rate = given.get("learning_rate")
    if steps is not None and not isinstance(rate, list):
        given["learning_rate"] = [rate] * steps
    hyperparameters = {key: _to_floats(value) for key, value in given.items()}
    ready = ReadyCase(
        name,
        made,
        hyperparameters,
        about.pop("keep", None),
        about.pop("types", None),
        about.get("count", SHARED),
    )
    return ready, about


def _to_floats(value: Any) -> Any:
    if isinstance(value, list):
        return [_to_floats(v) for v in value]
    try:
        return float(value)  # YAML takes 1e-8 for a word
    except ValueError:
        return value  # the name of an update rule


def count_steps(page: Page, ready: ReadyCase) -> int:
    """How many steps the outputs hold, or 0 where there are none."""
    if page.is_update_rule:
        return len(ready.inputs["grads"])
    if page.kind == LAYERED:
        return 0  # lists are over layers
    return max((len(v) for v in ready.inputs.values() if isinstance(v, list)), default=0)


def derive_values(
    page: Page,
    rule: Rule,
    ready: ReadyCase,
    kinds: Mapping[str, FloatType] = TYPES,
    orders: Sequence[Rule] = (),
) -> Derived:
    """Run `rule` on a case without rounding, and in each type that the case serves.

    `orders` are other orders of its operations: they must compute the same, and the radius of
    each number is the largest of all orders. Where an order ends in another infinity or NaN the
    radius is infinite. Raises `PageError` for an order that computes something else.
    """
    derived = _derive_one(page, rule, ready, kinds)
    for order in orders:
        derived = _widen(derived, _derive_one(page, order, ready, kinds), ready.id)
    return derived


def _widen(derived: Derived, other: Derived, case: str) -> Derived:
    """What was derived with the radii of another order where those are larger."""
    apart = [_part_at_an_edge(v, w, case) for v, w in zip(derived.values, other.values)]
    radii = {
        kind: [
            math.inf if edge else max(r, s)
            for r, s, edge in zip(own, other.radii.get(kind, own), apart)
        ]
        for kind, own in derived.radii.items()
    }
    return Derived(derived.values, radii, derived.shapes)


def _part_at_an_edge(value: Interval, other: Interval, case: str) -> bool:
    """Whether two orders end in different infinities or NaN, or only one of them does."""
    one, two = value.nearest(), other.nearest()
    if math.isfinite(one) and math.isfinite(two):
        if one != two:
            raise PageError(f"{case}: an order gives {two!r} where the rule gives {one!r}")
        return False
    return one != two and not (math.isnan(one) and math.isnan(two))


def _derive_one(
    page: Page, rule: Rule, ready: ReadyCase, kinds: Mapping[str, FloatType]
) -> Derived:
    """What one rule returns, in the order in which it is written."""
    values, shapes = _derive_true_values(page, rule, ready)
    radii: dict[str, list[float]] = {}
    for name, kind in kinds.items():
        if ready.types is not None:
            # Such a case says that nothing may change: a form serves it if it says so too.
            if name in ready.types and _leaves_unchanged(ready, values):
                radii[name] = [0.0] * len(values)
        elif _is_representable(ready.inputs, kind):
            found = _derive_radii(page, rule, ready, kind, values)
            if found is not None:
                radii[name] = found
    return Derived(values, radii, shapes)


def _derive_true_values(
    page: Page, rule: Rule, ready: ReadyCase
) -> tuple[list[Interval], dict[str, Any]]:
    """The true values, with as many bits as it takes to round each of them with certainty.

    Raises ArithmeticError where `MOST_BITS` do not suffice.
    """
    bits = BITS
    while True:
        try:
            with rounding_as(None, bits):
                values, shapes = _run_case(page, rule, ready)
                for value in values:
                    value.nearest()
                return values, shapes
        except ArithmeticError:
            bits *= 4
            if bits > MOST_BITS:
                raise


def _leaves_unchanged(ready: ReadyCase, values: list[Interval]) -> bool:
    start = [number for t in ready.inputs.get("params", ()) for number in t["data"]]
    return [v.nearest() for v in values] == start * (len(values) // max(len(start), 1))


def _derive_radii(
    page: Page, rule: Rule, ready: ReadyCase, kind: FloatType, values: list[Interval]
) -> list[float] | None:
    """The radius of every value in the arithmetic of `kind`, or None if it does not serve."""
    try:
        with rounding_as(kind):
            rounded, shapes = _run_case(page, rule, ready)
    except UnboundedError:
        return None
    radii = [_measure_radius(r, v) for r, v in zip(rounded, values)]
    sizes = [0.0 if isinstance(v.x, float) else abs(v.nearest()) for v in values]
    for part in _split_outputs(page, ready, shapes):
        # An output that is zero throughout is measured by the others.
        size = max(sizes[part], default=0.0) or max(sizes, default=0.0)
        if max(radii[part], default=0.0) * ORDERS > CAP * size:
            radii[part] = [math.inf] * len(radii[part])  # this output is not judged in this type
    return None if radii and min(radii) == math.inf else radii


def _split_outputs(page: Page, ready: ReadyCase, shapes: Mapping[str, Any]) -> Iterator[slice]:
    """Where the numbers of each output, in training of each step, lie among all numbers."""
    times = len(ready.keep) if ready.keep else max(count_steps(page, ready), 1)
    parts = times if page.kind == TRAINING else 1
    return split_outputs(shapes, times, parts)


def _measure_radius(rounded: Interval, true: Interval) -> float:
    return 0.0 if isinstance(true.x, float) else rounded.radius(true.x.mid())


def _run_case(page: Page, rule: Rule, ready: ReadyCase) -> tuple[list[Interval], dict[str, Any]]:
    """The numbers that a rule returns, in order, and the shapes that they come in."""
    arrays = map_tensors(lambda t: enclose_all(to_array(t, np.float64)), ready.inputs)
    constant = enclose_constant(VARIANT_HYPERPARAMETER)
    named = enclose_hyperparameters(ready)
    named |= dict.fromkeys(page.variant_hyperparameters(rule), constant)
    outputs = run_rule(page, rule, arrays, named, INTERVAL_FUNCTIONS, own_count=ready.count == OWN)
    if ready.keep is not None:
        outputs = {name: [steps[t - 1] for t in ready.keep] for name, steps in outputs.items()}
    shapes = map_tensors(lambda leaf: list(np.shape(leaf)), outputs)
    if count_steps(page, ready):
        shapes = {name: steps[0] for name, steps in shapes.items()}
    flat = [
        x for _, leaf in iterate_tensors(outputs) for x in np.asarray(leaf, dtype=object).ravel()
    ]
    return [enclose(x) for x in flat], shapes


def enclose_hyperparameters(ready: ReadyCase) -> dict[str, Any]:
    """The hyperparameters of a case as intervals."""
    return {name: _enclose_value(value) for name, value in ready.hyperparameters.items()}


def _enclose_value(value: Any) -> Any:
    if isinstance(value, str):
        return value  # the name of an update rule
    if isinstance(value, list):
        return [_enclose_value(v) for v in value]
    return enclose_constant(value)


def _is_representable(nest: Any, kind: FloatType) -> bool:
    for _, t in iterate_tensors(nest):
        exact = to_array(t, np.float64)
        with np.errstate(all="ignore"):
            if not np.array_equal(exact.astype(kind.dtype).astype(np.float64), exact, True):
                return False
    return True
