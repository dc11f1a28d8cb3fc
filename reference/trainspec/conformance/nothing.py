"""An implementation that does nothing: what a score is worth is seen beside its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trainspec.conformance.cases import Case
from trainspec.conformance.types import TYPES


class Nothing:
    """Leaves parameters as they are, and answers everything else with zeros."""

    name = "nothing"
    version = ""
    profile = ""
    variants: Mapping[str, str] = {}
    forms: Sequence[str] = ()
    types: Sequence[str] = tuple(TYPES)
    operations: frozenset[str] | None = None
    known_failures: Mapping[str, str] = {}

    def offers(self, operation: str) -> bool:
        return not operation.endswith("_draw")

    def accepts(self, row: str) -> frozenset[str]:
        return frozenset()

    def call(self, case: Case, kind: str) -> Any:
        inputs = case.arrays(kind)
        if "params" in inputs:
            return [inputs["params"]] * (case.steps or 0)

        def zeros(form: Any) -> Any:
            nested = bool(form) and isinstance(form[0], list)
            return list(map(zeros, form)) if nested else np.zeros(form, TYPES[kind].dtype)

        steps = case.steps
        return {
            name: zeros(form) if steps is None else [zeros(form)] * steps
            for name, form in case.outputs.items()
        }

    def close(self) -> None:
        pass
