"""Asking an implementation for random draws of its own, and judging them.

An implementation that offers ``xavier_draw``, or the like for any page with a table of draws, is
asked with several seeds, and with the first one again, in float64 or, where it has none, in
float32. Statistics judge the random numbers. Where the rule has other inputs besides, as
dropout's has, the random numbers are read off the answer first, and then the whole answer is
judged exactly, as the rule says with those numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from trainspec.conformance.basics.float_types import FloatArray
from trainspec.conformance.basics.names import (
    Offering,
    Subject,
    draw_case,
    draw_function,
    make_case_id,
    operation_of,
)
from trainspec.conformance.cases.case import Case
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.cases.result import CallError, Outcome, Result
from trainspec.conformance.checking.answer import collect_answer, judge_answer
from trainspec.conformance.checking.distributions import make_distribution
from trainspec.conformance.checking.masks import DRAWING_TYPES, DrawingRule
from trainspec.conformance.checking.random_tests import (
    ALPHA,
    INDEPENDENCE,
    Finding,
    judge_mask,
    judge_normal,
    judge_values,
)
from trainspec.conformance.implementations.implementation import Implementation, list_offerings
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.parts import UNIFORM

SEEDS = (1, 2, 3, 4)
MASK_ALONE = (
    "the answer is a mask alone: how the outputs are scaled, the backward pass, the test pass, and "
    "whether a second call draws another mask are not checked; take x and dy to have them checked"
)


class Drawn(Struct, frozen=True, eq=False):
    """The answers to one request: an array of the first output's shape for every seed.

    Where the rule has other inputs the arrays are masks, 1 where a unit is kept. `again` was asked
    with the first one's seed.
    """

    rule: DrawingRule
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
        for offering in list_draws(implementation, operation_of(technique)):
            page = load_page(technique)
            form = offering.form or (declared or {}).get(page.name, "")
            for number, draws in enumerate(page.draws, 1):
                request = _Request(DrawingRule(page, draws, form), number, offering.form)
                yield from _check_request(implementation, request, kind)


def list_draws(implementation: Implementation, operation: str) -> list[Offering]:
    """The functions of an operation that draw: the main one, and those of further forms."""
    name = draw_function(operation)
    main = [Offering(name)] if implementation.offers(name) else []
    return main + list_offerings(implementation, name)


class _Request(Struct, frozen=True):
    """One request of a page, in one form of one function that draws."""

    rule: DrawingRule
    number: int
    offered: str

    def make_case(self, seed: int, *, alone: bool = False) -> Case:
        """The request with a seed; `alone` asks for the mask and nothing else."""
        page, draws = self.rule.page, self.rule.draws
        shape = list(draws.shape)
        inputs = {} if alone else self.rule.other_inputs
        sizes = {"rows": shape[0] * shape[1], "columns": shape[2]} if alone else {}
        outputs = page.outputs if inputs else page.outputs[:1]
        return replace(
            load_cases([page.technique])[0],
            level="statistics",
            requirement="MUST",
            clauses=(draws.clause,),
            why="Draws of the implementation's own; see spec/statistics.md.",
            link="",
            inputs=inputs,
            hyperparameters={"seed": seed, **draws.request, **sizes},
            outputs=dict.fromkeys(outputs, list(sizes.values()) or shape),
            steps=None,
            keep=None,
            expected=np.empty(0),
            tolerance={},
            margins={},
            variants={},
            rejects="",
            form=self.rule.form,
            offered=self.offered,
            subject=Subject.DRAW,
            draw=draw_function(page.name),
        )

    def name_case(self, case: Case, finding: str, clauses: Sequence[str]) -> Case:
        """The case under the name of a finding, with the clauses that the finding is about."""
        name = draw_case(finding if self.number == 1 else f"{self.number}-{finding}")
        id_ = make_case_id(case.operation, name)
        return replace(case, id=id_, name=name, clauses=tuple(clauses))


def _check_request(
    implementation: Implementation, request: _Request, kind: str
) -> Iterator[Result]:
    """The results of one request: what statistics find, and the exact judgement of the answer."""
    rule = request.rule
    clause = rule.draws.clause
    accepted = implementation.accepts(request.make_case(SEEDS[0]).entry_point)
    alone = bool(rule.other_inputs) and "rows" in accepted
    cases = [request.make_case(seed, alone=alone) for seed in (*SEEDS, SEEDS[0])]
    try:
        answers = [implementation.call(case, kind) for case in cases]
        collected = [collect_answer(case, kind, answer) for case, answer in zip(cases, answers)]
        for numbers in collected:
            if numbers.misshapen:
                raise CallError(Outcome.WRONG, numbers.misshapen)
    except CallError as error:
        case = request.name_case(cases[0], "draw", [clause])
        yield Result(case, kind, error.outcome, str(error))
        return
    if not cases[0].inputs:
        kind = collected[0].narrowest()  # nothing tells a function without inputs which type
    drawn = _make_drawn(rule, [numbers.joined() for numbers in collected], alone)
    for finding in judge_draws(drawn):
        passed = finding.p >= ALPHA
        independence = finding.name.startswith(INDEPENDENCE)
        broken = rule.draws.independence if independence else clause
        case = request.name_case(cases[0], finding.name, [broken])
        outcome = Outcome.PASS if passed else Outcome.WRONG
        message = "" if passed else f"{finding.seen} (p {finding.p:.1g})"
        yield Result(case, kind, outcome, message, drawn=drawn)
    if alone:
        case = request.name_case(cases[0], "whole", [clause])
        yield Result(case, kind, Outcome.UNSUPPORTED, MASK_ALONE)
    elif cases[0].inputs and rule.is_exact:
        yield _judge_whole(request, cases, answers, drawn, kind)


def _make_drawn(rule: DrawingRule, whole: Sequence[FloatArray], alone: bool) -> Drawn:
    """The numbers of the first output of every answer, in their shape; the last is `again`."""
    if rule.draws.distribution == UNIFORM and not alone:
        arrays = [rule.read_mask(answer) for answer in whole]
    else:
        size = int(np.prod(rule.draws.shape))
        arrays = [answer[:size].reshape(rule.draws.shape) for answer in whole]
    return Drawn(rule, arrays[:-1], arrays[-1])


def _judge_whole(
    request: _Request, cases: Sequence[Case], answers: Sequence[Any], drawn: Drawn, kind: str
) -> Result:
    """The exact judgement of the whole answers: the first that is wrong, or the first."""
    clauses = load_cases([request.rule.page.technique])[0].clauses
    results = []
    for case, answer, mask in zip(cases, answers, drawn.arrays):
        exact = request.name_case(request.rule.make_exact_case(case, mask), "whole", clauses)
        results.append(judge_answer(exact, kind, answer))
    return next((r for r in results if r.outcome.fails), results[0])


def judge_draws(drawn: Drawn) -> Iterator[Finding]:
    """The findings of the statistics."""
    page, draws = drawn.rule.page, drawn.rule.draws
    if draws.distribution == UNIFORM:
        return judge_mask(drawn.arrays, drawn.again, 1 - drawn.rule.kept_share())
    asked = make_distribution(page, page.rule_of_form(drawn.rule.form), draws.request)
    if asked.is_normal:
        return judge_normal(drawn.arrays, drawn.again, asked.deviation)
    return judge_values(drawn.arrays, drawn.again, asked)
