"""How far a recorded run is from a rule: `trace, rule, constants -> misses, in tolerances`.

Every step is predicted from the recorded parameters before it, in enclosed arithmetic, with a bound
on what an implementation in the type may round.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from trainspec.conformance.arithmetic.enclosed import (
    Roundings,
    enclose_exact,
    enclose_like,
)
from trainspec.conformance.arithmetic.enclosed_functions import follow_roundings
from trainspec.conformance.arithmetic.float64 import FLOAT64_FUNCTIONS
from trainspec.conformance.basics.float_types import TYPES
from trainspec.conformance.derivation.chosen_constants import ORDERS
from trainspec.conformance.pages.rule import Rule
from trainspec.conformance.traces.state import Slots, infer_state
from trainspec.conformance.traces.trace import Trace
from trainspec.conformance.traces.walk import walk

Array = Any

#: How many numbers are judged at a time: few enough for a processor's cache.
CHUNK = 8192


def fit_rates(trace: Trace, rule: Rule, constants: Mapping[str, Any]) -> list[Any]:
    """The learning rate of every step with which its prediction fits best, for each candidate."""
    with np.errstate(all="ignore"):
        walked = walk(trace, rule, {**FLOAT64_FUNCTIONS, **constants}, None, trace.state)
        return [rate for _, rate, _ in walked]


def measure_misses(
    trace: Trace,
    rule: Rule,
    constants: Mapping[str, float],
    rates: Sequence[float],
    guess: Slots | None = None,
) -> Array:
    """How far every recorded number is from the rule's, in tolerances, (T, N).

    A state that was not recorded is inferred, from a `guess` where there is one.
    Infinite where the tolerance is 0 and the number differs, NaN where the type has no bound.
    """
    parts = []
    for start in range(0, trace.size, CHUNK):
        chunk = slice(start, start + CHUNK)
        near = guess and guess.take(chunk)
        parts.append(_measure_part(trace.take(chunk), rule, constants, rates, near))
    return np.concatenate(parts, axis=1)


def _measure_part(
    trace: Trace,
    rule: Rule,
    constants: Mapping[str, float],
    rates: Sequence[float],
    guess: Slots | None,
) -> Array:
    roundings = Roundings((TYPES[trace.kind],))

    def enclose(value: Any) -> Any:
        """Arrays of the trace are exact in its type; bare numbers of a rule are constants."""
        if isinstance(value, np.ndarray):
            return enclose_exact(roundings, value)
        return enclose_like(one, value)

    def measure(hold: Callable[[Any], Any]) -> Array:
        fixed = {**follow_roundings(roundings), **{n: hold(v) for n, v in constants.items()}}
        walked = walk(trace, rule, fixed, [hold(float(rate)) for rate in rates], before, enclose)
        return np.stack([_measure(W, found) for W, (found, *_) in zip(trace.params[1:], walked)])

    one = enclose_exact(roundings, 1.0)
    slots = infer_state(trace, rule, {**FLOAT64_FUNCTIONS, **constants}, rates, guess)
    before = Slots(slots.names, slots.values[:, 0]).state(trace)
    misses = measure(enclose)
    if trace.coarse and np.isnan(misses).any():
        # In bfloat16 0.999 rounds to 1, and 1 - beta2 has no bound. Programs compute with such
        # numbers in float64, before they meet a tensor.
        misses = np.where(np.isnan(misses), measure(float), misses)
    return misses


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
