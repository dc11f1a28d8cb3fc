"""A do-nothing implementation, the baseline that shows what a score is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trainspec.conformance.basics.float_types import TYPES
from trainspec.conformance.basics.names import Offering
from trainspec.conformance.basics.tensors import is_list_of_shapes
from trainspec.conformance.cases.case import Case
from trainspec.conformance.cases.inputs import make_inputs


class DoNothing:
    """Leaves parameters as they are, and answers everything else with zeros."""

    name = "nothing"
    version = ""
    profile = ""
    undeclared = False
    variants: Mapping[str, str] = {}
    forms: Sequence[str] = ()
    types: Sequence[str] = tuple(TYPES)
    operations: frozenset[str] | None = None
    known_failures: Mapping[str, str] = {}

    def offers(self, operation: str) -> bool:
        """It offers every operation."""
        return True

    def accepts(self, offering: Offering) -> frozenset[str]:
        """It takes no further hyperparameter."""
        return frozenset()

    def call(self, case: Case, kind: str) -> Any:
        """The parameters as they were, or zeros in the shapes asked for."""
        inputs = make_inputs(case, kind).nest
        if "params" in inputs:
            return [inputs["params"]] * (case.steps or 0)

        def make_zeros(shape: Any) -> Any:
            if is_list_of_shapes(shape):
                return list(map(make_zeros, shape))
            return np.zeros(shape, TYPES[kind].dtype)

        steps = case.steps
        return {
            name: make_zeros(shape) if steps is None else [make_zeros(shape)] * steps
            for name, shape in case.outputs.items()
        }

    def close(self) -> None:
        """Nothing is held."""
