"""The matrix as Markdown, HTML, JSON, JUnit and a badge. Needs the extra `report`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from trainspec.conformance.basics.float_types import TYPES
from trainspec.conformance.basics.paths import TEMPLATES
from trainspec.conformance.reporting.matrix import Matrix
from trainspec.conformance.reporting.records import Report, ReportedResult, to_json

#: Outcomes that JUnit counts as skipped.
SKIPPED = ("unsupported", "known failure", "advice")


def write_matrix(matrix: Matrix, folder: Path, formats: Sequence[str] = ()) -> list[Path]:
    """Write the matrix in the `formats`, or in all, and return the paths.

    Raises ModuleNotFoundError where the packages of the extra ``report`` are not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name in formats or FORMATS:
        file, write = FORMATS[name]
        write(matrix, folder / file)
        paths.append(folder / file)
    return paths


def _write_page(matrix: Matrix, path: Path) -> None:
    import jinja2  # the extra `report`

    main = [row for row in matrix.rows if not row.further]
    given = {
        "rows": matrix.rows,
        "columns": matrix.columns,
        "types": list(TYPES),
        "techniques": list(dict.fromkeys(row.technique for row in matrix.rows)),
        "overview": {(row.technique, row.implementation): row for row in main},
    }
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES / "matrix"),
        autoescape=lambda name: bool(name and ".html" in name),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    path.write_text(templates.get_template(f"{path.name}.j2").render(given), "utf-8")


def _write_data(matrix: Matrix, path: Path) -> None:
    data = {"format": "trainspec-matrix", "format_version": 1, "reports": list(matrix.reports)}
    path.write_text(to_json(data) + "\n", "utf-8")


def _write_badge(matrix: Matrix, path: Path) -> None:
    import anybadge  # the extra `report`

    good = [column.conforms for column in matrix.columns]
    text = "conforms" if all(good) else "does not conform"
    if len(good) > 1:
        text = f"{sum(good)} of {len(good)} conform"
    badge = anybadge.Badge("trainspec", text, default_color="green" if all(good) else "red")
    badge.write_badge(str(path), overwrite=True)


def _write_junit(matrix: Matrix, path: Path) -> None:
    """A suite for each implementation and technique, a case for each case and type."""
    import junitparser  # the extra `report`

    document = junitparser.JUnitXml()
    for report in matrix.reports:
        for suite in _make_suites(report):
            document.add_testsuite(suite)
    document.write(str(path), pretty=True)


def _make_suites(report: Report) -> list[Any]:
    import junitparser  # the extra `report`

    suites: dict[str, Any] = {}
    for r in report.results:
        name = f"{report.name}, {r.technique}"
        suite = suites.setdefault(r.technique, junitparser.TestSuite(name))
        form = f" as {r.variant}" if r.variant else ""
        kind = f" in {r.type}" if r.type else ""
        case = junitparser.TestCase(f"{r.case}{form}{kind}", classname=r.technique)
        text = f"{r.outcome}: {r.message or r.outcome}"
        if r.outcome in SKIPPED:
            case.result = [junitparser.Skipped(text)]
        elif r.outcome != "pass":
            case.result = [junitparser.Failure(f"{text} {_describe_place(r)}".strip())]
        suite.add_testcase(case)
    return list(suites.values())


def _describe_place(result: ReportedResult) -> str:
    d = result.divergence
    if d is None:
        return ""
    names = ("place", "expected", "got", "ulps", "tolerances")
    return ", ".join(f"{name} {getattr(d, name)}" for name in names)


#: What the matrix can be written as: a file, and what writes it.
FORMATS: dict[str, tuple[str, Callable[[Matrix, Path], None]]] = {
    "markdown": ("matrix.md", _write_page),
    "html": ("index.html", _write_page),
    "json": ("matrix.json", _write_data),
    "junit": ("junit.xml", _write_junit),
    "badge": ("badge.svg", _write_badge),
}
