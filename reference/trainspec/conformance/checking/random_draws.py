"""Asking an implementation for random draws of its own, and judging them.

An implementation that offers ``xavier_draw``, or the like for any page with a table of draws, is
asked with several seeds, and with the first one again, in float64 or, where it has none, in
float32. Statistics judge the random numbers. Where the rule has other inputs besides, as
dropout's has, the random numbers are read off the answer first, and then the whole answer is
judged exactly, as the rule says with those numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from trainspec.conformance.arithmetic.float64 import FLOAT64_FUNCTIONS
from trainspec.conformance.arithmetic.run import run_rule
from trainspec.conformance.basics.float_types import FloatArray
from trainspec.conformance.basics.names import (
    Offering,
    Subject,
    draw_case,
    draw_function,
    make_case_id,
    operation_of,
)
from trainspec.conformance.basics.tensors import to_array, to_tensor
from trainspec.conformance.cases.case import Case
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.cases.result import CallError, Outcome, Result
from trainspec.conformance.checking.answer import collect_answer, judge_answer
from trainspec.conformance.checking.distributions import make_distribution
from trainspec.conformance.checking.random_tests import (
    ALPHA,
    INDEPENDENCE,
    Finding,
    judge_mask,
    judge_normal,
    judge_values,
)
from trainspec.conformance.implementations.protocol import Implementation, list_offerings
from trainspec.conformance.pages.page import UNIFORM, Draws, Page, load_page
from trainspec.conformance.pages.rule import Rule

SEEDS = (1, 2, 3, 4)
DRAWING_TYPES = ("float64", "float32")
#: What the other inputs of a rule are made of. Every product and quotient by a power of two is
#: exact in every type, so that no order of operations rounds; a zero shows a mask that is taken
#: from the outputs. The lengths have no common factor with the sizes of the tensors.
PATTERNS = ((1.0, -2.0, 0.5, 4.0, -1.0, 0.0, 2.0), (1.0, -0.5, 2.0, -1.0, 0.25))
#: A uniform number that is as low as can be, and one that is as high.
LOWEST, HIGHEST = 0.0, 1.0 - 2.0**-24
MASK_ALONE = (
    "the answer is a mask alone: how the outputs are scaled, the backward pass, the test pass, and "
    "whether a second call draws another mask are not checked; take x and dy to have them checked"
)


@dataclass(frozen=True, eq=False)
class Drawn:
    """The answers to one request: an array of the first output's shape for every seed.

    Where the rule has other inputs the arrays are masks, 1 where a unit is kept. `again` was asked
    with the first one's seed.
    """

    page: Page
    draws: Draws
    form: str
    arrays: Sequence[FloatArray]
    again: FloatArray


def check_draws(
    implementation: Implementation,
    techniques: Sequence[str],
    kinds: Sequence[str],
    declared: Mapping[str, str] | None = None,
) -> Iterator[Result]:
    """The results of every technique whose draws are offered, in every form that is offered.

    `declared` (operation -> form) says which form the main function is.
    """
    kind = next((k for k in kinds if k in DRAWING_TYPES), "")
    for technique in techniques if kind else ():
        offered = list_draws(implementation, operation_of(technique))
        page = load_page(technique) if offered else None
        for offering in offered if page and page.draws else ():
            assert page is not None
            form = offering.form or (declared or {}).get(page.name, "")
            for number, draws in enumerate(page.draws, 1):
                asking = _Asking(page, draws, number, form, offering.form)
                yield from _check_request(implementation, asking, kind)


def list_draws(implementation: Implementation, operation: str) -> list[Offering]:
    """The functions of an operation that draw: the main one, and those of further forms."""
    name = draw_function(operation)
    main = [Offering(name)] if implementation.offers(name) else []
    return main + list_offerings(implementation, name)


@dataclass(frozen=True)
class _Asking:
    """One request of a page, in one form of one function that draws."""

    page: Page
    draws: Draws
    number: int
    form: str
    offered: str

    def case(self, seed: int, *, alone: bool = False) -> Case:
        """The request with a seed; `alone` asks for the mask and nothing else."""
        page, shape = self.page, list(self.draws.shape)
        inputs = {} if alone else make_other_inputs(page, self.draws)
        sizes = {"rows": shape[0] * shape[1], "columns": shape[2]} if alone else {}
        outputs = page.outputs[:1] if alone or not inputs else page.outputs
        (first, *_) = load_cases([page.technique])
        return replace(
            first,
            level="statistics",
            requirement="MUST",
            clauses=(self.draws.clause,),
            why="Draws of the implementation's own; see spec/statistics.md.",
            link="",
            inputs=inputs,
            hyperparameters={"seed": seed, **self.draws.request, **sizes},
            outputs=dict.fromkeys(outputs, list(sizes.values()) or shape),
            steps=None,
            keep=None,
            expected=np.empty(0),
            tolerance={},
            margins={},
            variants={},
            rejects="",
            form=self.form,
            offered=self.offered,
            subject=Subject.DRAW,
            draw=draw_function(page.name),
        )

    def name(self, case: Case, finding: str, clause: str) -> Case:
        """The case under the name of a finding, with the clause that the finding is about."""
        name = draw_case(finding if self.number == 1 else f"{self.number}-{finding}")
        return replace(case, id=make_case_id(case.operation, name), name=name, clauses=(clause,))


def make_other_inputs(page: Page, draws: Draws) -> dict[str, Any]:
    """The inputs of the rule that are not drawn, as a file holds them."""
    names = (name for name in page.inputs if name != draws.input)
    return _fill_inputs(tuple(names), draws.shape)


def make_other_arrays(page: Page, draws: Draws) -> dict[str, FloatArray]:
    """The same as arrays."""
    names = (name for name in page.inputs if name != draws.input)
    return _fill_arrays(tuple(names), draws.shape)


@cache
def _fill_arrays(names: tuple[str, ...], shape: tuple[int, ...]) -> dict[str, FloatArray]:
    return {name: to_array(t, np.float64) for name, t in _fill_inputs(names, shape).items()}


@cache
def _fill_inputs(names: tuple[str, ...], shape: tuple[int, ...]) -> dict[str, Any]:
    return {
        name: to_tensor(np.resize(PATTERNS[index % len(PATTERNS)], shape))
        for index, name in enumerate(names)
    }


def _check_request(implementation: Implementation, asking: _Asking, kind: str) -> Iterator[Result]:
    """The results of one request: what statistics find, and the exact judgement of the answer."""
    accepted = implementation.accepts(asking.case(SEEDS[0]).entry_point)
    alone = bool(make_other_inputs(asking.page, asking.draws)) and "rows" in accepted
    cases = [asking.case(seed, alone=alone) for seed in (*SEEDS, SEEDS[0])]
    first = asking.name(cases[0], "draw", asking.draws.clause)
    try:
        answers = [implementation.call(case, kind) for case in cases]
        collected = [collect_answer(case, kind, answer) for case, answer in zip(cases, answers)]
        for numbers in collected:
            if numbers.misshapen:
                raise CallError(Outcome.WRONG, numbers.misshapen)
    except CallError as error:
        yield Result(first, kind, error.outcome, str(error))
        return
    if not cases[0].inputs:
        kind = collected[0].narrowest()  # nothing tells a function without inputs which type
    drawn = _make_drawn(asking, [numbers.joined() for numbers in collected], alone)
    for finding in judge_draws(drawn):
        passed = finding.p >= ALPHA
        independence = finding.name.startswith(INDEPENDENCE)
        clause = asking.draws.independence if independence else asking.draws.clause
        case = asking.name(cases[0], finding.name, clause)
        outcome = Outcome.PASS if passed else Outcome.WRONG
        message = "" if passed else f"{finding.seen} (p {finding.p:.1g})"
        yield Result(case, kind, outcome, message, drawn=drawn)
    if alone:
        case = asking.name(cases[0], "whole", asking.draws.clause)
        yield Result(case, kind, Outcome.UNSUPPORTED, MASK_ALONE)
    elif cases[0].inputs and _is_exact(drawn):
        yield _judge_whole(asking, cases, answers, drawn, kind)


def _make_drawn(asking: _Asking, whole: Sequence[FloatArray], alone: bool) -> Drawn:
    """The numbers of the first output of every answer, in their shape; the last is `again`."""
    draws = asking.draws
    size = int(np.prod(draws.shape))
    arrays = [answer[:size].reshape(draws.shape) for answer in whole]
    drawn = Drawn(asking.page, draws, asking.form, arrays[:-1], arrays[-1])
    if draws.distribution == UNIFORM and not alone:
        masks = [read_mask(drawn, answer) for answer in whole]
        return replace(drawn, arrays=masks[:-1], again=masks[-1])
    return drawn


def _judge_whole(
    asking: _Asking, cases: Sequence[Case], answers: Sequence[Any], drawn: Drawn, kind: str
) -> Result:
    """The exact judgement of the whole answers: the first that is wrong, or the first."""
    results = []
    for case, answer, mask in zip(cases, answers, drawn.arrays):
        exact = asking.name(make_exact_case(case, drawn, mask), "whole", "")
        exact = replace(exact, clauses=load_cases([asking.page.technique])[0].clauses)
        results.append(judge_answer(exact, kind, answer))
    return next((r for r in results if r.outcome.fails), results[0])


def _is_exact(drawn: Drawn) -> bool:
    """Whether the rule's values need no rounding: they are the same in a narrow type."""
    inputs = make_other_arrays(drawn.page, drawn.draws)
    values = [
        array
        for u in (LOWEST, HIGHEST)
        for array in _run(
            drawn, {**inputs, drawn.draws.input: np.full(drawn.draws.shape, u)}
        ).values()
    ]
    return all(np.array_equal(v, v.astype(np.float32).astype(np.float64)) for v in values)


def make_exact_case(case: Case, drawn: Drawn, mask: FloatArray) -> Case:
    """The request as a case with exact values: the drawn input is the mask that was read off."""
    kept, dropped = (HIGHEST, LOWEST) if _keeps_high(drawn) else (LOWEST, HIGHEST)
    number = {"shape": list(mask.shape), "data": np.where(mask == 1, kept, dropped).ravel()}
    inputs = {
        name: number if name == drawn.draws.input else case.inputs[name]
        for name in drawn.page.inputs
    }
    drawn_array = {drawn.draws.input: to_array(number, np.float64)}
    values = _run(drawn, {**make_other_arrays(drawn.page, drawn.draws), **drawn_array})
    expected = np.concatenate([values[name].ravel() for name in case.outputs])
    return replace(
        case,
        inputs=inputs,
        hyperparameters=dict(drawn.draws.request),
        expected=expected,
        tolerance=dict.fromkeys(DRAWING_TYPES, np.zeros_like(expected)),
    )


def read_mask(drawn: Drawn, answer: FloatArray) -> FloatArray:
    """Which units were kept, 1 or 0, as the answer shows.

    An output that is just what a dropped unit gives is a dropped unit; where the first output
    cannot tell, as of an input of 0, the next one does.
    """
    arrays = make_other_arrays(drawn.page, drawn.draws)
    shape = drawn.draws.shape
    extreme = {
        u: _run(drawn, {**arrays, drawn.draws.input: np.full(shape, u)}) for u in (LOWEST, HIGHEST)
    }
    kept, dropped = (HIGHEST, LOWEST) if _keeps_high(drawn) else (LOWEST, HIGHEST)
    mask = np.full(shape, np.nan)
    parts = np.split(answer, len(drawn.page.outputs))
    for name, part in zip(drawn.page.outputs, parts):
        one, zero = extreme[kept][name], extreme[dropped][name]
        told = np.isnan(mask) & (one != zero)
        if not np.isnan(part).all():  # an output that the implementation does not have
            mask[told] = (part.reshape(shape) != zero)[told]
    # What no output shows is filled in with the right rate, so that it speaks for nobody.
    unknown = np.isnan(mask)
    own = np.random.default_rng(np.frombuffer(answer.tobytes(), np.uint32))
    mask[unknown] = (own.random(shape) < kept_share(drawn))[unknown]
    return mask


def _keeps_high(drawn: Drawn) -> bool:
    """Whether the units with high uniform numbers are those that are kept."""
    first = drawn.page.outputs[0]
    ones = {name: np.ones(1) for name in drawn.page.inputs}
    low, high = (
        abs(_run(drawn, {**ones, drawn.draws.input: np.full(1, u)})[first]).item()
        for u in (LOWEST, HIGHEST)
    )
    return bool(high > low)


def kept_share(drawn: Drawn, rule: Rule | None = None) -> float:
    """The probability that a rule, the asked form's if none is given, keeps a unit."""
    first = drawn.page.outputs[0]
    u = (np.arange(4096) + 0.5) / 4096
    ones = {name: np.ones_like(u) for name in drawn.page.inputs}
    outputs = _run(drawn, {**ones, drawn.draws.input: u}, rule)
    return float(np.mean(np.broadcast_to(outputs[first], u.shape) != 0))


def _run(drawn: Drawn, inputs: Mapping[str, Any], rule: Rule | None = None) -> dict[str, Any]:
    """The outputs of a rule, the asked form's if none is given, in float64."""
    given = {k: float(v) for k, v in drawn.draws.request.items() if k in drawn.page.parameters}
    rule = rule or drawn.page.rule_of_form(drawn.form)
    return run_rule(drawn.page, rule, inputs, given, FLOAT64_FUNCTIONS)


def judge_draws(drawn: Drawn) -> Iterator[Finding]:
    """The findings of the statistics."""
    if drawn.draws.distribution == UNIFORM:
        return judge_mask(drawn.arrays, drawn.again, 1 - kept_share(drawn))
    asked = make_distribution(drawn.page, drawn.page.rule_of_form(drawn.form), drawn.draws.request)
    if asked.is_normal:
        return judge_normal(drawn.arrays, drawn.again, asked.deviation)
    return judge_values(drawn.arrays, drawn.again, asked)
