"""The report of a check: its verdict, its diagnoses, and the whole of it as records."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import numpy as np

from trainspec import __version__
from trainspec.conformance.arithmetic.float64 import FLOAT64_FUNCTIONS
from trainspec.conformance.arithmetic.run import run_rule
from trainspec.conformance.basics.float_types import TYPES
from trainspec.conformance.basics.names import Offering, Subject
from trainspec.conformance.basics.tensors import map_tensors, spell_number, to_array
from trainspec.conformance.cases.result import Fault, Outcome, Result
from trainspec.conformance.diagnosis.diagnose import Diagnosis, diagnose
from trainspec.conformance.diagnosis.draws import diagnose_draws
from trainspec.conformance.diagnosis.step_mistakes import diagnose_steps
from trainspec.conformance.implementations.implementation import Implementation
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.reporting.records import (
    FORMAT_VERSION,
    Number,
    Report,
    ReportedDiagnosis,
    ReportedDivergence,
    ReportedImplementation,
    ReportedResult,
)

Diagnoses = Mapping[Offering, Diagnosis]


def group_by_offering(results: Sequence[Result]) -> dict[Offering, list[Result]]:
    """The results of each offering."""
    grouped: dict[Offering, list[Result]] = {}
    for result in results:
        grouped.setdefault(result.case.offering, []).append(result)
    return grouped


def diagnose_results(results: Sequence[Result]) -> Diagnoses:
    """For every offering with wrong answers, what the implementation is instead.

    The widest type with a wrong answer is looked at: its digits say most. What is wrong with runs
    step by step stands under the function that starts them.
    """
    found: dict[Offering, Diagnosis] = {}
    whole = [result for result in results if result.subject is not Subject.STEPS]
    steps = [result for result in results if result.subject is Subject.STEPS]
    for offering, own in group_by_offering(steps).items():
        mistake = diagnose_steps(own)
        if mistake is not None:
            found[offering.starter] = mistake
    for offering, own in group_by_offering(whole).items():
        wrong = {r.kind for r in own if r.outcome is Outcome.WRONG and r.answer is not None}
        widest = next((kind for kind in TYPES if kind in wrong), None)
        if widest:
            diagnosis = diagnose([r for r in own if r.kind == widest])
            if diagnosis is not None:
                found[offering] = diagnosis
        elif own_found := next((r.diagnosis for r in own if r.diagnosis is not None), None):
            found[offering] = own_found
        elif any(r.drawn is not None and r.outcome.fails for r in own):
            diagnosis = diagnose_draws([r for r in own if r.subject is Subject.DRAW])
            if diagnosis is not None:
                found[offering] = diagnosis
    return found


def choose_exit_status(results: Iterable[Result], strict: bool = False) -> int:
    """What happened, as a class: 0 conforms, 1 does not, 3 the adapter broke, 4 nothing checked."""
    outcomes = {result.outcome for result in results}
    if any(outcome.breaks for outcome in outcomes):
        return 3
    if any(outcome.fails for outcome in outcomes):
        return 1
    if strict and Outcome.ADVICE in outcomes:
        return 1
    return 0 if outcomes & {Outcome.PASS, Outcome.KNOWN_FAILURE} else 4


def make_report(
    implementation: Implementation, results: Sequence[Result], found: Diagnoses
) -> Report:
    """The whole report as a record."""
    return Report(
        format="trainspec-report",
        format_version=FORMAT_VERSION,
        implementation=ReportedImplementation(implementation.name, implementation.version),
        profile=implementation.profile,
        environment={
            "trainspec": __version__,
            "python": platform.python_version(),
            "platform": platform.platform(),
        },
        counts={o.value: n for o, n in Counter(r.outcome for r in results).items()},
        diagnoses={
            str(offering): ReportedDiagnosis(d.form, d.text, d.cases, d.explained)
            for offering, d in found.items()
        },
        results=[_report_result(r) for r in results],
    )


def _report_result(result: Result) -> ReportedResult:
    d = result.divergence
    numbers = (d.expected, d.got, d.ulps, d.tolerances) if d else ()
    divergence = ReportedDivergence(str(d.place), *map(_spell, numbers)) if d else None
    return ReportedResult(
        case=result.case.id,
        technique=result.case.technique,
        variant=result.case.form,
        type=result.kind,
        outcome=result.outcome.value,
        error_in_tolerances=_spell(result.error),
        form=result.case.offered,
        message=result.message,
        divergence=divergence,
    )


def _spell(value: float) -> Number:
    return cast(Number, spell_number(value))


def find_broken_clauses(result: Result, diagnosis: Diagnosis | None) -> tuple[str, ...]:
    """The clauses that a failure breaks: those of the diagnosed edits, else those of its case.

    Where the numbers are not the trouble it is the clauses about inputs, or about types.
    """
    page = load_page(result.case.technique)
    expected = result.case.form
    if result.fault is Fault.INPUT:
        return page.watched
    if result.fault is Fault.TYPE:
        return (page.typed,) if page.typed else ()
    if diagnosis is not None and not expected:
        edits = [page.edits[name] for name in diagnosis.edits if name in page.edits]
        broken = [clause for edit in edits for clause in edit.clauses]
        clauses = tuple(dict.fromkeys((*diagnosis.clauses, *broken)))
        if clauses:
            return clauses
    return () if expected else result.case.clauses


def compute_intermediates(result: Result) -> dict[str, float]:
    """The values of the rule's names at the first number out of tolerance, in float64.

    Empty for what is not an update rule.
    """
    case, d = result.case, result.divergence
    page = load_page(case.technique)
    if d is None or d.place.step is None or not page.is_update_rule or case.script:
        return {}
    position, element = (d.place.step - 1, d.place.output), d.place.element
    rule = page.rule_of_form(case.form)
    seen: dict[str, float] = {}

    def watch(where: tuple[int, ...], names: dict[str, Any]) -> None:
        if where == position:
            for line in rule.body:
                value = np.asarray(names[line.name], dtype=np.float64)
                seen[line.name] = float(value[element] if value.shape else value)

    inputs = map_tensors(lambda t: to_array(t, np.float64), case.inputs)
    run_rule(page, rule, inputs, case.numbers(), FLOAT64_FUNCTIONS, watch)
    return seen
