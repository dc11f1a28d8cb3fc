"""The matrix: `reports of many implementations -> technique × implementation × type`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct

from trainspec.conformance.basics.float_types import TYPES
from trainspec.conformance.basics.names import CaseInType, Offering, display_form, operation_of
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.cases.result import Outcome
from trainspec.conformance.checking.check import check_cases
from trainspec.conformance.derivation.as_form import as_form
from trainspec.conformance.implementations.baseline import DoNothing
from trainspec.conformance.implementations.implementation import AdapterError
from trainspec.conformance.reporting.records import Report, ReportedResult

PASS, KNOWN = Outcome.PASS.value, Outcome.KNOWN_FAILURE.value
#: Outcomes that count for or against an implementation; advice and what is not offered do not.
COUNTED = (PASS, KNOWN, *(outcome.value for outcome in Outcome if outcome.fails))


class Cell(Struct, frozen=True):
    """What came of one form of a technique in one type: passes, and all that was judged.

    `error` is the largest error of a passing answer in tolerances; `unsupported` says that the
    implementation has nothing of it.
    """

    passed: int
    known: int
    judged: int
    error: float
    unsupported: bool

    @property
    def good(self) -> bool:
        """Whether every case that was judged passes."""
        return self.judged > 0 and self.passed == self.judged

    @property
    def bad(self) -> bool:
        """Whether a case fails that is not a known failure."""
        return self.passed + self.known < self.judged


class Row(Struct, frozen=True):
    """One form of a technique in one implementation: a cell for every type."""

    technique: str
    implementation: str
    form: str
    further: bool
    cells: dict[str, Cell]
    found: str
    diagnosis: str

    @property
    def label(self) -> str:
        """The form that it says it is, and the one that it was found to be where that differs."""
        return f"{self.form}, is {self.found}" if self.found else self.form


class Column(Struct, frozen=True):
    """One implementation: what it is, what it scores, and what doing nothing would score there."""

    name: str
    version: str
    environment: dict[str, str]
    passed: int
    known: int
    judged: int
    nothing: int
    forms: int
    unsupported: tuple[str, ...]
    reasons: tuple[str, ...]

    @property
    def conforms(self) -> bool:
        """Whether it does, known failures aside."""
        return self.passed + self.known == self.judged

    @property
    def score(self) -> float:
        """The percentage of cases passed."""
        return 100 * self.passed / max(self.judged, 1)

    @property
    def nothing_score(self) -> float:
        """The percentage that doing nothing would pass."""
        return 100 * self.nothing / max(self.judged, 1)


def build_matrix(reports: Sequence[Report]) -> Matrix:
    """The matrix of the reports.

    Raises `AdapterError` where two implementations have one name.
    """
    for name, times in Counter(report.name for report in reports).items():
        if times > 1:
            raise AdapterError(f"{times} reports are of implementations named {name!r}")
    return Matrix(reports, build_rows(reports), build_columns(reports))


class Matrix(Struct, frozen=True):
    """Reports side by side: a row for each form, a column for each implementation."""

    reports: Sequence[Report]
    rows: list[Row]
    columns: list[Column]

    @property
    def conforms(self) -> bool:
        """Whether all implementations do, known failures aside."""
        return all(column.conforms for column in self.columns)


def build_rows(reports: Sequence[Report]) -> list[Row]:
    """A row for each form of each technique that any of the implementations has."""
    found = []
    for report in reports:
        grouped: dict[tuple[str, str], list[ReportedResult]] = {}
        for r in report.results:
            grouped.setdefault((r.technique, r.form), []).append(r)
        for (technique, further), results in grouped.items():
            if any(r.type for r in results):
                found.append(_build_row(report, technique, further, results))
    return sorted(found, key=lambda row: row.technique)


def _build_row(
    report: Report, technique: str, further: str, results: Sequence[ReportedResult]
) -> Row:
    form = display_form(next((r.variant for r in results if r.variant), ""))
    diagnosis = report.diagnosis_of(Offering(operation_of(technique), further))
    found = diagnosis.form if diagnosis else ""
    return Row(
        technique,
        report.name,
        form,
        bool(further),
        {kind: _build_cell([r for r in results if r.type == kind]) for kind in TYPES},
        "" if found == form else found,
        diagnosis.text if diagnosis else "",
    )


def _build_cell(results: Sequence[ReportedResult]) -> Cell:
    counts = Counter(r.outcome for r in results)
    judged = sum(counts[outcome] for outcome in COUNTED)
    errors = [float(r.error_in_tolerances) for r in results if r.outcome == PASS]
    return Cell(counts[PASS], counts[KNOWN], judged, max(errors, default=0.0), not judged)


def build_columns(reports: Sequence[Report]) -> list[Column]:
    """A column for each implementation."""
    nothing = check_baseline(reports)
    return [_build_column(report, nothing) for report in reports]


def _build_column(report: Report, nothing: Mapping[tuple[str, str, str], bool]) -> Column:
    counted = [r for r in report.results if r.outcome in COUNTED]
    counts = Counter(r.outcome for r in counted)
    reasons = {
        (CaseInType.parse(r.case).offering.operation, r.message)
        for r in counted
        if r.outcome == KNOWN
    }
    return Column(
        name=report.name,
        version=report.implementation.version,
        environment=report.environment,
        passed=counts[PASS],
        known=counts[KNOWN],
        judged=len(counted),
        nothing=sum(nothing.get((r.case, r.variant, r.type), False) for r in counted),
        forms=len({(r.technique, r.form) for r in counted}),
        unsupported=tuple(sorted(_find_missing(report))),
        reasons=tuple(f"{operation}: {reason}" for operation, reason in sorted(reasons)),
    )


def _find_missing(report: Report) -> set[str]:
    """The techniques of which the implementation offers nothing, not even its own draws."""
    offered = {r.technique for r in report.results if r.type}
    return {r.technique for r in report.results if not r.type} - offered


def check_baseline(reports: Sequence[Report]) -> dict[tuple[str, str, str], bool]:
    """Whether an implementation that does nothing passes: by case, form and type."""
    by_id = {case.id: case for case in load_cases()}
    asked = sorted({(r.case, r.variant) for report in reports for r in report.results})
    cases = [as_form(by_id[case], form) for case, form in asked if case in by_id]
    results = check_cases(DoNothing(), [case for case in cases if not case.rejects])
    return {(r.case.id, r.case.form, r.kind): r.outcome is Outcome.PASS for r in results}
