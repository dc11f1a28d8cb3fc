"""What is another in some layers of a network: `answers -> layers, change`."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from trainspec.conformance.basics.float_types import FloatArray
from trainspec.conformance.basics.tensors import map_tensors, to_array
from trainspec.conformance.cases.case import Case
from trainspec.conformance.derivation.values import compute_values
from trainspec.conformance.diagnosis.evidence import Evidence
from trainspec.conformance.diagnosis.matching import Match, measure_distances
from trainspec.conformance.diagnosis.slip_searches import try_slip
from trainspec.conformance.pages.layer_slips import list_layer_slips
from trainspec.conformance.pages.parts import LAYERED
from trainspec.conformance.pages.rule import DOWN, UP, Rule


def find_slips_of_layers(evidence: Evidence) -> Iterator[Match]:
    """The first change, in some layers only, that explains the answers."""
    page = evidence.page
    if page.kind != LAYERED or () not in evidence.declared:
        return
    block = _find_block(evidence)
    for slip in list_layer_slips(page, block):
        distances = try_slip(evidence, slip)
        if distances is not None:
            called, lines = "canonical with one change", (slip.line,)
            yield Match(None, called, slip.words, distances, (), lines, slip.rule)
            return


def find_inputs_of_layers(evidence: Evidence) -> Iterator[Match]:
    """The right rule, given another layer's entry of a list in the place of a layer's own."""
    page = evidence.page
    if page.kind != LAYERED or () not in evidence.declared:
        return
    lists = [n for n, value in evidence.cases[evidence.probe].inputs.items() if _is_list(value)]
    for name, (words, index) in itertools.product(lists, TAKEN.items()):
        compute = partial(_compute, page.rule, name, index)
        distances = measure_distances(evidence, compute)
        plain = evidence.plain
        if distances and evidence.has_numbers(compute(evidence.cases[plain]), plain):
            yield Match(None, "canonical with one change", words.format(name), distances)
            return


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and len(value) > 1


def _compute(rule: Rule, name: str, index: int, case: Case) -> FloatArray:
    """What the rule returns where each entry of a list is one of those that have its shape."""
    inputs = map_tensors(lambda tensor: to_array(tensor, np.float64), case.inputs)
    own = inputs[name]
    inputs[name] = [[other for other in own if other.shape == one.shape][index] for one in own]
    return compute_values(case, rule, None, inputs)


#: Which of the entries that have the shape of a layer's own may be taken, by words.
TAKEN = {
    "layers whose {0} has one shape all have that of the first of them": 0,
    "layers whose {0} has one shape all have that of the last of them": -1,
}


def _find_block(evidence: Evidence) -> str:
    """Where the first wrong line is: on the way up, if an output that is known by then is wrong."""
    body = evidence.page.rule.body
    first = next(index for index, line in enumerate(body) if line.block == DOWN)
    known = {line.name for line in body[:first]}
    for index in range(evidence.failing):
        case, answer = evidence.cases[index], evidence.answers[index]
        if answer.shape != case.expected.shape:
            return UP
        wrong = np.abs(answer - case.expected) > case.tolerance[evidence.kind]
        parts = evidence.parts[index]
        if any(wrong[part].any() for name, part in parts.items() if name in known):
            return UP
    return DOWN
