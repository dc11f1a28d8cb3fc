"""Hyperparameters that an implementation accepts although its declared form has none of that name.

The golden cases never pass them, so that a weight decay with the wrong sign would stay unseen.
Each is passed alone, and what the implementation is then must be a published form that has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from trainspec.conformance.basics.float_types import TYPES
from trainspec.conformance.basics.names import (
    Offering,
    Subject,
    accepted_case,
    join_form,
    make_case_id,
    operation_of,
)
from trainspec.conformance.cases.case import Case
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.cases.result import CallError, Outcome, Result
from trainspec.conformance.checking.declarations import as_declared
from trainspec.conformance.diagnosis.diagnose import Diagnosis, explain
from trainspec.conformance.diagnosis.identify import collect_answers, find_optional
from trainspec.conformance.implementations.implementation import Implementation, list_offerings
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.page import Page
from trainspec.conformance.pages.parts import VARIANT_HYPERPARAMETER

WHY = "What an implementation accepts, its users will pass."


def check_accepted(
    implementation: Implementation,
    techniques: Sequence[str],
    declared: Mapping[str, str],
    kinds: Sequence[str] = (),
) -> Iterator[Result]:
    """The result for every hyperparameter that only variants have and that a function names.

    Those that a declared form has are judged by its cases. The widest of the types `kinds`, all
    where empty, is asked.
    """
    kind = next((k for k in TYPES if k in implementation.types and k in (kinds or TYPES)), "")
    for technique in techniques:
        operation = operation_of(technique)
        if not kind or not implementation.offers(operation):
            continue
        cases = [c for c in load_cases([technique]) if not c.rejects]
        known = {*cases[0].inputs, *cases[0].hyperparameters}
        if not implementation.accepts(Offering(operation)) - known:
            continue
        page = load_page(technique)
        form = declared.get(operation, "")
        cases = [as_declared(c, form) for c in cases]
        judged = set[str]().union(
            *(
                page.variant_hyperparameters(page.rule_of_form(offering.form))
                for offering in list_offerings(implementation, operation)
            )
        )
        for name in find_optional(implementation, page, cases[0]):
            if name not in judged:
                yield _check_one(implementation, page, cases, kind, name)


def _check_one(
    implementation: Implementation, page: Page, cases: Sequence[Case], kind: str, name: str
) -> Result:
    case = _make_case(cases[0], name)
    try:
        evidence, _ = collect_answers(implementation, cases, kind, {name: VARIANT_HYPERPARAMETER})
    except CallError as error:
        return Result(case, kind, error.outcome, f"with {name} passed, {error}")
    diagnosis = explain(evidence)
    if _is_published(page, diagnosis, name):
        found = Offering(page.name, join_form(diagnosis.edits))
        return Result(
            case,
            kind,
            Outcome.PASS,
            f"with {name} it is {found}, by all {diagnosis.cases} cases; to have it checked to the "
            f"last digit, declare it among `forms`",
        )
    if diagnosis.exact and not diagnosis.edits:
        text = f"{name} is accepted and has no effect"
    else:
        text = f"with {name} = {VARIANT_HYPERPARAMETER:g} passed: {diagnosis.text}"
    return Result(case, kind, Outcome.WRONG, text, diagnosis=diagnosis)


def _is_published(page: Page, diagnosis: Diagnosis, name: str) -> bool:
    """Whether it was found to be variants alone, which read the hyperparameter."""
    return (
        diagnosis.exact
        and not diagnosis.constants
        and all(edit in page.variants for edit in diagnosis.edits)
        and name in page.rule_of_form(join_form(diagnosis.edits)).free
    )


def _make_case(case: Case, name: str) -> Case:
    own = accepted_case(name)
    return replace(
        case,
        id=make_case_id(case.operation, own),
        name=own,
        level="core",
        clauses=(),
        why=WHY,
        link="",
        subject=Subject.ACCEPTED,
    )
