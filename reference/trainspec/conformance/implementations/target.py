"""What the command line names -> implementation: an adapter file, a shipped adapter, a program."""

from __future__ import annotations

import importlib
import importlib.util
import shlex
import sys
import traceback
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from types import ModuleType

from trainspec.conformance.basics.paths import ADAPTERS, is_file, list_adapters
from trainspec.conformance.implementations.alarm import OutOfTimeError, limit_time
from trainspec.conformance.implementations.child import ChildModule
from trainspec.conformance.implementations.implementation import AdapterError, Implementation
from trainspec.conformance.implementations.known_failures import read_known_failures
from trainspec.conformance.implementations.objects import (
    PACKED,
    ObjectTarget,
    load_object,
    names_object,
)
from trainspec.conformance.implementations.program import Program
from trainspec.conformance.implementations.python_module import (
    MODULE_PREFIX,
    PythonModule,
    describe_error,
)

#: Package -> the shipped adapter of the library that it belongs to.
LIBRARIES = {
    "torch": "torch",
    "keras": "keras",
    "optax": "optax",
    "flax": "optax",
    "jax": "optax",
    "sklearn": "sklearn",
}
#: A module may take long to import: frameworks do.
IMPORT_SECONDS = 120


def load_implementation(
    target: Sequence[str],
    timeout: float = 10.0,
    *,
    in_process: bool = False,
    start_timeout: float | None = None,
    memory: float | None = None,
) -> Implementation:
    """The implementation that the command line names.

    `target` is one word: a path ``my_adapter.py``, the name of a shipped adapter, or an object
    ``package.module:Name``; or it is a program and its arguments. What is written in Python runs
    in a process of its own, which it may crash, unless `in_process` is set or it is the
    reference. A program's first answer may take as long as `start_timeout` says. A process that
    holds more than `memory` MB is ended. Raises `AdapterError` where there is no such thing.
    """
    first = target[0]
    if memory is not None and in_process:
        raise AdapterError(
            "--memory limits a process of its own: it cannot be used with --in-process"
        )
    if len(target) > 1 and (first.endswith(".py") or first in list_adapters()):
        raise AdapterError(
            f"one implementation at a time: after {first!r} comes {target[1]!r}; "
            "a program and its arguments come after --"
        )
    if len(target) == 1 and names_object(first):
        first = ObjectTarget(first).pack()
    packed = len(target) == 1 and first.startswith(PACKED)
    if packed and in_process:
        unpacked = ObjectTarget.unpack(first)
        with redirect_stdout(sys.stderr), limit_time(IMPORT_SECONDS):
            module = load_object(unpacked)
            known = _read_known_failures(LIBRARIES.get(unpacked.path.partition(".")[0], ""))
            return PythonModule(module, unpacked.path, timeout, known)
    python = packed or (len(target) == 1 and (first.endswith(".py") or first in list_adapters()))
    if python and not in_process and first != "reference":
        return ChildModule(first, timeout, memory)
    if len(target) == 1 and first.endswith(".py"):
        return PythonModule(_import_path(Path(first)), Path(first).stem, timeout)
    if len(target) == 1 and first in list_adapters():
        return PythonModule(_import_shipped(first), first, timeout, _read_listed(first))
    return Program(target, timeout, start_timeout, memory)


def _read_listed(adapter: str) -> dict[str, str]:
    """The known failures that are listed in a file beside a shipped adapter."""
    listed = ADAPTERS / f"{adapter}.json"
    return dict(read_known_failures(listed)) if listed.exists() else {}


def _read_known_failures(adapter: str) -> dict[str, str]:
    """All known failures of a shipped adapter: they are those of the library's objects too.

    None where a package is missing that the adapter needs, and the object does not.
    """
    if not adapter:
        return {}
    try:
        own = getattr(_import_shipped(adapter), "known_failures", {})
    except AdapterError:
        own = {}
    return {**own, **_read_listed(adapter)}


def split_target(target: str) -> list[str]:
    """Split a target given as one word into the command that it stands for."""
    if target.startswith(PACKED) or is_file(target):
        return [target]
    try:
        return shlex.split(target) or [target]
    except ValueError as error:
        raise AdapterError(f"{target!r} is no command: {error}") from None


def _import_shipped(name: str) -> ModuleType:
    try:
        return importlib.import_module(f"trainspec.conformance.adapters.{name}")
    except ModuleNotFoundError as error:
        raise AdapterError(
            f"the adapter {name!r} needs a package that is not installed ({error}): "
            f"pip install 'trainspec[{name}]'"
        ) from None
    except Exception as error:
        raise AdapterError(
            f"the adapter {name!r} cannot be imported: {describe_error(error)}"
        ) from None


def _import_path(path: Path) -> ModuleType:
    if not is_file(path):
        raise AdapterError(f"there is no file {path}")
    spec = importlib.util.spec_from_file_location(MODULE_PREFIX + path.stem, path)
    assert spec is not None  # a .py file always has a loader
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    sys.path.insert(0, str(path.resolve().parent))
    try:
        with redirect_stdout(sys.stderr), limit_time(IMPORT_SECONDS):
            spec.loader.exec_module(module)
    except KeyboardInterrupt:
        raise
    except OutOfTimeError:
        raise AdapterError(f"importing {path} takes longer than {IMPORT_SECONDS} s") from None
    except SyntaxError as error:
        raise AdapterError(
            f"{path} cannot be imported: {describe_error(error)} (line {error.lineno})"
        ) from None
    except BaseException as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{last.filename}, line {last.lineno}"
        raise AdapterError(
            f"{path} cannot be imported: {describe_error(error)} ({where})"
        ) from None
    return module
