"""What the tests of techniques share: adapters made from one-step kernels, and short checks."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from trainspec.conformance.arithmetic.interval import Interval
from trainspec.conformance.basics.names import Offering
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.cases.result import Outcome, Result
from trainspec.conformance.checking.check import check_cases
from trainspec.conformance.derivation.tolerances import ReadyCase, derive_values, prepare_case
from trainspec.conformance.implementations.python_module import PythonModule
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.reporting.report import diagnose_results

ROOT = Path(__file__).resolve().parent.parent
KINDS = ("float64", "float32", "float16", "bfloat16")

#: One step of one tensor: (W, g, state, t, tensor number, hyperparameters) -> the new W.
Kernel = Callable[[Any, Any, dict[str, Any], int, int, types.SimpleNamespace], Any]


def update_rule(kernel: Kernel) -> Callable[..., Any]:
    """An operation over steps and tensors from a kernel, computed in the tensors' own type."""

    def run(params: Any, grads: Any, *, learning_rate: Any, **hyper: float) -> Any:
        states: list[dict[str, Any]] = [{} for _ in params]
        after = []
        for t, (gradient, rate) in enumerate(zip(grads, learning_rate), 1):
            h = types.SimpleNamespace(**hyper, rate=rate)
            params = [
                np.asarray(kernel(W, g, states[k], t, k, h)).astype(W.dtype)
                for k, (W, g) in enumerate(zip(params, gradient))
            ]
            after.append(params)
        return after

    return run


def adapter(variants: Mapping[str, str] | None = None, **functions: Any) -> PythonModule:
    """A Python adapter with these functions as its operations."""
    module = types.ModuleType("adapter")
    module.__dict__.update(functions, variants=dict(variants or {}))
    return PythonModule(module, "adapter")


def results(implementation: Any, operation: str, *kinds: str, variant: str = "") -> list[Result]:
    """All results of one operation."""
    chosen = load_cases([operation])
    return list(
        check_cases(implementation, chosen, kinds, {operation: variant} if variant else None)
    )


def failures(found: list[Result]) -> list[str]:
    """The failing cases, in words, for an assertion's message."""
    return [
        f"{r.case.id} in {r.kind}: {r.outcome.value} {r.message} {r.error:.3g} tolerances"
        for r in found
        if r.outcome.fails
    ]


def named(implementation: Any, operation: str, kind: str = "float64") -> str:
    """The form that the diagnosis gives."""
    found = diagnose_results(results(implementation, operation, kind))
    return found[Offering(operation)].form


def rejected_in(implementation: Any, operation: str) -> set[str]:
    """The types in which at least one case of ordinary numbers is answered wrongly."""
    found = results(implementation, operation, *KINDS)
    return {r.kind for r in found if r.outcome is Outcome.WRONG}


def margins(operation: str, form: str) -> dict[str, float]:
    """For each type, the largest margin that any case has to a form."""
    largest = dict.fromkeys(KINDS, 0.0)
    for case in load_cases([operation]):
        for kind, values in case.margins.items():
            largest[kind] = max(largest[kind], float(values.get(form, 0)))
    return largest


def true_values(technique: str, name: str) -> tuple[ReadyCase, list[Interval]]:
    """A case's inputs and its golden values before they are rounded."""
    spec = load_page(technique)
    (text,) = [c for c in spec.cases if c.name == name]
    ready, _ = prepare_case(spec, text)
    return ready, derive_values(spec, spec.rule, ready, {}).values
