"""Rules that draw, run with given numbers: `answer -> mask`, and `mask -> exact values`.

Where a rule has other inputs than the numbers that it draws, as dropout's has, the mask that an
implementation drew is read off its answer. With that mask the rule says exactly what the whole
answer is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache, cached_property
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from trainspec.conformance.arithmetic.float64 import FLOAT64_FUNCTIONS
from trainspec.conformance.arithmetic.run import run_rule
from trainspec.conformance.basics.float_types import FloatArray
from trainspec.conformance.basics.tensors import to_array
from trainspec.conformance.cases.case import Case
from trainspec.conformance.pages.page import Page
from trainspec.conformance.pages.parts import Draws
from trainspec.conformance.pages.rule import Rule

#: The types in which an implementation may be asked to draw.
DRAWING_TYPES = ("float64", "float32")
#: What the other inputs of a rule are made of. Every product and quotient by a power of two is
#: exact in every type, so that no order of operations rounds; a zero shows a mask that is taken
#: from the outputs. The lengths have no common factor with the sizes of the tensors.
PATTERNS = ((1.0, -2.0, 0.5, 4.0, -1.0, 0.0, 2.0), (1.0, -0.5, 2.0, -1.0, 0.25))
#: A uniform number that is as low as can be, and one that is as high.
LOWEST, HIGHEST = 0.0, 1.0 - 2.0**-24


class DrawingRule(Struct, frozen=True, eq=False, dict=True):
    """The rule of a page in one form, for one row of the page's table of draws."""

    page: Page
    draws: Draws
    form: str

    @cached_property
    def other_inputs(self) -> dict[str, Any]:
        """The inputs that are not drawn, as a file holds them."""
        names = [name for name in self.page.inputs if name != self.draws.input]
        return {name: _fill_tensor(index, self.draws.shape) for index, name in enumerate(names)}

    @cached_property
    def is_exact(self) -> bool:
        """Whether the rule's values need no rounding: they are the same in a narrow type."""
        values = [array for outputs in self._extremes for array in outputs.values()]
        return all(np.array_equal(v, v.astype(np.float32).astype(np.float64)) for v in values)

    def kept_share(self, rule: Rule | None = None) -> float:
        """The probability that a rule, this one if none is given, keeps a unit."""
        u = (np.arange(4096) + 0.5) / 4096
        outputs = self._run(self._ones(u) | {self.draws.input: u}, rule)
        return float(np.mean(np.broadcast_to(outputs[self.page.outputs[0]], u.shape) != 0))

    def read_mask(self, answer: FloatArray) -> FloatArray:
        """Which units were kept, 1 or 0, as an answer shows.

        A unit counts as dropped if its output is exactly what a dropped unit returns. Where the
        first output is the same for kept and dropped units, as for an input of 0, the next output
        decides.
        """
        kept, dropped = self._extremes
        mask = np.full(self.draws.shape, np.nan)
        for name, part in zip(self.page.outputs, np.split(answer, len(self.page.outputs))):
            told = np.isnan(mask) & (kept[name] != dropped[name])
            if not np.isnan(part).all():  # an output that the implementation does not have
                mask[told] = (part.reshape(mask.shape) != dropped[name])[told]
        # What no output shows is filled in with the right rate, so that it speaks for nobody.
        unknown = np.isnan(mask)
        if unknown.any():
            own = np.random.default_rng(np.frombuffer(answer.tobytes(), np.uint32))
            mask[unknown] = (own.random(mask.shape) < self.kept_share())[unknown]
        return mask

    def make_exact_case(self, case: Case, mask: FloatArray) -> Case:
        """A request as a case with exact values: the drawn input is the mask that was read off."""
        kept, dropped = self._kept_and_dropped
        numbers = np.where(mask == 1, kept, dropped)
        drawn = {"shape": list(numbers.shape), "data": numbers.ravel()}
        inputs = {**self.other_inputs, self.draws.input: drawn}
        values = self._run({**self._other_arrays, self.draws.input: numbers})
        expected = np.concatenate([values[name].ravel() for name in case.outputs])
        return replace(
            case,
            inputs={name: inputs[name] for name in self.page.inputs},
            hyperparameters=dict(self.draws.request),
            expected=expected,
            tolerance=dict.fromkeys(DRAWING_TYPES, np.zeros_like(expected)),
        )

    @cached_property
    def _other_arrays(self) -> dict[str, FloatArray]:
        return {name: to_array(t, np.float64) for name, t in self.other_inputs.items()}

    @cached_property
    def _kept_and_dropped(self) -> tuple[float, float]:
        """A uniform number of a unit that is kept, and one of a unit that is dropped."""
        ends = np.array([LOWEST, HIGHEST])
        outputs = self._run(self._ones(ends) | {self.draws.input: ends})
        low, high = np.abs(outputs[self.page.outputs[0]])
        return (HIGHEST, LOWEST) if high > low else (LOWEST, HIGHEST)

    @cached_property
    def _extremes(self) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
        """The outputs where every unit is kept, and where every unit is dropped."""
        kept, dropped = (
            self._run({**self._other_arrays, self.draws.input: np.full(self.draws.shape, u)})
            for u in self._kept_and_dropped
        )
        return kept, dropped

    def _ones(self, like: FloatArray) -> dict[str, Any]:
        return {name: np.ones_like(like) for name in self.page.inputs}

    def _run(self, inputs: Mapping[str, Any], rule: Rule | None = None) -> dict[str, Any]:
        """The outputs of a rule, this one if none is given, in float64."""
        given = {k: float(v) for k, v in self.draws.request.items() if k in self.page.parameters}
        rule = rule or self.page.rule_of_form(self.form)
        return run_rule(self.page, rule, inputs, given, FLOAT64_FUNCTIONS)


@cache
def _fill_tensor(index: int, shape: tuple[int, ...]) -> dict[str, Any]:
    """A tensor of one of the patterns, made once for all requests."""
    data = np.resize(PATTERNS[index % len(PATTERNS)], math.prod(shape)).tolist()
    return {"shape": list(shape), "data": data}
