"""Asking an implementation for random draws of its own, and judging them by statistics.

An implementation that offers ``xavier_draw``, ``he_draw``, ``normal_draw`` or ``dropout_draw`` is
asked for several matrices, each with a seed of its own, and for the first one again, in float64
or, where it has none, in float32.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainspec.conformance import numbers, statistics
from trainspec.conformance.cases import Case, load
from trainspec.conformance.compare import flattened
from trainspec.conformance.evaluate import evaluated
from trainspec.conformance.implementations import Implementation
from trainspec.conformance.outcome import CallError, Outcome, Result
from trainspec.conformance.page import load as load_page
from trainspec.conformance.statistics import ALPHA, Finding

SEEDS = (1, 2, 3, 4)


@dataclass(frozen=True)
class Draw:
    """What is asked for: hyperparameters beside the seed, and the shape of the answer."""

    technique: str
    clause: str
    hyperparameters: dict[str, Any]
    shape: tuple[int, int]


DRAWS = (
    Draw("initializers/normal", "NORMAL-2", {"std": 0.01, "rows": 128, "columns": 256}, (128, 256)),
    Draw("initializers/xavier", "XAVIER-3", {"fan_in": 64, "fan_out": 512}, (64, 512)),
    Draw("initializers/he", "HE-3", {"fan_in": 64, "fan_out": 512}, (64, 512)),
    Draw("layers/dropout", "DROPOUT-7", {"ratio": 0.25, "rows": 128, "columns": 256}, (128, 256)),
)


def drawn(
    implementation: Implementation, techniques: Sequence[str], kinds: Sequence[str]
) -> Iterator[Result]:
    """The results of the statistical tests of every technique whose draws are offered."""
    for draw in DRAWS:
        name = draw.technique.rpartition("/")[2]
        if draw.technique not in techniques or not implementation.offers(f"{name}_draw"):
            continue
        for kind in [k for k in kinds if k in ("float64", "float32")][:1]:
            yield from _judged(implementation, draw, kind)


def _judged(implementation: Implementation, draw: Draw, kind: str) -> Iterator[Result]:
    asked = [_case(draw, seed) for seed in (*SEEDS, SEEDS[0])]
    try:
        arrays = [
            flattened(case, kind, implementation.call(case, kind))[0].reshape(draw.shape)
            for case in asked
        ]
    except CallError as error:
        yield Result(asked[0], kind, error.outcome, str(error))
        return
    for finding in findings(draw, arrays[:-1], arrays[-1]):
        passed = finding.p >= ALPHA
        case = _case(draw, SEEDS[0], finding.name)
        outcome = Outcome.PASS if passed else Outcome.WRONG
        yield Result(case, kind, outcome, "" if passed else f"{finding.seen} (p {finding.p:.1g})")


def findings(draw: Draw, arrays: Sequence[Any], again: Any) -> Iterator[Finding]:
    """The findings on matrices that were drawn as `draw` asks."""
    if draw.technique == "layers/dropout":
        return statistics.mask(arrays, again, draw.hyperparameters["ratio"])
    return statistics.normal(arrays, again, deviation(draw))


def deviation(draw: Draw) -> float:
    """The standard deviation that the page's rule gives: the weight for a normal of 1."""
    page = load_page(draw.technique)
    given = {k: float(v) for k, v in draw.hyperparameters.items() if k in page.parameters}
    inputs = {"z": np.array(1.0)}
    out = evaluated(draw.technique, page.outputs, page.rule, inputs, given, numbers.FUNCTIONS)
    return float(out["W"])


def _case(draw: Draw, seed: int, finding: str = "draw") -> Case:
    (first, *_) = load([draw.technique])
    name = first.operation
    return Case(
        id=f"{name}/draws-{finding}",
        technique=draw.technique,
        level="statistics",
        requirement="MUST",
        clauses=(draw.clause,),
        why="Draws of the implementation's own; see spec/statistics.md.",
        link="",
        inputs={},
        hyperparameters={"seed": seed, **draw.hyperparameters},
        outputs={"W" if "initializers" in draw.technique else "mask": list(draw.shape)},
        steps=None,
        keep=None,
        expected=np.empty(0),
        tolerance={},
        margins={},
        variants={},
        asks=f"{name}_draw",
    )
