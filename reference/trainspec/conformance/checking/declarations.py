"""What an implementation says of itself: the forms that it declares, and the cases of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from trainspec.conformance.basics.errors import CaseError
from trainspec.conformance.basics.float_types import TYPES
from trainspec.conformance.basics.names import (
    Offering,
    base_operation,
    names_finding,
    operation_of,
)
from trainspec.conformance.basics.paths import list_techniques
from trainspec.conformance.cases.case import Case
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.derivation.as_form import as_form
from trainspec.conformance.implementations.implementation import Implementation, list_offerings
from trainspec.conformance.implementations.known_failures import parse_known
from trainspec.conformance.pages.combinations import normalize_form
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.parts import PageError
from trainspec.conformance.pages.profiles import Profile, load_profile


def read_declarations(implementation: Implementation) -> dict[str, str]:
    """Operation -> the form that the implementation declares; empty for the canonical form.

    What its profile says comes first, what it declares itself overrides that. Raises `CaseError`
    for a declaration, of a form or of a known failure, that names nothing.
    """
    who = implementation.name
    own = {
        operation: check_form(operation, form, f"{who}: variants")
        for operation, form in implementation.variants.items()
    }
    for offering in map(Offering.parse, implementation.forms):
        check_form(offering.operation, offering.form, f"{who}: forms")
    check_known_failures(implementation.known_failures, who)
    followed = load_profile(implementation.profile).main if implementation.profile else {}
    # A form that is declared for the runs is that of the operation, whose whole run they make.
    runs = {
        base_operation(name): form for name, form in own.items() if name != base_operation(name)
    }
    return {**followed, **runs, **own}


def choose_forms(implementation: Implementation, profile: Profile) -> dict[str, str]:
    """Operation -> the form of a profile that the implementation is held to.

    That is the profile's main form, unless the implementation declares another one of its forms.
    """
    own = {
        operation: check_form(operation, form, f"{implementation.name}: variants")
        for operation, form in implementation.variants.items()
    }
    return {
        operation: own[operation] if own.get(operation) in forms else forms[0]
        for operation, forms in profile.forms.items()
    }


def check_known_failures(known: Mapping[str, str], who: str) -> None:
    """Raise `CaseError` if a known failure names neither a case nor a case in a type."""
    if not known:
        return
    ids = {case.id for case in load_cases()}
    for name, entry in zip(known, parse_known(known)):
        exists = entry.case_id in ids or names_finding(entry.case)
        if not exists or entry.type not in ("", *TYPES):
            raise CaseError(
                f"{who}: known_failures names {name!r}, which is not a case, "
                "nor a case “in” a type; `trainspec list --cases` lists them all"
            )


def check_form(operation: str, form: str, who: str) -> str:
    """The name of a form as it is written; `who` says where it was named.

    Raises `CaseError` where there is no such operation or form.
    """
    operations = {operation_of(technique): technique for technique in list_techniques()}
    technique = operations.get(base_operation(operation))
    if technique is None:
        known = ", ".join(operations)
        raise CaseError(f"{who} names the operation {operation!r}; there are {known}")
    try:
        return normalize_form(load_page(technique), form)
    except PageError as error:
        raise CaseError(str(error)) from None


def as_declared(case: Case, form: str) -> Case:
    """The case with the values of the declared form.

    Raises `CaseError` where the technique has no such form.
    """
    return as_form(case, check_form(case.operation, form, case.operation)) if form else case


def iterate_offerings(
    implementation: Implementation, cases: Sequence[Case], declared: Mapping[str, str]
) -> Iterator[list[Case]]:
    """The cases of each operation in its main form, then in each further one that is offered."""
    for operation, own in group_by_operation(cases).items():
        yield [as_declared(case, declared.get(operation, "")) for case in own]
        for offering in list_offerings(implementation, operation):
            yield [
                replace(as_declared(case, offering.form), offered=offering.form)
                for case in own
                if not case.rejects
            ]


def group_by_operation(cases: Sequence[Case]) -> dict[str, list[Case]]:
    """The cases of each operation."""
    grouped: dict[str, list[Case]] = {}
    for case in cases:
        grouped.setdefault(case.operation, []).append(case)
    return grouped
