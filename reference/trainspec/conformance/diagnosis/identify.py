"""Which form an implementation is: `implementation, operation -> identity, with its evidence`.

The implementation is asked every case of the operation, its answers are diagnosed, the closest
alternative is found, and what was found is checked as if it had been declared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from trainspec.conformance.basics.float_types import TYPES
from trainspec.conformance.basics.names import (
    Offering,
    display_form,
    join_form,
)
from trainspec.conformance.basics.tensors import spell_number
from trainspec.conformance.cases.case import Case
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.cases.result import CallError, Outcome, Result
from trainspec.conformance.checking.answer import judge_answer
from trainspec.conformance.checking.check import check_one
from trainspec.conformance.checking.declarations import (
    group_by_operation,
    iterate_offerings,
    read_declarations,
)
from trainspec.conformance.checking.random_draws import check_draws, list_draws
from trainspec.conformance.derivation.as_form import as_form
from trainspec.conformance.diagnosis.alternatives import Alike, Alternative, find_alternatives
from trainspec.conformance.diagnosis.diagnose import Diagnosis, explain
from trainspec.conformance.diagnosis.draws import identify_draws
from trainspec.conformance.diagnosis.evidence import Evidence, gather_evidence
from trainspec.conformance.implementations.implementation import Implementation
from trainspec.conformance.pages.forms import Form
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.page import Page
from trainspec.conformance.pages.parts import VARIANT_HYPERPARAMETER

#: What derives the values of forms that nobody stored.
NEEDED = "the extra `certification`: pip install 'trainspec[certification]'"


class Recheck(Struct, frozen=True):
    """How many cases were asked and passed, with the largest error in tolerances."""

    passed: int
    asked: int
    error: float


class Identity(Struct, frozen=True):
    """What one form of an operation was found to be.

    `passed` holds the hyperparameters beyond the canonical ones that it was given. `alike` are
    other forms that explain the answers as well. `recheck` says how it does when it is checked as
    what it was found to be, or is None where that was not asked; then `reason` may say why.
    `unanswered` lists the cases without an answer, and why. `published` says that it is a published
    form, with nothing changed besides.
    """

    offering: Offering
    kind: str
    declared: str
    passed: Mapping[str, float]
    diagnosis: Diagnosis
    alternative: Alternative | None
    alike: Sequence[Alike]
    recheck: Recheck | None
    reason: str = ""
    unanswered: tuple[str, ...] = ()
    published: bool = False

    @property
    def known(self) -> bool:
        """Whether it is one of the known forms."""
        return bool(self.diagnosis.form)


def identify_operations(
    implementation: Implementation,
    cases: Sequence[Case],
    kind: str = "",
    tick: Callable[[], None] = lambda: None,
) -> Iterator[Identity]:
    """What every offering of the operations of `cases` is, in `kind` or the widest type.

    One that may be given hyperparameters which only variants have is identified without them and
    with them. Raises `CallError` where not one case is answered.
    """
    declared = read_declarations(implementation)
    kinds = [k for k in TYPES if k in implementation.types and kind in ("", k)]
    for own in group_by_operation(cases).values():
        for offered in iterate_offerings(implementation, own, declared):
            if offered[0].offered or implementation.offers(offered[0].operation):
                yield from _identify_offering(implementation, offered, kinds)
                tick()
        yield from _identify_draws(implementation, load_page(own[0].technique), declared, kinds)


def _identify_draws(
    implementation: Implementation,
    page: Page,
    declared: Mapping[str, str],
    kinds: Sequence[str],
) -> Iterator[Identity]:
    """Identify every function of a page's technique that draws its own random numbers."""
    results = list(check_draws(implementation, [page.technique], kinds, declared))
    for offering in list_draws(implementation, page.name) if page.draws else []:
        own = [r for r in results if r.case.entry_point == offering]
        diagnosis = identify_draws(own)
        form = offering.form or declared.get(page.name, "")
        if diagnosis is None:
            continue  # nothing was drawn: `check` says why
        published = _is_published(page, diagnosis)
        yield Identity(
            offering, own[0].kind, form, {}, diagnosis, None, (), None, published=published
        )


def _identify_offering(
    implementation: Implementation, cases: Sequence[Case], kinds: Sequence[str]
) -> Iterator[Identity]:
    """What one offering is, without and with the hyperparameters that only variants have."""
    answerable = [c for c in cases if not c.rejects]
    page = load_page(cases[0].technique)
    kind = next((k for k in kinds if any(k in c.types for c in answerable)), "")
    optional = find_optional(implementation, page, cases[0])
    errors: list[CallError] = []
    choices = [{}, dict.fromkeys(optional, VARIANT_HYPERPARAMETER)] if optional else [{}]
    for passed in choices:
        try:
            yield _identify_one(implementation, page, answerable, kind, passed)
        except CallError as error:
            errors.append(error)  # without a hyperparameter that it may insist on
    if len(errors) == len(choices):
        raise errors[0]


def find_optional(implementation: Implementation, page: Page, case: Case) -> list[str]:
    """Hyperparameters that only variants have and that the implementation names."""
    named = page.optional_hyperparameters & implementation.accepts(case.offering)
    return sorted(named - case.hyperparameters.keys())


def collect_answers(
    implementation: Implementation, cases: Sequence[Case], kind: str, passed: Mapping[str, float]
) -> tuple[Evidence, tuple[str, ...]]:
    """Ask every case, with the hyperparameters `passed` beside the case's own.

    Returns the evidence, and why each case that failed has no answer. Raises `CallError` where not
    one is answered.
    """
    results: list[Result] = []
    unanswered: list[str] = []
    error: CallError | None = None
    for case in cases:
        if kind not in case.types:
            continue
        given = replace(case, hyperparameters={**case.hyperparameters, **passed})
        try:
            results.append(judge_answer(given, kind, implementation.call(given, kind)))
        except CallError as failure:
            if failure.outcome is Outcome.UNSUPPORTED:
                continue
            error = error or failure
            unanswered.append(f"{case.label}: {failure.outcome.value}: {failure}")
    evidence = gather_evidence(results)
    if evidence is None:
        outcome, why = (error.outcome, error) if error else (Outcome.UNSUPPORTED, "no case")
        raise CallError(outcome, f"{cases[0].offering}: {why}")
    return evidence, tuple(unanswered)


def _identify_one(
    implementation: Implementation,
    page: Page,
    cases: Sequence[Case],
    kind: str,
    passed: Mapping[str, float],
) -> Identity:
    evidence, unanswered = collect_answers(implementation, cases, kind, passed)
    diagnosis = explain(evidence)
    form = diagnosis.found
    recheck, reason = None, ""
    published = _is_published(page, diagnosis)
    if form and published:
        try:
            recheck = _check_as_found(implementation, cases, kind, form)
        except ModuleNotFoundError as error:
            reason = f"checking a combination as such needs {NEEDED} ({error.name})"
    return Identity(
        cases[0].offering,
        kind,
        cases[0].form,
        passed,
        diagnosis,
        *find_alternatives(evidence, form),
        recheck,
        reason,
        unanswered,
        published,
    )


def _is_published(page: Page, diagnosis: Diagnosis) -> bool:
    named = diagnosis.form == display_form(join_form(diagnosis.edits))  # not by a formula alone
    variants = all(name in page.variants for name in diagnosis.edits)
    return diagnosis.exact and named and variants and not diagnosis.constants


def _check_as_found(
    implementation: Implementation, cases: Sequence[Case], kind: str, form: Form
) -> Recheck:
    """How the implementation does as the form: golden values, or derived ones, judge.

    Raises ModuleNotFoundError where the extra `certification` is missing and values must be
    derived.
    """
    plain = {case.id: case for case in load_cases([cases[0].technique])}
    name = join_form(form.edits)
    held = [replace(as_form(plain[c.id], name), offered=c.offered) for c in cases]
    results = [check_one(implementation, c, kind) for c in held if kind in c.types]
    asked = [r for r in results if r.outcome is not Outcome.UNSUPPORTED]
    passing = [r for r in asked if r.outcome is Outcome.PASS]
    return Recheck(len(passing), len(asked), max((r.error for r in passing), default=0.0))


def identity_data(identity: Identity) -> dict[str, Any]:
    """An identity as JSON data."""
    d, other, recheck = identity.diagnosis, identity.alternative, identity.recheck
    return {
        "operation": str(identity.offering),
        "type": identity.kind,
        "passed": dict(identity.passed),
        "declared": display_form(identity.declared),
        "known": identity.known,
        "form": d.form,
        "edits": list(d.edits),
        "constants": d.constants,
        "text": d.text,
        "cases": d.cases,
        "explained": d.explained,
        "largest_distance_in_tolerances": spell_number(d.distance),
        "departures": list(d.departures),
        "unanswered": list(identity.unanswered),
        "nearest": d.nearest,
        "runner_up": other
        and {
            "form": other.form,
            "case": other.case,
            "place": other.difference,
            "tolerances": spell_number(other.tolerances),
            "separating_cases": other.separating,
        },
        "alike": [
            {"form": like.form, "told_apart_by": like.case, "why": like.why}
            for like in identity.alike
        ],
        "conforms": recheck
        and {
            "passed": recheck.passed,
            "asked": recheck.asked,
            "largest_error_in_tolerances": spell_number(recheck.error),
        },
    }
