"""One rule over the steps of a trace, each from the recorded parameters before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from trainspec.conformance.pages.rule import Rule, execute_lines
from trainspec.conformance.traces.trace import Trace

RATE = "learning_rate"
Names = dict[str, Any]


def walk(
    trace: Trace,
    rule: Rule,
    fixed: Names,
    rates: Sequence[Any] | None,
    before: Mapping[str, Any] | None,
    enclose: Callable[[Any], Any] = lambda value: value,
) -> Iterator[tuple[Any, Any, Names]]:
    """What a rule predicts for every step, the rate of the step, and the state after it.

    `before` is the state before the first step, or None where that is the start of training.
    Where `rates` is None each step has the rate with which its prediction fits best. `enclose`
    makes arrays of the trace, and bare numbers, the kind of number to compute with.
    """
    start, body = rule.code
    state: Names = {slot: enclose(values) for slot, values in (before or {}).items()}
    for index in range(trace.steps):
        names = {**fixed, **state, "t": trace.number(index)}
        names["W"], names["g"] = enclose(trace.params[index]), enclose(trace.grads[index])
        names[RATE] = 1.0 if rates is None else rates[index]
        if index == 0 and not before:
            execute_lines(start, names)
            names |= {slot: enclose(names[slot]) for slot in rule.state}
        if rates is None:
            names[RATE] = _fit_rate(trace, index, body, names)
        execute_lines(body, names)
        state = {slot: names[slot] for slot in rule.state}
        yield names["W"], names[RATE], state


def predict(
    trace: Trace,
    rule: Rule,
    fixed: Names,
    rates: Sequence[Any] | None,
    before: Mapping[str, Any] | None,
) -> Any:
    """The parameters that a rule predicts after every step, (candidates, T, N)."""
    found = [np.atleast_2d(W) for W, _, _ in walk(trace, rule, fixed, rates, before)]
    rows = max(len(W) for W in found)
    return np.stack([np.broadcast_to(W, (rows, trace.size)) for W in found], axis=1)


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
