"""Which form an implementation is: `implementation, operation -> identity, with its evidence`.

The implementation is asked every case of the operation, its answers are diagnosed, the form that
comes second is looked for, and what was found is checked as if it had been declared.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from trainspec.conformance import forms
from trainspec.conformance.cases import Case
from trainspec.conformance.cases import load as load_cases
from trainspec.conformance.check import by_operation, declarations, rows, single
from trainspec.conformance.compare import compared
from trainspec.conformance.diagnose import Diagnosis, explained, first_apart
from trainspec.conformance.evidence import NEAR, Evidence, gathered, values_of
from trainspec.conformance.forms import Form
from trainspec.conformance.implementations import Implementation
from trainspec.conformance.nest import spelled
from trainspec.conformance.outcome import CallError, Outcome, Result
from trainspec.conformance.page import DECAY, Page, load
from trainspec.conformance.types import TYPES


@dataclass(frozen=True)
class RunnerUp:
    """The form that comes second: the case that excludes it, where, and by how many tolerances."""

    form: str
    case: str
    place: str
    tolerances: float
    separating: int


@dataclass(frozen=True)
class Identity:
    """What one form of an operation was found to be.

    `passed` holds the hyperparameters beyond the canonical ones that it was given. `conforms` is
    how many cases it passes as what it was found to be and how many it was asked, with the largest
    error in tolerances, or None where that was not asked.
    """

    row: str
    kind: str
    declared: str
    passed: Mapping[str, float]
    diagnosis: Diagnosis
    runner_up: RunnerUp | None
    conforms: tuple[int, int, float] | None
    reason: str = ""
    unanswered: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether it is one of the known forms."""
        return bool(self.diagnosis.form)


def identified(
    implementation: Implementation,
    cases: Sequence[Case],
    kind: str = "",
    tick: Callable[[], None] = lambda: None,
) -> Iterator[Identity]:
    """What every offered form of the operations of `cases` is, in `kind` or the widest type.

    One that may be given hyperparameters which only variants have is identified without them and
    with them. Raises `CallError` where not one case is answered.
    """
    declared = declarations(implementation)
    kinds = [k for k in TYPES if k in implementation.types and kind in ("", k)]
    for own in by_operation(cases).values():
        for row in rows(implementation, own, declared):
            if not row[0].form and not implementation.offers(row[0].operation):
                continue
            answerable = [c for c in row if not c.rejects]
            page = load(row[0].technique)
            mine = next((k for k in kinds if any(k in c.types for c in answerable)), "")
            optional = _optional(implementation, page, row[0])
            errors: list[CallError] = []
            answered = False
            for passed in ({}, dict.fromkeys(optional, DECAY)) if optional else ({},):
                try:
                    yield _identity(implementation, page, answerable, mine, passed)
                    answered = True
                except CallError as error:
                    errors.append(error)  # without a hyperparameter that it may insist on
            if not answered:
                raise errors[0]
            tick()


def _optional(implementation: Implementation, page: Page, case: Case) -> list[str]:
    """Hyperparameters that only variants have and that the implementation names."""
    extra = set[str]().union(*(page.extra(page.whole_rule(name)) for name in page.variants))
    return sorted((extra & implementation.accepts(case.row)) - case.hyperparameters.keys())


def asked(
    implementation: Implementation, cases: Sequence[Case], kind: str, passed: Mapping[str, float]
) -> tuple[Evidence, tuple[str, ...]]:
    """What the answers to the cases tell, with the hyperparameters `passed` beside the cases' own.

    Gives the evidence, and why each case that failed has no answer. Raises `CallError` where not
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
            results.append(compared(given, kind, implementation.call(given, kind)))
        except CallError as failure:
            if failure.outcome is Outcome.UNSUPPORTED:
                continue
            error = error or failure
            unanswered.append(f"{case.label}: {failure.outcome.value}: {failure}")
    evidence = gathered(results)
    if evidence is None:
        outcome, why = (error.outcome, error) if error else (Outcome.UNSUPPORTED, "no case")
        raise CallError(outcome, f"{cases[0].row}: {why}")
    return evidence, tuple(unanswered)


def _identity(
    implementation: Implementation,
    page: Page,
    cases: Sequence[Case],
    kind: str,
    passed: Mapping[str, float],
) -> Identity:
    evidence, unanswered = asked(implementation, cases, kind, passed)
    diagnosis = explained(evidence)
    form = diagnosis.found
    conforms, reason = None, ""
    exact = form is not None and diagnosis.form == (form.name or "canonical")
    if exact and form and not form.constants and all(n in page.variants for n in form.edits):
        conforms, reason = _conforms(implementation, cases, kind, form)
    return Identity(
        cases[0].row,
        kind,
        cases[0].variant,
        passed,
        diagnosis,
        _runner_up(evidence, form) if form else None,
        conforms,
        reason,
        unanswered,
    )


def _conforms(
    implementation: Implementation, cases: Sequence[Case], kind: str, form: Form
) -> tuple[tuple[int, int, float] | None, str]:
    """How many cases are passed as the form: golden values, or derived ones, judge."""
    plain = {case.id: case for case in load_cases([cases[0].technique])}
    name = "+".join(form.edits)
    try:
        held = [replace(plain[c.id].as_variant(name), form=c.form) for c in cases]
    except ModuleNotFoundError as error:
        return None, f"to check a combination as such, install {error.name}"
    results = [single(implementation, c, kind) for c in held if kind in c.types]
    asked = [r for r in results if r.outcome is not Outcome.UNSUPPORTED]
    passing = [r for r in asked if r.outcome is Outcome.PASS]
    return (len(passing), len(asked), max((r.error for r in passing), default=0.0)), ""


def _runner_up(evidence: Evidence, form: Form) -> RunnerUp | None:
    """Of the forms that differ by one edit, the one that is hardest to exclude."""
    page = evidence.page
    short = evidence.short
    second: tuple[float, Form] | None = None
    for other in forms.neighbours(page, form):
        if page.extra(other.rule) - evidence.given - other.more.keys():
            continue
        farthest = 0.0
        for index in short:
            distance = _distance(evidence, index, other)
            farthest = max(farthest, distance)
            if second is not None and farthest >= second[0]:
                break
        if farthest > NEAR and (second is None or farthest < second[0]):
            second = farthest, other
    if second is None:
        return None
    distances = {i: _distance(evidence, i, second[1]) for i in short}
    index = max(distances, key=distances.__getitem__)
    values = values_of(evidence.cases[index], second[1].rule, second[1].more)
    return RunnerUp(
        second[1].name or "canonical",
        evidence.cases[index].label,
        first_apart(evidence, index, values, second[1].edits),
        distances[index],
        sum(d > NEAR for d in distances.values()),
    )


def _distance(evidence: Evidence, index: int, form: Form) -> float:
    values = values_of(evidence.cases[index], form.rule, form.more)
    found = evidence.distance(index, values, form.edits)
    return math.inf if math.isnan(found) else found


def as_data(identity: Identity) -> dict[str, Any]:
    """An identity as JSON data."""
    d, r = identity.diagnosis, identity.runner_up
    return {
        "operation": identity.row,
        "type": identity.kind,
        "passed": dict(identity.passed),
        "declared": identity.declared or "canonical",
        "known": identity.known,
        "form": d.form,
        "edits": list(d.edits),
        "constants": d.constants,
        "text": d.text,
        "cases": d.cases,
        "explained": d.explained,
        "largest_distance_in_tolerances": spelled(d.distance),
        "departures": list(d.departures),
        "unanswered": list(identity.unanswered),
        "nearest": d.nearest,
        "runner_up": r
        and {
            "form": r.form,
            "case": r.case,
            "place": r.place,
            "tolerances": spelled(r.tolerances),
            "separating_cases": r.separating,
        },
        "conforms": identity.conforms
        and {
            "passed": identity.conforms[0],
            "asked": identity.conforms[1],
            "largest_error_in_tolerances": spelled(identity.conforms[2]),
        },
    }
