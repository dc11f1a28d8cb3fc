"""Replaying a trace by a rule: every step from the recorded parameters before it.

In float64 over many candidates of constants at once, to search; and in enclosed arithmetic, to
judge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from trainspec.conformance.arithmetic.enclosed import (
    Roundings,
    enclose_exact,
    enclose_like,
)
from trainspec.conformance.arithmetic.enclosed_functions import ENCLOSED_FUNCTIONS
from trainspec.conformance.arithmetic.float64 import FLOAT64_FUNCTIONS
from trainspec.conformance.basics.float_types import TYPES
from trainspec.conformance.derivation.limits import ORDERS
from trainspec.conformance.pages.rule import Rule, execute_lines
from trainspec.conformance.traces.trace import Trace

Array = Any

RATE = "learning_rate"
#: How many numbers are judged at a time: few enough for a processor's cache.
CHUNK = 8192
Names = dict[str, Any]


def replay(
    trace: Trace, rule: Rule, constants: Mapping[str, Any], rates: Sequence[Any] | None
) -> tuple[Array, list[Any]]:
    """What the rule predicts, (candidates, T, N), and the learning rate of every step.

    `constants` are columns, one row for each candidate. Where `rates` is None each step has the
    rate with which its prediction fits best.
    """
    with np.errstate(all="ignore"):
        walked = list(_walk(trace, rule, {**FLOAT64_FUNCTIONS, **constants}, rates))
    predicted, found = zip(*walked)
    shape = np.broadcast_shapes(*map(np.shape, predicted))
    return np.stack([np.broadcast_to(p, shape) for p in predicted], axis=-2), list(found)


def _walk(
    trace: Trace,
    rule: Rule,
    fixed: Names,
    rates: Sequence[Any] | None,
    enclose: Callable[[Any], Any] = lambda value: value,
) -> Iterator[tuple[Any, Any]]:
    """What a rule predicts for every step, from the recorded parameters before it, and the rate.

    `enclose` makes arrays of the trace, and bare numbers, the kind of number to compute with.
    """
    start, body = rule.code
    state: Names = {slot: enclose(values) for slot, values in (trace.state or {}).items()}
    for index in range(trace.steps):
        names = {**fixed, **state, "t": trace.number(index)}
        names["W"], names["g"] = enclose(trace.params[index]), enclose(trace.grads[index])
        names[RATE] = 1.0 if rates is None else rates[index]
        if index == 0 and not trace.state:
            execute_lines(start, names)
            names |= {slot: enclose(names[slot]) for slot in rule.state}
        if rates is None:
            names[RATE] = _fit_rate(trace, index, body, names)
        execute_lines(body, names)
        state = {slot: names[slot] for slot in rule.state}
        yield names["W"], names[RATE]


def _fit_rate(trace: Trace, index: int, body: Any, names: Names) -> Any:
    """The rate with which a step comes closest to the recorded parameters, for each candidate."""
    target = trace.params[index + 1]
    weight = 1 / np.maximum(np.abs(target), np.max(np.abs(target)) * 1e-3 + 1e-300) ** 2

    def move(rate: Any) -> Any:
        tried = {**names, RATE: rate}
        execute_lines(body, tried)
        return tried["W"]

    still = move(0.0)
    rate = np.ones((1, 1))
    for _ in range(2):  # the second time for rules that are not linear in the rate
        slope = np.atleast_2d((move(rate) - still) / rate)
        moved = np.sum(weight * slope * (target - still), axis=-1, keepdims=True)
        rate = moved / np.sum(weight * slope**2, axis=-1, keepdims=True)
        rate = np.where(np.isfinite(rate) & (rate != 0), rate, 1e-300)
    return rate


def measure_misses(
    trace: Trace, rule: Rule, constants: Mapping[str, float], rates: Sequence[float]
) -> Array:
    """How far every recorded number is from the rule's, in tolerances, (T, N).

    Infinite where it must not be off at all and is, NaN where the type has no bound.
    """
    parts = []
    for start in range(0, trace.size, CHUNK):
        part = trace.take(slice(start, start + CHUNK))
        parts.append(_measure_part(part, rule, constants, rates))
    return np.concatenate(parts, axis=1)


def _measure_part(
    trace: Trace, rule: Rule, constants: Mapping[str, float], rates: Sequence[float]
) -> Array:
    roundings = Roundings((TYPES[trace.kind],))

    def enclose(value: Any) -> Any:
        """Arrays of the trace are exact in its type; bare numbers of a rule are constants."""
        if isinstance(value, np.ndarray):
            return enclose_exact(roundings, value)
        return enclose_like(one, value)

    one = enclose_exact(roundings, 1.0)
    fixed = {**ENCLOSED_FUNCTIONS, **{name: enclose(v) for name, v in constants.items()}}
    walked = _walk(trace, rule, fixed, [enclose(float(rate)) for rate in rates], enclose)
    return np.stack([_measure(after, found) for after, (found, _) in zip(trace.params[1:], walked)])


def _measure(got: Array, enclosed: Any) -> Array:
    value, certain = enclosed.nearest()
    (bound,) = enclosed.bounds()
    with np.errstate(all="ignore"):
        far = np.abs(got - value) / (ORDERS * bound)
        same = (got == value) | (np.isnan(got) & np.isnan(value))
        far = np.where(same, 0.0, far)
    return np.where(np.isinf(bound) | ~certain & ~same, np.nan, far)


def make_columns(names: Sequence[str], rows: Array) -> dict[str, Any]:
    """Candidates, one a row, as columns by name."""
    return {name: rows[:, [index]] for index, name in enumerate(names)}
