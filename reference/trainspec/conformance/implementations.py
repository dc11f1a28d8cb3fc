"""Calling an implementation: `operation, type, inputs -> answer`, however it is reached.

A Python adapter is a module with functions named after operations (`PythonModule`); anything else
is a program that answers JSON lines (`program.py`). Both are described in spec/adapters.md.
"""

from __future__ import annotations

import importlib
import importlib.util
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, Protocol

import numpy as np

from trainspec.conformance.cases import Case
from trainspec.conformance.nest import leaves
from trainspec.conformance.outcome import CallError, Outcome
from trainspec.conformance.types import TYPES


class Implementation(Protocol):
    """What the checker needs of an implementation."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def variants(self) -> Mapping[str, str]:
        """Operation -> the variant that the implementation says it is."""

    @property
    def types(self) -> Sequence[str]:
        """The types that it computes in."""

    @property
    def known_failures(self) -> Mapping[str, str]:
        """Case (or ``case in type``) -> the reason why it fails."""

    def offers(self, operation: str) -> bool:
        """Whether it has the operation at all."""

    def call(self, case: Case, kind: str) -> Any:
        """The answer to a case in a type.

        Raises `CallError` with the outcome where there is none.
        """

    def close(self) -> None:
        """Let go of whatever it holds."""


class AdapterError(ValueError):
    """An adapter that cannot be loaded; says what it must be."""


class PythonModule:
    """A Python adapter: functions named after operations, arrays in and out."""

    def __init__(self, module: ModuleType, name: str, timeout: float = 10.0) -> None:
        self.module = module
        self.name: str = str(getattr(module, "name", name))
        self.version: str = str(getattr(module, "version", ""))
        self.timeout = timeout
        self.variants: Mapping[str, str] = _mapping(module, "variants")
        self.known_failures: Mapping[str, str] = _mapping(module, "known_failures")
        given = getattr(module, "types", None) or tuple(TYPES)
        self.types: Sequence[str] = tuple(given)
        unknown = set(self.types) - set(TYPES)
        if unknown:
            raise AdapterError(
                f"{name}: types = {list(self.types)} names {min(unknown)!r}; "
                f"allowed are {', '.join(TYPES)}"
            )

    def offers(self, operation: str) -> bool:
        return callable(getattr(self.module, operation, None))

    def call(self, case: Case, kind: str) -> Any:
        inputs = case.arrays(kind)
        try:
            with np.errstate(all="ignore"), _deadline(self.timeout):
                answer = getattr(self.module, case.operation)(*inputs.values(), **case.numbers())
        except NotImplementedError as error:
            raise CallError(Outcome.UNSUPPORTED, str(error)) from None
        except (ValueError, TypeError) as error:
            raise CallError(Outcome.REJECTED, _said(error)) from None
        except TimeoutError:
            message = f"no answer within {self.timeout:g} s"
            raise CallError(Outcome.TIMED_OUT, message) from None
        except (Exception, SystemExit) as error:
            raise CallError(Outcome.CRASHED, _said(error)) from None
        touched = _touched(case, kind, inputs)
        if touched:
            raise CallError(
                Outcome.WRONG, f"changed its input {touched} in place: work on a copy of it"
            )
        return answer

    def close(self) -> None:
        pass


def load(target: Sequence[str], timeout: float = 10.0) -> Implementation:
    """The implementation that the command line names.

    `target` is one word, a path ``my_adapter.py`` or the name of a shipped adapter; or a program
    and its arguments. Raises `AdapterError` where there is no such thing.
    """
    first = target[0]
    if len(target) == 1 and first.endswith(".py"):
        return PythonModule(_from_path(Path(first)), Path(first).stem, timeout)
    if len(target) == 1 and first in shipped():
        return PythonModule(_shipped(first), first, timeout)
    from trainspec.conformance.program import Program

    return Program(target, timeout)


def shipped() -> tuple[str, ...]:
    """The adapters that come with trainspec."""
    here = Path(__file__).parent / "adapters"
    return tuple(sorted(p.stem for p in here.glob("[a-z]*.py")))


def _shipped(name: str) -> ModuleType:
    try:
        return importlib.import_module(f"trainspec.conformance.adapters.{name}")
    except ImportError as error:
        raise AdapterError(
            f"the adapter {name!r} needs a package that is not installed ({error}): "
            f"pip install 'trainspec[{name}]'"
        ) from None


def _from_path(path: Path) -> ModuleType:
    if not path.is_file():
        raise AdapterError(f"there is no file {path}")
    spec = importlib.util.spec_from_file_location(f"trainspec_adapter_{path.stem}", path)
    assert spec is not None and spec.loader is not None  # a .py file always has a loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    sys.path.insert(0, str(path.resolve().parent))
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        raise AdapterError(
            f"{path} cannot be imported: {_said(error)} ({last.filename}, line {last.lineno})"
        ) from None
    return module


def _mapping(module: ModuleType, attribute: str) -> Mapping[str, str]:
    value = getattr(module, attribute, {})
    if not isinstance(value, Mapping):
        raise AdapterError(
            f"{module.__name__}: {attribute} = {value!r} must be a dict of strings"
        )
    return {str(k): str(v) for k, v in value.items()}


def _said(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__


def _touched(case: Case, kind: str, inputs: Mapping[str, Any]) -> str:
    """The name of the first input that the call has changed, or nothing."""
    for (place, now), (_, before) in zip(leaves(inputs), leaves(case.arrays(kind))):
        if now.tobytes() != before.tobytes():
            return str(place[0]) + "".join(f"[{i}]" for i in place[1:])
    return ""


@contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in Python code that runs for longer, where the platform has alarms."""
    usable = hasattr(signal, "setitimer") and (
        threading.current_thread() is threading.main_thread()
    )
    if not usable:
        yield
        return

    def ring(signum: int, frame: FrameType | None) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
