"""Searches for other inputs: outputs of a function that are right for inputs that are not the
case's.

A loop that stops a row early, an argument in place of another one, a function applied twice, a
permutation that is inverted, a batch in parts: the rule is right, and what it is given is not.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from trainspec.conformance.arithmetic.float64 import FLOAT64_FUNCTIONS
from trainspec.conformance.arithmetic.run import run_rule
from trainspec.conformance.basics.float_types import FloatArray
from trainspec.conformance.basics.tensors import map_tensors, to_array
from trainspec.conformance.cases.case import Case
from trainspec.conformance.derivation.values import compute_values
from trainspec.conformance.diagnosis.evidence import NEAR, Evidence
from trainspec.conformance.diagnosis.input_changes import CHANGES
from trainspec.conformance.diagnosis.matching import Match, list_complete
from trainspec.conformance.diagnosis.output_searches import (
    Own,
    explain_outputs,
    list_bases,
    match_outputs,
    measure_output,
)
from trainspec.conformance.diagnosis.part_searches import Attempt, list_parts
from trainspec.conformance.pages.forms import Form
from trainspec.conformance.pages.parts import FUNCTION

Inputs = dict[str, Any]
#: So many changes that explain the same outputs are named.
FEW = 3


class Change(Struct, frozen=True):
    """Inputs that are others: `change` makes them, or returns None where it cannot."""

    words: str
    change: Callable[[Inputs], Inputs | None]


def find_by_inputs(evidence: Evidence) -> Iterator[Match]:
    """A form for each output, and for those that none explains the form with other inputs."""
    page = evidence.page
    if page.kind != FUNCTION or not evidence.answered:
        return
    found = explain_outputs(evidence)
    missing = [name for name in evidence.outputs if name not in found]
    probe = evidence.plain
    every: list[dict[str, Own]] = []
    for form in list_complete(evidence, list_bases(evidence, found)) if missing else ():
        changes = _list_changes(evidence, form, probe)
        tried = [Attempt(c.words, partial(_compute, evidence, form, c)) for c in changes]
        for words, compute in [*tried, *list_parts(evidence, form)]:
            every.append(_explain_missing(evidence, missing, form, words, compute))
    # One change for many outputs says more than another one for each.
    for explained in sorted(every, key=len, reverse=True):
        new = {name: own for name, own in explained.items() if name not in found}
        others = [e for e in every if e is not explained and e.keys() == explained.keys()]
        alike = dict.fromkeys(next(iter(e.values())).change for e in others if new)
        if 0 < len(alike) <= FEW:
            told = f"; these answers cannot tell it from {', '.join(alike)}"
            new = {name: replace(own, change=own.change + told) for name, own in new.items()}
        found = {**new, **found}
    if missing and len(found) == len(evidence.outputs):
        yield match_outputs(evidence, found)


def _explain_missing(
    evidence: Evidence,
    missing: Sequence[str],
    form: Form,
    words: str,
    compute: Callable[[Case], FloatArray],
) -> dict[str, Own]:
    """The outputs that a form explains with other inputs."""
    found = {}
    compute, probe = cache(compute), evidence.plain
    values = compute(evidence.cases[probe])
    for name in missing if values.shape == evidence.answers[probe].shape else ():
        if evidence.distance(probe, values, form.edits, evidence.parts[probe][name]) <= NEAR:
            distances = measure_output(evidence, name, compute, form.edits)
            ordinary = [d for i, d in zip(evidence.answered, distances) if evidence.ordinary(i)]
            if evidence.has_numbers(values, probe, [name]) and max(ordinary) <= NEAR:
                found[name] = Own(form, distances, words)
    return found


def _compute(evidence: Evidence, form: Form, change: Change, case: Case) -> FloatArray:
    """What the form returns for the other inputs, each output in the place of the case's own.

    An output of another shape is NaN.
    """
    inputs = map_tensors(lambda t: to_array(t, np.float64), case.inputs)
    # Where there is nothing to change, as in a vector that has no columns, the inputs are right.
    changed = change.change(inputs) or inputs
    values = compute_values(case, form.rule, None, changed)
    if values.shape == case.expected.shape:
        return values
    try:
        outputs = run_rule(evidence.page, form.rule, changed, case.numbers(), FLOAT64_FUNCTIONS)
    except (ArithmeticError, LookupError, NameError, TypeError, ValueError):
        return np.full(case.expected.shape, np.nan)
    whole = np.full(case.expected.shape, np.nan)
    for name, part in evidence.parts[evidence.cases.index(case)].items():
        flat = np.ravel(np.asarray(outputs[name], dtype=np.float64))
        if len(flat) == part.stop - part.start:
            whole[part] = flat
    return whole


def _list_changes(evidence: Evidence, form: Form, probe: int) -> Iterator[Change]:
    """Every change of the inputs that is tried."""
    case = evidence.cases[probe]
    inputs = map_tensors(lambda t: to_array(t, np.float64), case.inputs)
    arrays = {name: array for name, array in inputs.items() if isinstance(array, np.ndarray)}
    if any(array.ndim for array in arrays.values()):
        yield Change("the batch without its last row", partial(_drop_rows, slice(None, -1)))
        yield Change("the batch without its first row", partial(_drop_rows, slice(1, None)))
    for name, array in arrays.items():
        for words, change in CHANGES.items():
            yield Change(words.format(name), partial(_change_one, name, change))
        if _is_one_hot(array):
            for words, column in (("first", 0), ("last", -1)):
                text = f"the batch without its rows of the {words} class"
                yield Change(text, partial(_drop_class, name, column))
    for name, other in itertools.permutations(arrays, 2):
        if arrays[name].shape == arrays[other].shape:
            yield Change(f"{other} in place of {name}", partial(_exchange, name, other))
    shown = _watch_lines(evidence, form, case, inputs)
    for line in form.rule.body:
        for name, array in arrays.items():
            if np.shape(shown.get(line.name, 0)) == array.shape and array.ndim:
                take = partial(_take_result, evidence, form, case, name, line.name)
                yield Change(f"{line.name} in place of {name}", take)


def _take_result(
    evidence: Evidence, form: Form, case: Case, name: str, line: str, inputs: Inputs
) -> Inputs | None:
    """The inputs with what a line computes in place of one of them."""
    value = np.asarray(_watch_lines(evidence, form, case, inputs)[line], dtype=np.float64)
    return {**inputs, name: value} if value.shape == inputs[name].shape else None


def _watch_lines(evidence: Evidence, form: Form, case: Case, inputs: Inputs) -> Inputs:
    """What every line of a form computes for these inputs."""
    found: Inputs = {}

    def watch(place: tuple[int, ...], names: Mapping[str, Any]) -> None:
        found.update(names)

    run_rule(evidence.page, form.rule, inputs, case.numbers(), FLOAT64_FUNCTIONS, watch)
    return found


def _exchange(name: str, other: str, inputs: Inputs) -> Inputs | None:
    same = inputs[name].shape == inputs[other].shape
    return {**inputs, name: inputs[other]} if same else None


def _drop_rows(kept: slice, inputs: Inputs) -> Inputs | None:
    """The inputs without some of the rows of those that have as many as the first one."""
    first = next(iter(inputs.values()))
    if not isinstance(first, np.ndarray) or not first.ndim or len(first) < 2:
        return None
    return {
        name: array[kept] if np.ndim(array) and len(array) == len(first) else array
        for name, array in inputs.items()
    }


def _drop_class(name: str, column: int, inputs: Inputs) -> Inputs | None:
    """The inputs without the rows of one class."""
    other = inputs[name][:, column] != 1
    if not other.any():
        return None
    return {
        own: array[other] if np.ndim(array) and len(array) == len(other) else array
        for own, array in inputs.items()
    }


def _is_one_hot(array: FloatArray) -> bool:
    hot = array.ndim == 2 and array.size and np.isin(array, (0, 1)).all()
    return bool(hot and (array.sum(1) == 1).all())


def _change_one(
    name: str, change: Callable[[FloatArray], FloatArray | None], inputs: Inputs
) -> Inputs | None:
    array = inputs[name]
    changed = change(array) if isinstance(array, np.ndarray) and array.size else None
    return None if changed is None else {**inputs, name: changed}
