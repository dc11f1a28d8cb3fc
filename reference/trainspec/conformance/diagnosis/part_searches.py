"""A batch that is taken in parts: `form -> ways to do so, each with what it returns`.

Gradient accumulation, statistics of half a batch: the rule is right for every part, and the results
are put together again. That is wrong wherever the parts are not of one size, or depend on each
other.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from trainspec.conformance.arithmetic.float64 import FLOAT64_FUNCTIONS
from trainspec.conformance.arithmetic.run import run_rule
from trainspec.conformance.basics.float_types import FloatArray
from trainspec.conformance.basics.tensors import map_tensors, to_array
from trainspec.conformance.cases.case import Case
from trainspec.conformance.diagnosis.evidence import Evidence
from trainspec.conformance.pages.forms import Form

#: Where a batch of some rows is cut, in words.
CUTS: dict[str, Callable[[int], Sequence[int]]] = {
    "its first row and the rest": lambda rows: (1,),
    "its last row and the rest": lambda rows: (rows - 1,),
    "two halves": lambda rows: (rows // 2,),
    "two halves, the first the larger": lambda rows: (-(-rows // 2),),
    "parts of two rows": lambda rows: range(2, rows, 2),
    "single rows": lambda rows: range(1, rows),
}
Arrays = Sequence[FloatArray]
Join = Callable[[Arrays], Any]
#: How the results of the parts become one, in words: of an output that has a row for each row of
#: the batch, and of one that has one result for all of them.
JOINTS: dict[str, tuple[Join, Join]] = {
    "the mean of the parts' results": (
        lambda found: np.concatenate(found) / len(found),
        lambda found: np.sum(found, 0) / len(found),
    ),
    "the mean of the parts' results, each row as it is": (
        np.concatenate,
        lambda found: np.sum(found, 0) / len(found),
    ),
    "the sum of the parts' results": (np.concatenate, lambda found: np.sum(found, 0)),
    "the result of the last part only": (np.concatenate, lambda found: found[-1]),
    "the result of the first part only": (np.concatenate, lambda found: found[0]),
}


class Attempt(NamedTuple):
    """Something that may have been done, in words, and what a case's outputs then are, flat."""

    words: str
    compute: Callable[[Case], FloatArray]


def list_parts(evidence: Evidence, form: Form) -> Iterator[Attempt]:
    """Each way to take a batch in parts, in words, with what the form then returns on a case."""
    if not evidence.page.of_each_row:
        return
    for into, cut in CUTS.items():
        for joined, joints in JOINTS.items():
            words = f"the batch taken in parts, {into}; {joined}"
            yield Attempt(words, partial(_compute, evidence, form, cut, joints))


def _compute(
    evidence: Evidence,
    form: Form,
    cut: Callable[[int], Sequence[int]],
    joints: tuple[Join, Join],
    case: Case,
) -> FloatArray:
    """What the form returns on a case, flat; NaN where it cannot be put together."""
    batched = evidence.page.of_each_row
    inputs = map_tensors(lambda t: to_array(t, np.float64), case.inputs)
    parts = _cut_inputs(inputs, batched, cut)
    whole = np.full(case.expected.shape, np.nan)
    try:
        answers = [
            run_rule(evidence.page, form.rule, part, case.numbers(), FLOAT64_FUNCTIONS)
            for part in parts
        ]
    except (ArithmeticError, LookupError, NameError, TypeError, ValueError):
        return whole
    of_each_row, of_all = joints
    for name, place in evidence.parts[evidence.cases.index(case)].items():
        found = [np.asarray(answer[name], dtype=np.float64) for answer in answers]
        joined = of_each_row(found) if name in batched else of_all(found)
        if np.size(joined) == place.stop - place.start:
            whole[place] = np.ravel(joined)
    return whole


def _cut_inputs(
    inputs: dict[str, Any], batched: Sequence[str], cut: Callable[[int], Sequence[int]]
) -> list[dict[str, Any]]:
    """The inputs of every part; those that have no row for each sample are whole."""
    rows = len(next(iter(inputs.values())))
    edges = [0, *sorted(set(cut(rows)) - {0, rows}), rows]
    return [
        {name: array[start:stop] if name in batched else array for name, array in inputs.items()}
        for start, stop in itertools.pairwise(edges)
    ]
