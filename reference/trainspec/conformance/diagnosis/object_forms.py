"""Which published forms an object has: `object, which declares none -> operation, form`."""

from __future__ import annotations

from functools import partial

from trainspec.conformance.basics.float_types import TYPES
from trainspec.conformance.basics.names import draw_function, join_form, operation_of
from trainspec.conformance.basics.paths import list_techniques
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.cases.result import CallError
from trainspec.conformance.diagnosis.identify import identify_operations
from trainspec.conformance.implementations.implementation import Implementation

#: The types whose digits tell one form from another.
TELLING = ("float64", "float32")


def find_forms(implementation: Implementation) -> dict[str, str]:
    """The published form of every operation of an object, which declares none.

    An operation that has no such form is left out, and so is one that answers nothing. Known
    failures of the library are skipped. If no form is found in float64, float32 is tried, because
    some libraries compute float64 in float32. In narrower types many forms look alike.
    """
    kinds = [kind for kind in TYPES if kind in implementation.types]
    kinds = [kind for kind in kinds if kind in TELLING] or kinds[:1]
    found: dict[str, str] = {}
    for technique in filter(partial(_is_offered, implementation), list_techniques()):
        for kind in kinds:
            form = _find_published(implementation, technique, kind)
            if form is not None:
                found[operation_of(technique)] = form
                break
    return found


def _find_published(implementation: Implementation, technique: str, kind: str) -> str | None:
    """The published form of an operation in a type, or None."""
    known = implementation.known_failures
    cases = [
        case
        for case in load_cases([technique])
        if case.label not in known and f"{case.label} in {kind}" not in known
    ]
    if not any(kind in case.types and not case.rejects for case in cases):
        return None
    try:
        identities = list(identify_operations(implementation, cases, kind))
    except CallError:
        return None  # a check says why
    # As it is by itself; or, where it has a default of its own such as a decay, with that passed.
    for identity in sorted(identities, key=lambda identity: bool(identity.passed)):
        if identity.published:
            return join_form(identity.diagnosis.edits)
    return None


def _is_offered(implementation: Implementation, technique: str) -> bool:
    operation = operation_of(technique)
    return implementation.offers(operation) or implementation.offers(draw_function(operation))
