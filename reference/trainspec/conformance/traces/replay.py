"""Replaying a trace by a rule: every step from the recorded parameters before it.

In float64 over many candidates of constants at once, to search; and in enclosed arithmetic, to
judge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trainspec.conformance.arithmetic.enclosed import (
    Roundings,
    enclose_constants,
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
#: So many numbers are judged at a time: they fit into a processor's cache.
CHUNK = 8192
Names = dict[str, Any]


def replay(
    trace: Trace, rule: Rule, constants: Mapping[str, Any], rates: Sequence[Any] | None
) -> tuple[Array, list[Any]]:
    """What the rule predicts, (candidates, T, N), and the learning rate of every step.

    `constants` are columns, one row for each candidate. Where `rates` is None each step has the
    rate with which its prediction fits best.
    """
    start, body = rule.code
    fixed = {**FLOAT64_FUNCTIONS, **constants}
    state: Names = dict(trace.state or {})
    predicted, found = [], []
    with np.errstate(all="ignore"):
        for index in range(trace.steps):
            t = trace.first_step + index
            names = {**fixed, **state, "t": t, "g": trace.grads[index], "W": trace.params[index]}
            names[RATE] = 1.0 if rates is None else rates[index]
            if index == 0 and not trace.state:
                execute_lines(start, names)
            if rates is None:
                rate = _fit_rate(trace, index, body, names)
            else:
                rate = rates[index]
            found.append(rate)
            names[RATE] = rate
            execute_lines(body, names)
            predicted.append(names["W"])
            state = {name: names[name] for name in rule.state}
    shape = np.broadcast_shapes(*(np.shape(p) for p in predicted))
    return np.stack([np.broadcast_to(p, shape) for p in predicted], axis=-2), found


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

    def constant(value: float) -> Any:
        return enclose_constants(roundings, value)

    fixed = {**ENCLOSED_FUNCTIONS, **{k: constant(v) for k, v in constants.items()}}
    state: Names = {k: enclose_exact(roundings, v) for k, v in (trace.state or {}).items()}
    start, body = rule.code
    misses = []
    for index, rate in enumerate(rates):
        names = {**fixed, **state, "t": trace.first_step + index, RATE: constant(float(rate))}
        names["W"] = enclose_exact(roundings, trace.params[index])
        names["g"] = enclose_exact(roundings, trace.grads[index])
        if index == 0 and not trace.state:
            execute_lines(start, names)
            # Bare numbers that a state starts with become arrays, as everything else is.
            names |= {slot: enclose_like(names["W"], names[slot]) for slot in rule.state}
        execute_lines(body, names)
        misses.append(_measure(trace.params[index + 1], names["W"]))
        state = {name: names[name] for name in rule.state}
    return np.stack(misses)


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
