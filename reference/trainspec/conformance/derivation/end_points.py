"""Where the update rules' paths end on f = x²/20 + y²: true values, and a tolerance for each type.

Here a gradient depends on the step before it, so a path is derived as a whole, in every form that
needs no hyperparameter of its own. spec/effects/update_paths.md says what is compared with it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from trainspec.conformance.arithmetic.interval import (
    Interval,
    enclose,
    enclose_constant,
    rounding_as,
)
from trainspec.conformance.arithmetic.interval_functions import INTERVAL_FUNCTIONS
from trainspec.conformance.basics.float_types import TYPES
from trainspec.conformance.basics.names import display_form, technique_in
from trainspec.conformance.derivation.chosen_constants import ORDERS
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.rule import Rule, execute_lines

#: The chapter's start, number of updates, and hyperparameters.
START, STEPS = (-7.0, 2.0), 30
RULES: Mapping[str, dict[str, float]] = {
    "sgd": {"learning_rate": 0.95},
    "momentum": {"learning_rate": 0.1, "momentum": 0.9},
    "adagrad": {"learning_rate": 1.5, "epsilon": 1e-7},
    "rmsprop": {"learning_rate": 0.1, "rho": 0.99, "epsilon": 1e-7},
    "adam": {"learning_rate": 0.3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7},
}
#: The types in which end points are compared.
KINDS = ("float64", "float32")
#: Bits that leave a true path narrow enough, for all that intervals widen in 30 steps.
DIGITS = 512
DESCRIPTION = (
    "The place (x, y) after 30 updates on f = x^2/20 + y^2 from (-7, 2), derived in interval "
    "arithmetic and rounded once; tolerances as in spec/numerics.md"
)


def derive_end_points() -> dict[str, Any]:
    """The whole golden file: rule -> form -> place and tolerances."""
    points: dict[str, Any] = {}
    for name, numbers in RULES.items():
        page = load_page(technique_in("optimizers", name))
        forms = [form for form, rule in page.rules.items() if form in ("", *page.variants)]
        points[name] = {
            display_form(form): _derive(page.rules[form], numbers)
            for form in forms
            if not page.variant_hyperparameters(page.rules[form])
        }
    return {
        "description": DESCRIPTION,
        "start": START,
        "steps": STEPS,
        "hyperparameters": RULES,
        "end_points": points,
    }


def format_end_points() -> str:
    """The text of the golden file."""
    return json.dumps(derive_end_points(), indent=1) + "\n"


def _derive(rule: Rule, numbers: Mapping[str, float]) -> dict[str, Any]:
    """The end point of a form; the rules treat either coordinate by itself."""
    walks = [_Walk(rule, numbers, k) for k in range(len(START))]
    ends = [walk.derive() for walk in walks]
    (x, _), (y, _) = ends
    tolerance = {kind: [allowed[kind] for _, allowed in ends] for kind in KINDS}
    return {"x": x, "y": y, "tolerance": tolerance}


class _Walk:
    """One coordinate of a path: its places and states, exact to `DIGITS` bits."""

    def __init__(self, rule: Rule, numbers: Mapping[str, float], coordinate: int) -> None:
        self.rule, self.numbers, self.coordinate = rule, numbers, coordinate

    def derive(self) -> tuple[float, dict[str, float]]:
        """The end, rounded once, and the tolerance of each type.

        The tolerance adds up, over all steps, how far the rounding of that step can move the end
        point: the radius of one step from exact values, carried to the end by the exact rule, times
        `ORDERS`.
        """
        with rounding_as(None, DIGITS):
            states = [{"W": enclose(START[self.coordinate])}]
            for t in range(1, STEPS + 1):
                states.append(self._step(states[-1], t))
            end = states[-1]["W"]
        allowed = dict.fromkeys(KINDS, 0.0)
        for t in range(1, STEPS + 1):
            radii = {kind: self._round_step(states[t - 1], states[t], t, kind) for kind in KINDS}
            for name, value in states[t].items():
                largest = max(radii[kind][name] for kind in KINDS)
                if not largest:
                    continue
                with rounding_as(None, DIGITS):
                    moved = self._finish({**states[t], name: value + enclose(largest)}, t)
                    carried = (moved - end).radius(enclose(0).x) / largest
                for kind in KINDS:
                    allowed[kind] += ORDERS * carried * radii[kind][name]
        with rounding_as(None, DIGITS):
            return end.nearest(), allowed

    def _finish(self, state: dict[str, Interval], t: int) -> Interval:
        """The end of a path that is in this state after step `t`."""
        for later in range(t + 1, STEPS + 1):
            state = self._step(state, later)
        return state["W"]

    def _step(self, state: Mapping[str, Interval], t: int) -> dict[str, Interval]:
        """The state after one more step, in the arithmetic that is set."""
        W = state["W"]
        g = W / enclose_constant(10.0) if self.coordinate == 0 else enclose_constant(2.0) * W
        given = {name: enclose_constant(value) for name, value in self.numbers.items()}
        names = {**INTERVAL_FUNCTIONS, **given, **state, "tensors": len(START), "t": t}
        names.update(tensor=self.coordinate, W=_wrap(W), g=_wrap(g))
        names.update({name: _wrap(state[name]) for name in self.rule.state if t > 1})
        if t == 1:
            execute_lines(self.rule.code[0], names)
        execute_lines(self.rule.code[1], names)
        return {name: _unwrap(names[name]) for name in ("W", *self.rule.state)}

    def _round_step(
        self, before: Mapping[str, Interval], after: Mapping[str, Interval], t: int, kind: str
    ) -> dict[str, float]:
        """How far a type's arithmetic can be off after one step from exact values."""
        with rounding_as(TYPES[kind], DIGITS):
            rounded = self._step(before, t)
        with rounding_as(None, DIGITS):
            return {name: rounded[name].radius(value.x.mid()) for name, value in after.items()}


def _wrap(value: Interval) -> Any:
    return np.asarray(value, dtype=object)


def _unwrap(value: Any) -> Interval:
    return enclose(value.item() if isinstance(value, np.ndarray) else value)
