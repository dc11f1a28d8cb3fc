"""What a form of a rule returns on a case, in float64: `case, rule -> numbers`.

Not certified: it explains a verdict and does not make one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from trainspec.conformance.arithmetic.float64 import FLOAT64_FUNCTIONS
from trainspec.conformance.arithmetic.run import run_rule
from trainspec.conformance.basics.float_types import FloatArray
from trainspec.conformance.basics.tensors import iterate_tensors, map_tensors, to_array
from trainspec.conformance.cases.case import Case
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.rule import Rule


def compute_values(
    case: Case,
    rule: Rule,
    more: Mapping[str, Any] | None = None,
    inputs: Any = None,
) -> FloatArray:
    """What a rule returns on a case, in float64, flat.

    `more` holds hyperparameters that the case lacks, `inputs` others than the case's own.
    """
    if inputs is None:
        inputs = map_tensors(lambda t: to_array(t, np.float64), case.inputs)
    given = {**(more or {}), **case.numbers()}
    try:
        page = load_page(case.technique)
        outputs = run_rule(page, rule, inputs, given, FLOAT64_FUNCTIONS)
    except (ArithmeticError, AttributeError, LookupError, NameError, TypeError, ValueError):
        # Plain numbers may meet in a division by zero, and a changed line need not fit.
        return np.full(case.expected.shape, np.nan)
    if case.keep:
        outputs = {name: [steps[t - 1] for t in case.keep] for name, steps in outputs.items()}
    leaves = [leaf for path, leaf in iterate_tensors(outputs) if path[0] not in case.skipped]
    # A power of a negative number is complex in Python, and no number that an answer can have.
    flat = [np.full(np.shape(x), np.nan) if np.iscomplexobj(x) else x for x in leaves]
    arrays = [np.asarray(x, dtype=np.float64).ravel() for x in flat]
    return np.concatenate(arrays) if arrays else np.empty(0)
