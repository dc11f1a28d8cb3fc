"""Reports of many implementations: each run in a process of its own, or read from a file."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import msgspec

from trainspec.conformance.implementations.implementation import AdapterError
from trainspec.conformance.implementations.target import split_target
from trainspec.conformance.reporting.records import Report


def collect_report(target: str, types: Iterable[str] = (), timeout: float = 10.0) -> Report:
    """The report of one implementation, run in a process of its own, or read from a ``.json`` file.

    Raises `AdapterError` where it cannot be run, or the file is no report.
    """
    if target.endswith(".json"):
        return _read_file(Path(target))
    options = ["--timeout", str(timeout)]
    for kind in types:
        options += ["--dtype", kind]
    words = split_target(target)
    if len(words) > 1:
        words = ["--", *words]
    command = [sys.executable, "-m", "trainspec.conformance.cli", "check", "--json", *options]
    done = subprocess.run([*command, *words], capture_output=True, check=False)
    try:
        return msgspec.json.decode(done.stdout, type=Report)
    except msgspec.DecodeError:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        last = (said or ["it printed nothing"])[-1]
        raise AdapterError(f"{target} cannot be checked: {last}") from None


def _read_file(path: Path) -> Report:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Report)
    except OSError as error:
        raise AdapterError(f"{path} cannot be read: {error.strerror}") from None
    except msgspec.ValidationError as error:
        raise AdapterError(f"{path} is not a report of `trainspec check --json`: {error}") from None
    except msgspec.DecodeError:
        raise AdapterError(f"{path} is not JSON") from None
