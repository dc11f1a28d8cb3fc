"""Asking an implementation for random draws of its own, and judging them by statistics.

An implementation that offers ``xavier_draw``, or the like for any page with a table of draws, is
asked for several matrices, each with a seed of its own, and for the first one again, in float64
or, where it has none, in float32.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from trainspec.conformance.arithmetic.float64 import FLOAT64_FUNCTIONS
from trainspec.conformance.arithmetic.run import run_rule
from trainspec.conformance.basics.names import (
    Subject,
    draw_case,
    draw_function,
    make_case_id,
    operation_of,
)
from trainspec.conformance.cases.case import Case
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.cases.result import CallError, Outcome, Result
from trainspec.conformance.checking.answer import flatten_answer
from trainspec.conformance.checking.random_tests import ALPHA, Finding, judge_mask, judge_normal
from trainspec.conformance.implementations.protocol import Implementation
from trainspec.conformance.pages.page import Draws, Page, load_page

SEEDS = (1, 2, 3, 4)
DRAWING_TYPES = ("float64", "float32")


def check_draws(
    implementation: Implementation, techniques: Sequence[str], kinds: Sequence[str]
) -> Iterator[Result]:
    """The results of the random tests of every technique whose draws are offered."""
    kind = next((k for k in kinds if k in DRAWING_TYPES), "")
    for technique in techniques if kind else ():
        if implementation.offers(draw_function(operation_of(technique))):
            page = load_page(technique)
            if page.draws:
                yield from _check_technique(implementation, page, page.draws, kind)


def _check_technique(
    implementation: Implementation, page: Page, draws: Draws, kind: str
) -> Iterator[Result]:
    asked = [make_draw_case(page, draws, seed) for seed in (*SEEDS, SEEDS[0])]
    try:
        arrays = [
            flatten_answer(case, kind, implementation.call(case, kind))[0].reshape(draws.shape)
            for case in asked
        ]
    except CallError as error:
        yield Result(asked[0], kind, error.outcome, str(error))
        return
    for finding in judge_draws(page, draws, arrays[:-1], arrays[-1]):
        passed = finding.p >= ALPHA
        case = make_draw_case(page, draws, SEEDS[0], finding.name)
        outcome = Outcome.PASS if passed else Outcome.WRONG
        yield Result(case, kind, outcome, "" if passed else f"{finding.seen} (p {finding.p:.1g})")


def judge_draws(page: Page, draws: Draws, arrays: Sequence[Any], again: Any) -> Iterator[Finding]:
    """The findings on matrices that were drawn as the page asks.

    `again` was drawn with the first one's seed.
    """
    if draws.distribution == "mask":
        return judge_mask(arrays, again, draws.request["ratio"])
    return judge_normal(arrays, again, expected_deviation(page, draws))


def expected_deviation(page: Page, draws: Draws) -> float:
    """The standard deviation that the page's rule sets: its first output for a normal of 1."""
    given = {k: float(v) for k, v in draws.request.items() if k in page.parameters}
    inputs = {page.inputs[0]: np.array(1.0)}
    outputs = run_rule(page, page.rule, inputs, given, FLOAT64_FUNCTIONS)
    return float(outputs[page.outputs[0]])


def make_draw_case(page: Page, draws: Draws, seed: int, finding: str = "draw") -> Case:
    """The case that asks for draws with a seed, or that holds one finding about them."""
    (first, *_) = load_cases([page.technique])
    name = draw_case(finding)
    return replace(
        first,
        id=make_case_id(page.name, name),
        name=name,
        level="statistics",
        requirement="MUST",
        clauses=(draws.clause,),
        why="Draws of the implementation's own; see spec/statistics.md.",
        link="",
        inputs={},
        hyperparameters={"seed": seed, **draws.request},
        outputs={page.outputs[0]: list(draws.shape)},
        steps=None,
        keep=None,
        expected=np.empty(0),
        tolerance={},
        margins={},
        variants={},
        subject=Subject.DRAW,
        draw=draw_function(page.name),
    )
