"""Which form of a profile an implementation is held to: `implementation, profile -> forms`."""

from __future__ import annotations

from collections.abc import Sequence

from trainspec.conformance.basics.float_types import TYPES
from trainspec.conformance.cases.case import Case
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.cases.result import Outcome
from trainspec.conformance.checking.check import check_one
from trainspec.conformance.checking.declarations import as_declared, choose_forms
from trainspec.conformance.implementations.implementation import Implementation
from trainspec.conformance.pages.profiles import Profile

#: This number of ordinary cases tells the forms of one library apart.
ENOUGH = 6


def fit_profile(
    implementation: Implementation, profile: Profile, operations: Sequence[str]
) -> dict[str, str]:
    """Operation -> the form of the profile that the implementation is held to.

    Where it declares none and the library has several, that is the first whose ordinary cases it
    passes, and the main one where it passes none.
    """
    held = choose_forms(implementation, profile)
    for operation in operations:
        forms = profile.forms.get(operation, ())
        undeclared = operation not in implementation.variants
        if undeclared and len(forms) > 1 and implementation.offers(operation):
            held[operation] = _fit(implementation, operation, forms)
    return held


def _fit(implementation: Implementation, operation: str, forms: Sequence[str]) -> str:
    kind = next(k for k in TYPES if k in implementation.types)
    ordinary = [
        case
        for case in load_cases([operation])
        if not case.rejects and case.level != "edge" and kind in case.types
    ]
    for form in forms:
        if all(_passes(implementation, case, form, kind) for case in ordinary[:ENOUGH]):
            return form
    return forms[0]


def _passes(implementation: Implementation, case: Case, form: str, kind: str) -> bool:
    held = as_declared(case, form)
    if kind not in held.types:
        return True
    return check_one(implementation, held, kind).outcome is Outcome.PASS
