"""The report of a check as records: what `trainspec check --json` writes and `report` reads.

spec/schemas/report.json says the same for other readers.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from trainspec.conformance.basics.names import Offering

Number = float | Literal["NaN", "Infinity", "-Infinity"]
FORMAT, FORMAT_VERSION = "trainspec-report", 1


class ReportedDivergence(msgspec.Struct, frozen=True):
    """The first number out of tolerance."""

    place: str
    expected: Number
    got: Number
    ulps: Number
    tolerances: Number


class ReportedResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """One case in one type; `variant` is the form that it is checked against.

    `type` is empty for an operation that is not offered; `form` names the further form that was
    asked for, beside the operation's main one.
    """

    case: str
    technique: str
    variant: str
    type: str
    outcome: str
    error_in_tolerances: Number
    form: str = ""
    message: str = ""
    divergence: ReportedDivergence | None = None


class ReportedDiagnosis(msgspec.Struct, frozen=True):
    """What an offering with wrong answers is instead."""

    form: str
    text: str
    cases: int
    explained: int


class ReportedImplementation(msgspec.Struct, frozen=True):
    """What was checked."""

    name: str
    version: str


class Report(msgspec.Struct, frozen=True):
    """The whole report."""

    format: Literal["trainspec-report"]
    format_version: int
    implementation: ReportedImplementation
    diagnoses: dict[str, ReportedDiagnosis]
    results: list[ReportedResult]
    profile: str = ""
    environment: dict[str, str] = {}
    counts: dict[str, int] = {}

    @property
    def name(self) -> str:
        """The implementation's name."""
        return self.implementation.name

    def diagnosis_of(self, offering: Offering) -> ReportedDiagnosis | None:
        """What an offering is instead, where its answers are wrong."""
        return self.diagnoses.get(str(offering))


def to_json(value: Any) -> str:
    """A record, or data made of them, as JSON for people to read."""
    return msgspec.json.format(msgspec.json.encode(value), indent=1).decode()
