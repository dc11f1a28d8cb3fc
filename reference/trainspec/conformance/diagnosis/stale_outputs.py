"""Outputs of a sequence that all show the last step: one buffer was returned every time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from trainspec.conformance.basics.float_types import FloatArray
from trainspec.conformance.cases.case import Case
from trainspec.conformance.derivation.values import compute_values
from trainspec.conformance.diagnosis.evidence import NEAR, Evidence
from trainspec.conformance.diagnosis.matching import Match, list_complete, measure_distances
from trainspec.conformance.pages.forms import Form


def find_stale_outputs(evidence: Evidence) -> Iterator[Match]:
    """A form of which some outputs are, at every step, what they are after the last."""
    if not evidence.page.is_sequence or not evidence.answered:
        return
    probe = evidence.probe
    for form in list_complete(evidence, list(dict.fromkeys((*evidence.declared, ())))):
        values = compute_values(evidence.cases[probe], form.rule)
        stale = [
            name
            for name, part in evidence.parts[probe].items()
            if not evidence.distance(probe, values, form.edits, part) <= NEAR
        ]
        compute = partial(_compute, evidence, form, stale)
        distances = measure_distances(evidence, compute, form.edits) if stale else None
        if distances is not None:
            outputs = " and ".join(stale)
            text = f"every entry of {outputs} is that of the last step: return a copy at each step"
            yield Match(None, "stale-outputs", text, distances)
            return


def _compute(evidence: Evidence, form: Form, stale: Sequence[str], case: Case) -> FloatArray:
    """What the form returns, flat, with the last step's values at every step in some outputs."""
    values = np.array(compute_values(case, form.rule))
    for name, part in evidence.parts[evidence.cases.index(case)].items():
        steps = case.steps or 1
        if name in stale and (part.stop - part.start) % steps == 0:
            values[part] = np.tile(values[part].reshape(steps, -1)[-1], steps)
    return values
