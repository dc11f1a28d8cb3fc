"""The matrix: `reports of many implementations -> technique × implementation × type`.

Reports are what ``trainspec check --json`` prints, so that every implementation runs in a process
of its own, and saved ones can be laid beside new ones. Pages are rendered from the templates in
`templates/report/`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainspec.conformance import cases
from trainspec.conformance.check import checked
from trainspec.conformance.files import PACKAGE
from trainspec.conformance.implementations import words_of
from trainspec.conformance.nothing import Nothing
from trainspec.conformance.outcome import AdapterError, Outcome
from trainspec.conformance.types import TYPES

Report = dict[str, Any]
#: Outcomes that count for or against an implementation; advice and what is not offered do not.
COUNTED = ("pass", "known failure", *(o.value for o in Outcome if o.fails))


@dataclass(frozen=True)
class Cell:
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
        return self.judged > 0 and self.passed == self.judged

    @property
    def bad(self) -> bool:
        return self.passed + self.known < self.judged


@dataclass(frozen=True)
class Row:
    """One form of a technique in one implementation: a cell for every type."""

    technique: str
    implementation: str
    form: str
    further: bool
    cells: dict[str, Cell]
    found: str
    diagnosis: str

    @property
    def told(self) -> str:
        """The form that it says it is, and the one that it was found to be where that differs."""
        return f"{self.form}, is {self.found}" if self.found else self.form


@dataclass(frozen=True)
class Column:
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
        return 100 * self.passed / max(self.judged, 1)

    @property
    def nothing_score(self) -> float:
        return 100 * self.nothing / max(self.judged, 1)


def measured(target: str, types: Iterable[str] = (), timeout: float = 10.0) -> Report:
    """The report of one implementation, run in a process of its own, or read from a ``.json`` file.

    Raises `AdapterError` where it cannot be run, or the file is no report.
    """
    if target.endswith(".json"):
        return _read(Path(target))
    options = ["--timeout", str(timeout)]
    for kind in types:
        options += ["--dtype", kind]
    words = words_of(target)
    if len(words) > 1:
        words = ["--", *words]
    command = [sys.executable, "-m", "trainspec.conformance.cli", "check", "--json", *options]
    done = subprocess.run([*command, *words], capture_output=True, text=True, check=False)
    try:
        report = json.loads(done.stdout)
    except ValueError:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise AdapterError(f"{target} cannot be checked: {last}") from None
    return _checked(report, target)


def _read(path: Path) -> Report:
    try:
        return _checked(json.loads(path.read_text("utf-8")), str(path))
    except OSError as error:
        raise AdapterError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError:
        raise AdapterError(f"{path} is not JSON") from None


def _checked(report: Any, where: str) -> Report:
    if not isinstance(report, dict) or report.get("format") != "trainspec-report":
        raise AdapterError(f"{where} is no report of `trainspec check --json`")
    return report


def _name(report: Report) -> str:
    return str(report["implementation"]["name"])


def doing_nothing(reports: Sequence[Report]) -> dict[tuple[str, str, str], bool]:
    """Whether an implementation that does nothing passes: by case, form and type."""
    asked = {(r["case"], r["variant"], r["type"]) for report in reports for r in report["results"]}
    found: dict[tuple[str, str, str], bool] = {}
    by_id = {case.id: case for case in cases.load()}
    variants = sorted({(case, variant) for case, variant, _ in asked if case in by_id})
    held = [by_id[case].as_variant(variant) for case, variant in variants]
    for result in checked(Nothing(), [case for case in held if not case.rejects]):
        key = result.case.id, result.case.variant, result.kind
        found[key] = result.outcome is Outcome.PASS
    return found


def rows(reports: Sequence[Report]) -> list[Row]:
    """A row for each form of each technique that any of the implementations has."""
    found = []
    for report in reports:
        grouped: dict[tuple[str, str], list[Any]] = {}
        for r in report["results"]:
            grouped.setdefault((r["technique"], r.get("form", "")), []).append(r)
        for (technique, further), results in grouped.items():
            if all(not r["type"] for r in results):
                continue
            form = next((r["variant"] for r in results if r["variant"]), "") or "canonical"
            operation = technique.rpartition("/")[2]
            key = f"{operation}:{further}" if further else operation
            diagnosis = report["diagnoses"].get(key, {})
            found_to_be = diagnosis.get("form", "")
            cells = {kind: _cell([r for r in results if r["type"] == kind]) for kind in TYPES}
            found.append(
                Row(
                    technique,
                    _name(report),
                    form,
                    bool(further),
                    cells,
                    "" if found_to_be == form else found_to_be,
                    diagnosis.get("text", ""),
                )
            )
    return sorted(found, key=lambda row: row.technique)


def _cell(results: Sequence[Any]) -> Cell:
    counts = Counter(r["outcome"] for r in results)
    judged = sum(counts[outcome] for outcome in COUNTED)
    errors = [float(r["error_in_tolerances"]) for r in results if r["outcome"] == "pass"]
    return Cell(
        counts["pass"], counts["known failure"], judged, max(errors, default=0.0), not judged
    )


def columns(reports: Sequence[Report]) -> list[Column]:
    """A column for each implementation."""
    nothing = doing_nothing(reports)
    found = []
    for report in reports:
        counted = [r for r in report["results"] if r["outcome"] in COUNTED]
        counts = Counter(r["outcome"] for r in counted)
        idle = sum(nothing.get((r["case"], r["variant"], r["type"]), False) for r in counted)
        missing = {r["technique"] for r in report["results"] if not r["type"]}
        reasons = {
            (r["case"].partition("/")[0], r.get("message", ""))
            for r in counted
            if r["outcome"] == "known failure"
        }
        found.append(
            Column(
                _name(report),
                report["implementation"]["version"],
                report.get("environment", {}),
                counts["pass"],
                counts["known failure"],
                len(counted),
                idle,
                len({(r["technique"], r.get("form", "")) for r in counted}),
                tuple(sorted(missing)),
                tuple(f"{operation}: {reason}" for operation, reason in sorted(reasons)),
            )
        )
    return found


@dataclass(frozen=True)
class Matrix:
    """Reports, laid side by side: a row for each form, a column for each implementation."""

    reports: Sequence[Report]
    rows: list[Row]
    columns: list[Column]

    @property
    def conforms(self) -> bool:
        """Whether all implementations do, known failures aside."""
        return all(column.conforms for column in self.columns)


def laid(reports: Sequence[Report]) -> Matrix:
    """The matrix of the reports.

    Raises `AdapterError` where two implementations have one name.
    """
    for name, times in Counter(map(_name, reports)).items():
        if times > 1:
            raise AdapterError(f"{times} reports are of implementations named {name!r}")
    return Matrix(reports, rows(reports), columns(reports))


def written(matrix: Matrix, folder: Path, formats: Sequence[str] = ()) -> Iterator[Path]:
    """Write the matrix in the `formats`, or in all; gives the paths.

    Raises ModuleNotFoundError where the packages of the extra ``report`` are not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in formats or FORMATS:
        file, write = FORMATS[name]
        write(matrix, folder / file)
        yield folder / file


def _rendered(matrix: Matrix, path: Path) -> None:
    import jinja2

    main = [row for row in matrix.rows if not row.further]
    given = {
        "rows": matrix.rows,
        "columns": matrix.columns,
        "types": list(TYPES),
        "techniques": list(dict.fromkeys(row.technique for row in matrix.rows)),
        "overview": {(row.technique, row.implementation): row for row in main},
    }
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(PACKAGE / "conformance" / "templates" / "report"),
        autoescape=lambda name: bool(name and ".html" in name),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    path.write_text(templates.get_template(f"{path.name}.j2").render(given), "utf-8")


def _data(matrix: Matrix, path: Path) -> None:
    data = {"format": "trainspec-matrix", "format_version": 1, "reports": list(matrix.reports)}
    path.write_text(json.dumps(data, indent=1) + "\n", "utf-8")


def _badge(matrix: Matrix, path: Path) -> None:
    import anybadge

    good = [column.conforms for column in matrix.columns]
    text = "conforms" if all(good) else "does not conform"
    if len(good) > 1:
        text = f"{sum(good)} of {len(good)} conform"
    badge = anybadge.Badge("trainspec", text, default_color="green" if all(good) else "red")
    badge.write_badge(str(path), overwrite=True)


def _junit(matrix: Matrix, path: Path) -> None:
    """A suite for each implementation and technique, a case for each case and type."""
    import junitparser

    document = junitparser.JUnitXml()
    for report in matrix.reports:
        suites: dict[str, Any] = {}
        for r in report["results"]:
            technique = r["technique"]
            suite = suites.setdefault(
                technique, junitparser.TestSuite(f"{_name(report)}, {technique}")
            )
            form = f" as {r['variant']}" if r["variant"] else ""
            kind = f" in {r['type']}" if r["type"] else ""
            case = junitparser.TestCase(f"{r['case']}{form}{kind}", classname=technique)
            message = r.get("message", "") or r["outcome"]
            if r["outcome"] in ("unsupported", "known failure", "advice"):
                case.result = [junitparser.Skipped(f"{r['outcome']}: {message}")]
            elif r["outcome"] != "pass":
                place = r.get("divergence", {})
                detail = ", ".join(f"{key} {value}" for key, value in place.items())
                case.result = [junitparser.Failure(f"{r['outcome']}: {message} {detail}".strip())]
            suite.add_testcase(case)
        for suite in suites.values():
            document.add_testsuite(suite)
    document.write(str(path), pretty=True)


#: What the matrix can be written as: a file, and what writes it.
FORMATS: dict[str, tuple[str, Callable[[Matrix, Path], None]]] = {
    "markdown": ("matrix.md", _rendered),
    "html": ("index.html", _rendered),
    "json": ("matrix.json", _data),
    "junit": ("junit.xml", _junit),
    "badge": ("badge.svg", _badge),
}
