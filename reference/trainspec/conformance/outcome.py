"""What can come of calling an implementation on a case. The kinds are kept apart everywhere."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from trainspec.conformance.cases import Case
from trainspec.conformance.types import TYPES


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


class CallError(Exception):
    """A call that gave no answer to compare: `outcome` says in which way."""

    def __init__(self, outcome: Outcome, message: str) -> None:
        super().__init__(message)
        self.outcome = outcome


class AdapterError(ValueError):
    """An adapter that cannot be loaded; says what it must be."""


def types_of(name: str, given: object) -> Sequence[str]:
    """The types that an adapter names.

    Raises `AdapterError` where these are not some of the four.
    """
    if isinstance(given, (list, tuple)) and given and all(kind in TYPES for kind in given):
        return tuple(given)
    raise AdapterError(f"{name}: types = {given!r} must be a list of some of {', '.join(TYPES)}")


@dataclass(frozen=True)
class Divergence:
    """The first number that is out of tolerance: where, what, and by how much."""

    place: str
    expected: float
    got: float
    tolerances: float
    ulps: float


@dataclass(frozen=True)
class Result:
    """One case in one type: the outcome, and what there is to say about it.

    `error` is the largest error of the answer in tolerances; `answer` its numbers, flat.
    """

    case: Case
    kind: str
    outcome: Outcome
    message: str = ""
    error: float = 0.0
    divergence: Divergence | None = None
    answer: Any = field(default=None, repr=False)
