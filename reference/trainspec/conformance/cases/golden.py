"""The golden files as records: what `golden/*.json` holds, decoded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from typing import Any

import msgspec

from trainspec.conformance.basics.errors import CaseError
from trainspec.conformance.basics.names import matches_technique
from trainspec.conformance.basics.paths import find_folder, golden_path, list_techniques

Number = float | str


class GoldenForm(msgspec.Struct, frozen=True):
    """The values of one published form in a case; what is left out is the same as in the case."""

    expected: list[Number]
    tolerance: dict[str, list[Number]]
    hyperparameters: dict[str, Any] = {}
    outputs: dict[str, Any] | None = None


class GoldenCase(msgspec.Struct, frozen=True):
    """One case as its file holds it."""

    id: str
    level: str
    requirement: str
    clauses: tuple[str, ...]
    why: str
    inputs: dict[str, Any]
    hyperparameters: dict[str, Any]
    link: str = ""
    outputs: dict[str, Any] = {}
    steps: int | None = None
    keep: tuple[int, ...] | None = None
    count: str = ""
    expected: list[Number] = []
    tolerance: dict[str, list[Number]] = {}
    margins: dict[str, dict[str, Any]] = {}
    variants: dict[str, GoldenForm] = {}
    rejects: str = ""


class GoldenFile(msgspec.Struct, frozen=True):
    """The golden file of one technique."""

    technique: str
    operation: str
    hyperparameters: list[str]
    cases: list[GoldenCase]

    @property
    def variants(self) -> tuple[str, ...]:
        """The published forms, in the page's order."""
        return tuple(dict.fromkeys(name for case in self.cases for name in case.variants))

    @property
    def errors(self) -> tuple[str, ...]:
        """The named errors that the cases have margins to, in the page's order."""
        known = set(self.variants)
        names = (n for case in self.cases for by in case.margins.values() for n in by)
        return tuple(name for name in dict.fromkeys(names) if name not in known)


@cache
def read_golden(technique: str) -> GoldenFile:
    """The golden file of a technique.

    Raises `CaseError` for one whose bytes are not those that the manifest seals.
    """
    content = golden_path(technique).read_bytes()
    sealed = _read_manifest().get(f"{technique}.json")
    if sealed is not None and hashlib.sha256(content).hexdigest() != sealed:
        raise CaseError(
            f"{golden_path(technique)} is changed or cut: its SHA-256 is not the one in "
            "manifest.json; install trainspec again, or derive it with `trainspec certify --write`"
        )
    return msgspec.json.decode(content, type=GoldenFile)


@cache
def _read_manifest() -> dict[str, str]:
    """The SHA-256 of every golden file that is sealed."""
    path = find_folder("golden") / "manifest.json"
    return msgspec.json.decode(path.read_bytes(), type=dict[str, dict[str, str]])["sha256"]


def find_techniques(names: Iterable[str] = ()) -> list[str]:
    """The techniques that `names` stand for: full names, operations or folders; all where empty.

    Raises `CaseError` for a name that matches nothing.
    """
    every = _list_certified()
    chosen: list[str] = []
    for name in names:
        fits = [technique for technique in every if matches_technique(name, technique)]
        if not fits:
            raise CaseError(f"no technique {name!r}; there are: {', '.join(every)}")
        chosen += fits
    return list(dict.fromkeys(chosen)) if names else list(every)


@cache
def _list_certified() -> tuple[str, ...]:
    """The techniques that have a golden file."""
    return tuple(t for t in list_techniques() if golden_path(t).exists())
