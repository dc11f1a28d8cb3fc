"""Calling an implementation: `operation, type, inputs -> answer`, however it is reached.

A Python adapter is a module with functions named after operations (`PythonModule`); anything else
is a program that answers JSON lines (`program.py`). Both are described in spec/adapters.md.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import shlex
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, Protocol, cast

import numpy as np

from trainspec.conformance import known
from trainspec.conformance.cases import Case
from trainspec.conformance.outcome import AdapterError, CallError, Outcome, types_of
from trainspec.conformance.program import Program
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
    def forms(self) -> Sequence[str]:
        """Further forms that it offers, as ``adam:amsgrad``."""

    @property
    def profile(self) -> str:
        """The profile that it says it follows, or nothing."""

    @property
    def types(self) -> Sequence[str]:
        """The types that it computes in."""

    @property
    def operations(self) -> frozenset[str] | None:
        """The operations that it has, or None where one must ask for each."""

    #: Case (or ``case in type``) -> the reason why it fails.
    known_failures: Mapping[str, str]

    def offers(self, operation: str) -> bool:
        """Whether it has the operation at all."""

    def accepts(self, row: str) -> frozenset[str]:
        """The names of the hyperparameters that a form may be given, as far as it tells."""

    def call(self, case: Case, kind: str) -> Any:
        """The answer to a case in a type.

        Raises `CallError` with the outcome where there is none.
        """

    def close(self) -> None:
        """Let go of whatever it holds."""


class _Late(BaseException):
    """The time is over. Not an Exception: an adapter's own handlers must not swallow it."""


class PythonModule:
    """A Python adapter: functions named after operations, arrays in and out."""

    def __init__(self, module: ModuleType, name: str, timeout: float = 10.0) -> None:
        self.module = module
        self.name: str = str(getattr(module, "name", name))
        self.version: str = str(getattr(module, "version", ""))
        self.timeout = timeout
        self.variants: Mapping[str, str] = _mapping(module, "variants")
        self.known_failures: Mapping[str, str] = _mapping(module, "known_failures")
        self.profile: str = str(getattr(module, "profile", ""))
        self.types: Sequence[str] = types_of(name, getattr(module, "types", tuple(TYPES)))
        self.operations: frozenset[str] | None = None
        self._functions = _functions(module)
        self.forms: Sequence[str] = tuple(self._functions)

    def offers(self, operation: str) -> bool:
        return callable(getattr(self.module, operation, None))

    def function(self, name: str) -> Callable[..., Any]:
        """The function of an operation, or of a further form, ``adam:amsgrad``."""
        return cast(Callable[..., Any], self._functions.get(name) or getattr(self.module, name))

    def accepts(self, row: str) -> frozenset[str]:
        try:
            return frozenset(inspect.signature(self.function(row)).parameters)
        except (TypeError, ValueError):  # a built-in function may have no signature
            return frozenset()

    def call(self, case: Case, kind: str) -> Any:
        inputs, numbers = case.inputs_in(kind), case.numbers()
        try:
            # What an adapter prints must not get into a report on standard output.
            with (
                np.errstate(all="ignore"),
                redirect_stdout(sys.stderr),
                _deadline(self.timeout),
            ):
                answer = self.function(case.called)(*inputs.nest.values(), **numbers)
        except NotImplementedError as error:
            raise CallError(Outcome.UNSUPPORTED, str(error)) from None
        except (ValueError, TypeError) as error:
            raise CallError(Outcome.REJECTED, _said(error)) from None
        except _Late:
            message = f"no answer within {self.timeout:g} s"
            raise CallError(Outcome.TIMED_OUT, message) from None
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise CallError(Outcome.CRASHED, _said(error)) from None
        touched = inputs.changed()
        if touched:
            raise CallError(
                Outcome.WRONG, f"changed its input {touched} in place: work on a copy of it"
            )
        return answer

    def close(self) -> None:
        pass


#: A module may take long to import: frameworks do.
IMPORT_SECONDS = 120


def load(target: Sequence[str], timeout: float = 10.0, *, isolated: bool = False) -> Implementation:
    """The implementation that the command line names.

    `target` is one word, a path ``my_adapter.py`` or the name of a shipped adapter; or a program
    and its arguments. With `isolated` a Python adapter runs in a process of its own, which it
    may crash. Raises `AdapterError` where there is no such thing.
    """
    if isolated:
        target = [sys.executable, "-m", "trainspec.conformance.cli", "serve", *target]
    first = target[0]
    if len(target) > 1 and (first.endswith(".py") or first in shipped()):
        raise AdapterError(
            f"one implementation at a time: after {first!r} comes {target[1]!r}; "
            "a program and its arguments come after --"
        )
    if len(target) == 1 and first.endswith(".py"):
        return PythonModule(_from_path(Path(first)), Path(first).stem, timeout)
    if len(target) == 1 and first in shipped():
        module = PythonModule(_shipped(first), first, timeout)
        listed = Path(__file__).parent / "adapters" / f"{first}.json"
        if listed.exists():
            module.known_failures = {**module.known_failures, **known.read(listed)}
        return module
    return Program(target, timeout)


def words_of(target: str) -> list[str]:
    """A target that is one word of the command line, as the words that it stands for."""
    return [target] if Path(target).is_file() else shlex.split(target) or [target]


def shipped() -> tuple[str, ...]:
    """The adapters that come with trainspec."""
    here = Path(__file__).parent / "adapters"
    return tuple(sorted(p.stem for p in here.glob("[a-z]*.py")))


def _shipped(name: str) -> ModuleType:
    try:
        return importlib.import_module(f"trainspec.conformance.adapters.{name}")
    except ModuleNotFoundError as error:
        raise AdapterError(
            f"the adapter {name!r} needs a package that is not installed ({error}): "
            f"pip install 'trainspec[{name}]'"
        ) from None
    except Exception as error:
        raise AdapterError(f"the adapter {name!r} cannot be imported: {_said(error)}") from None


def _from_path(path: Path) -> ModuleType:
    if not path.is_file():
        raise AdapterError(f"there is no file {path}")
    spec = importlib.util.spec_from_file_location(f"trainspec_adapter_{path.stem}", path)
    assert spec is not None  # a .py file always has a loader
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    sys.path.insert(0, str(path.resolve().parent))
    try:
        with redirect_stdout(sys.stderr), _deadline(IMPORT_SECONDS):
            spec.loader.exec_module(module)
    except KeyboardInterrupt:
        raise
    except _Late:
        raise AdapterError(f"{path} is not imported within {IMPORT_SECONDS} s") from None
    except SyntaxError as error:
        raise AdapterError(
            f"{path} cannot be imported: {_said(error)} (line {error.lineno})"
        ) from None
    except BaseException as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        raise AdapterError(
            f"{path} cannot be imported: {_said(error)} ({last.filename}, line {last.lineno})"
        ) from None
    return module


def _mapping(module: ModuleType, attribute: str) -> Mapping[str, str]:
    value = getattr(module, attribute, {})
    if not isinstance(value, Mapping):
        name = module.__name__.removeprefix("trainspec_adapter_")
        raise AdapterError(f"{name}: {attribute} = {value!r} must be a dict of strings")
    return {str(k): str(v) for k, v in value.items()}


def _functions(module: ModuleType) -> dict[str, Callable[..., Any]]:
    value = getattr(module, "forms", {})
    if not isinstance(value, Mapping) or not all(callable(f) for f in value.values()):
        name = module.__name__.removeprefix("trainspec_adapter_")
        raise AdapterError(
            f'{name}: forms = {value!r:.80} must be a dict of functions, {{"adam:amsgrad": …}}'
        )
    return {str(k): v for k, v in value.items()}


def _said(error: BaseException) -> str:
    try:
        text = str(error).strip().splitlines()
    except Exception:
        text = []
    return f"{type(error).__name__}: {text[0][:300]}" if text else type(error).__name__


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
        raise _Late

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
