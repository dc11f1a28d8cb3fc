"""An update rule over steps and tensors, with a mistake around its formula: `case -> numbers`.

The formula is right, and what it is given is not. A mistake is data: what it changes in the loop.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct

from trainspec.conformance.arithmetic.float64 import FLOAT64_FUNCTIONS
from trainspec.conformance.basics.float_types import FloatArray
from trainspec.conformance.basics.tensors import map_tensors, to_array
from trainspec.conformance.cases.case import Case
from trainspec.conformance.pages.rule import Rule, execute_lines

Arrays = Sequence[Any]


class Moment(Struct, frozen=True):
    """Where the loop is: step `t`, from 1, and the tensor `k`; all gradients, and all rates.

    `made` counts the steps that this tensor has made.
    """

    t: int
    k: int
    params: Arrays
    grads: Sequence[Arrays]
    rates: Sequence[float]
    made: int

    @property
    def g(self) -> Any:
        """The gradient of now."""
        return self.grads[self.t - 1][self.k]


class StateMistake(Struct, frozen=True):
    """A mistake in the loop around the formula. Each function that is set returns what is used in
    place of the right value.

    `owner` says whose state is used (a tensor's number, or any other name for it), `reader` which
    tensor's state the formula reads though each keeps its own, `count` the step count, `gradient`
    and `rate` what the formula reads, `moves` which elements are updated, `forgets` whether state
    is lost before the step, `repeats` how often a step is made. `shown` makes what is returned of
    the values of a tensor so far, the first ones included.
    """

    name: str
    text: str
    owner: Callable[[Moment], Hashable] | None = None
    reader: Callable[[Moment], int] | None = None
    count: Callable[[Moment], int] | None = None
    gradient: Callable[[Moment], Any] | None = None
    rate: Callable[[Moment], float] | None = None
    moves: Callable[[Moment], Any] | None = None
    forgets: Callable[[Moment], bool] | None = None
    repeats: int = 1
    shown: Callable[[Arrays], Any] | None = None


def run_mistake(mistake: StateMistake, case: Case, rule: Rule) -> FloatArray:
    """What the rule returns on a case with the mistake, in float64, flat; NaN where it breaks."""
    inputs = map_tensors(lambda t: to_array(t, np.float64), case.inputs)
    given = case.numbers()
    try:
        with np.errstate(all="ignore"):
            after = _run(mistake, rule, inputs, given)
    except (ArithmeticError, ValueError, IndexError, TypeError, NameError):
        return np.full(case.expected.shape, np.nan)
    kept = [after[t - 1] for t in case.keep] if case.keep else after
    flat = [np.asarray(W, dtype=np.float64).ravel() for params in kept for W in params]
    return np.concatenate(flat) if flat else np.empty(0)


def _run(
    mistake: StateMistake, rule: Rule, inputs: Mapping[str, Any], given: Mapping[str, Any]
) -> list[list[Any]]:
    params, grads = list(inputs["params"]), inputs["grads"]
    rates = given["learning_rate"]
    fixed = {**FLOAT64_FUNCTIONS, **given, "tensors": len(params)}
    start, _ = rule.code
    states: dict[Hashable, dict[str, Any]] = {}
    made = [0 for _ in params]
    after, shown = [list(params)], []
    for t in range(1, len(grads) + 1):
        for k in range(len(params)):
            now = Moment(t, k, params, grads, rates, made[k])
            mask = mistake.moves(now) if mistake.moves else True
            if not np.any(mask):
                continue
            made[k] += 1
            now = Moment(t, k, params, grads, rates, made[k])
            own = mistake.owner(now) if mistake.owner else k
            if mistake.forgets and mistake.forgets(now):
                states[own] = {}
            for _ in range(mistake.repeats):
                before = states.get(own, {})
                names = {**fixed, **before, "tensor": k, "W": params[k]}
                names["t"] = mistake.count(now) if mistake.count else t
                names["learning_rate"] = mistake.rate(now) if mistake.rate else rates[t - 1]
                names["g"] = mistake.gradient(now) if mistake.gradient else now.g
                if not before:
                    execute_lines(start, names)
                old = {name: names.get(name, 0.0) for name in rule.state}
                read = states.get(mistake.reader(now)) if mistake.reader else None
                kept = _execute_reading(rule, names, read)
                states[own] = {n: np.where(mask, kept[n], old[n]) for n in rule.state}
                params[k] = np.where(mask, names["W"], params[k])
        after.append(list(params))
        show = mistake.shown or (lambda values: values[-1])
        shown.append([show(values) for values in zip(*after)])
    return shown


def _execute_reading(
    rule: Rule, names: dict[str, Any], read: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Run the formula's lines, and return the state that they make.

    Where another state is `read`, each slot takes its value from there once it is made: repeated
    or cut off, if the shapes differ.
    """
    kept: dict[str, Any] = {slot: names.get(slot) for slot in rule.state}
    for line, code in zip(rule.body, rule.code[1]):
        execute_lines((code,), names)
        if line.name in kept:
            kept[line.name] = names[line.name]
            if read:
                names[line.name] = _fit_shape(read[line.name], np.shape(kept[line.name]))
    return kept


def _fit_shape(values: Any, shape: tuple[int, ...]) -> Any:
    if np.shape(values) == shape:
        return values
    return np.resize(values, shape) if np.size(values) else np.zeros(shape)
