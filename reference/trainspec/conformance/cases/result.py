"""What can come of one case in one type. The outcomes are kept apart everywhere."""

from __future__ import annotations

import enum
from typing import Any

from msgspec import Struct

from trainspec.conformance.basics.errors import NoAnswerError
from trainspec.conformance.basics.names import Place, Subject
from trainspec.conformance.basics.records import describe_record
from trainspec.conformance.cases.case import Case


class Outcome(enum.Enum):
    """The outcome of one case in one type."""

    PASS = "pass"
    WRONG = "wrong"
    REJECTED = "rejected"
    CRASHED = "crashed"
    TIMED_OUT = "timed out"
    MALFORMED = "malformed"
    UNSUPPORTED = "unsupported"
    KNOWN_FAILURE = "known failure"
    STALE = "stale known failure"
    ADVICE = "advice"

    @property
    def fails(self) -> bool:
        """Whether the outcome makes the check fail."""
        return self in _FAILING

    @property
    def breaks(self) -> bool:
        """Whether the adapter, rather than the mathematics, is at fault."""
        return self in _BREAKING


_BREAKING = {Outcome.CRASHED, Outcome.TIMED_OUT, Outcome.MALFORMED}
_FAILING = _BREAKING | {Outcome.WRONG, Outcome.REJECTED, Outcome.STALE}


class Fault(enum.Enum):
    """What is wrong with an answer whose numbers may well be right."""

    INPUT = "an input was changed"
    TYPE = "the numbers have another type"


class CallError(NoAnswerError):
    """A call that returned no answer to compare: `outcome` says in which way."""

    def __init__(self, outcome: Outcome, message: str, fault: Fault | None = None) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.fault = fault
        self.reason = outcome.value


class Divergence(Struct, frozen=True):
    """The first number that is out of tolerance: where, what, and by how much."""

    place: Place
    expected: float
    got: float
    tolerances: float
    ulps: float


class Result(Struct, frozen=True):
    """One case in one type: the outcome, and what there is to say about it.

    `kind` is the type, and empty for an operation that is not offered at all. `error` is the
    largest error of the answer in tolerances; `answer` its numbers, flat; `drawn` the draws that a
    finding about draws is of, `diagnosis` what was found on the way to it. `fault` says what is
    wrong besides the numbers.
    """

    case: Case
    kind: str
    outcome: Outcome
    message: str = ""
    error: float = 0.0
    divergence: Divergence | None = None
    answer: Any = None
    drawn: Any = None
    diagnosis: Any = None
    fault: Fault | None = None

    def __repr__(self) -> str:
        return describe_record(self, "answer", "drawn", "diagnosis")

    @property
    def subject(self) -> Subject:
        """What the result is about: a golden case, a default, a draw."""
        return self.case.subject
