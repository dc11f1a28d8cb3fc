"""Known failures as data: `file <-> reasons`, and what of it still holds.

The file lists cases that an implementation fails, each in one type, with a reason and a link. It
is written by ``trainspec check --write-known``; people add the reasons. A case that is listed
and passes makes the check fail, so that the list never outlives its truth.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from trainspec.conformance.outcome import AdapterError, Outcome, Result

FORMAT = "trainspec-known-failures"


def read(path: Path) -> dict[str, str]:
    """The reasons in a file, by ``case in type``; a link stands behind its reason.

    Raises `AdapterError` for a file that is not there or not of the format.
    """
    return {
        f"{entry['case']} in {entry['type']}": " ".join(
            filter(None, (entry.get("reason", "") or "no reason given", entry.get("link", "")))
        )
        for entry in _entries(path)
    }


def _entries(path: Path) -> list[dict[str, Any]]:
    try:
        data = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise AdapterError(f"known failures: {path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise AdapterError(f"known failures: {path} is not JSON: {error}") from None
    failures = data.get("failures") if isinstance(data, dict) else None
    if not isinstance(failures, list) or data.get("format") != FORMAT:
        raise AdapterError(
            f'known failures: {path} must hold {{"format": "{FORMAT}", "failures": […]}}, as '
            "`trainspec check --write-known` writes it"
        )
    for entry in failures:
        named = isinstance(entry, dict) and {"case", "type"} <= entry.keys()
        if not named or not all(isinstance(value, str) for value in entry.values()):
            raise AdapterError(
                f'known failures: {path}: {entry!r:.80} must be an object of strings with "case" '
                'and "type", and may have "outcome", "reason" and "link"'
            )
    return failures


def write(
    path: Path,
    implementation: str,
    results: Iterable[Result],
    elsewhere: Mapping[str, str],
    reason: str = "",
    link: str = "",
) -> tuple[int, int, int]:
    """Write what fails now, and keep the reasons that the file has.

    Entries of cases that were not asked stay. Failures known `elsewhere` and wrong
    defaults are left out.

    Gives how many entries the file holds, how many of them are new, and how many are gone.
    """
    before = {(e["case"], e["type"]): e for e in _entries(path)} if path.exists() else {}
    results = list(results)
    asked = {(result.case.label, result.kind) for result in results}
    entries = {key: entry for key, entry in before.items() if key not in asked}
    for result in results:
        case, kind = result.case.label, result.kind
        known = result.outcome is Outcome.KNOWN_FAILURE
        fails = result.outcome.fails and result.outcome is not Outcome.STALE
        listed = case in elsewhere or f"{case} in {kind}" in elsewhere
        if not (known or fails) or (listed and (case, kind) not in before):
            continue
        if not kind or case.partition("/")[2].startswith("default-"):
            continue
        fresh = {"case": case, "type": kind, "outcome": result.outcome.value}
        fresh |= {"reason": reason, "link": link}
        entries[case, kind] = before.get((case, kind), fresh)
    data = {
        "format": FORMAT,
        "format_version": 1,
        "implementation": implementation,
        "failures": [entries[key] for key in sorted(entries)],
    }
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", "utf-8")
    new, gone = entries.keys() - before.keys(), before.keys() - entries.keys()
    return len(entries), len(new), len(gone)
