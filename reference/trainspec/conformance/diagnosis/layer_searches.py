"""A change that some layers of a network have and others do not: `answers -> layers, change`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from trainspec.conformance.diagnosis.evidence import Evidence
from trainspec.conformance.diagnosis.matching import Match
from trainspec.conformance.diagnosis.slip_searches import try_slip
from trainspec.conformance.pages.layer_slips import list_layer_slips
from trainspec.conformance.pages.parts import LAYERED
from trainspec.conformance.pages.rule import DOWN, UP


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
