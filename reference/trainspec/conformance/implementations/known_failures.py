"""Known failures as data: `file <-> reasons`, and which of them still fail.

The file lists cases that an implementation fails, each in one type, with a reason and a link. It
is written by ``trainspec check --write-known``; people add the reasons. A case that is listed
and passes makes the check fail, so that the list cannot go stale.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from trainspec.conformance.basics.json_text import JsonError, decode_json
from trainspec.conformance.basics.names import CaseInType, Subject
from trainspec.conformance.cases.result import Outcome, Result
from trainspec.conformance.implementations.implementation import AdapterError


class KnownFailure(msgspec.Struct, forbid_unknown_fields=True):
    """A case that fails in one type, with the outcome that it had, a reason and a link."""

    case: str
    type: str
    outcome: str = ""
    reason: str = ""
    link: str = ""

    @property
    def key(self) -> str:
        """The case in its type, as text."""
        return f"{self.case} in {self.type}"

    @property
    def text(self) -> str:
        """The reason, with the link behind it."""
        return " ".join(filter(None, (self.reason or "no reason given", self.link)))


class KnownFailures(msgspec.Struct):
    """The content of a file of known failures."""

    format: Literal["trainspec-known-failures"]
    failures: list[KnownFailure]
    format_version: int = 1
    implementation: str = ""


class Written(NamedTuple):
    """How many entries a file holds, and how many of them are new, and how many were removed."""

    total: int
    added: int
    removed: int


def read_known_failures(path: Path) -> dict[str, str]:
    """The reasons in a file, by ``case in type``.

    Raises `AdapterError` for a file that cannot be read or does not have this format.
    """
    return {entry.key: entry.text for entry in _read_entries(path)}


def _read_entries(path: Path) -> list[KnownFailure]:
    try:
        return decode_json(path.read_bytes(), KnownFailures).failures
    except OSError as error:
        raise AdapterError(f"known failures: {path} cannot be read: {error.strerror}") from None
    except msgspec.ValidationError as error:
        raise AdapterError(
            f"known failures: {path} is not what `trainspec check --write-known` writes: {error}"
        ) from None
    except JsonError as error:
        raise AdapterError(f"known failures: {path} is not JSON: {error}") from None


def write_known_failures(
    path: Path,
    implementation: str,
    results: Iterable[Result],
    elsewhere: Mapping[str, str],
    reason: str = "",
    link: str = "",
) -> Written:
    """Write what fails now, and keep the reasons that the file already has.

    Entries of cases that were not asked stay. Failures known `elsewhere` and wrong defaults are
    left out.
    """
    before = {e.key: e for e in _read_entries(path)} if path.exists() else {}
    results = [r for r in results if r.kind and r.subject is not Subject.DEFAULT]
    entries = dict(before)
    for result in results:
        case, kind = result.case.label, result.kind
        entry = KnownFailure(case, kind, result.outcome.value, reason, link)
        entries.pop(entry.key, None)
        known = result.outcome is Outcome.KNOWN_FAILURE
        fails = result.outcome.fails and result.outcome is not Outcome.STALE
        listed = case in elsewhere or entry.key in elsewhere
        if (known or fails) and (not listed or entry.key in before):
            entries[entry.key] = before.get(entry.key, entry)
    ordered = sorted(entries.values(), key=lambda entry: (entry.case, entry.type))
    data = KnownFailures("trainspec-known-failures", ordered, 1, implementation)
    path.write_text(format_known_failures(data), "utf-8")
    new, gone = entries.keys() - before.keys(), before.keys() - entries.keys()
    return Written(len(entries), len(new), len(gone))


def format_known_failures(data: KnownFailures) -> str:
    """The text of a file of known failures."""
    content = {
        "format": data.format,
        "format_version": data.format_version,
        "implementation": data.implementation,
        "failures": [msgspec.to_builtins(entry) for entry in data.failures],
    }
    return msgspec.json.format(msgspec.json.encode(content), indent=1).decode() + "\n"


def parse_known(names: Iterable[str]) -> list[CaseInType]:
    """The cases, with types where these are meant, that a list of known failures names."""
    return [CaseInType.parse(name) for name in names]
