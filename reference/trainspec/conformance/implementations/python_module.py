"""A Python adapter: a module with functions named after operations, arrays in and out."""

from __future__ import annotations

import inspect
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from types import FrameType, ModuleType
from typing import Any, cast

import numpy as np

from trainspec.conformance.basics.float_types import TYPES
from trainspec.conformance.basics.names import Offering
from trainspec.conformance.cases.case import Case
from trainspec.conformance.cases.inputs import Inputs, make_inputs
from trainspec.conformance.cases.result import CallError, Outcome
from trainspec.conformance.implementations.protocol import AdapterError, check_types

#: Modules of adapters that are loaded from a file have names that begin so.
MODULE_PREFIX = "trainspec_adapter_"


class OutOfTimeError(BaseException):
    """The time is over. Not an Exception: an adapter's own handlers must not swallow it."""


class PythonModule:
    """A Python adapter: functions named after operations, arrays in and out."""

    def __init__(
        self,
        module: ModuleType,
        name: str,
        timeout: float = 10.0,
        known_failures: Mapping[str, str] | None = None,
    ) -> None:
        """Read the module's attributes; `known_failures` are added to its own.

        Raises `AdapterError` for an attribute of another type than spec/adapters.md says.
        """
        self.module = module
        self.name: str = str(getattr(module, "name", name))
        self.version: str = str(getattr(module, "version", ""))
        self.timeout = timeout
        self.variants: Mapping[str, str] = _read_mapping(module, "variants")
        self.known_failures: Mapping[str, str] = {
            **_read_mapping(module, "known_failures"),
            **(known_failures or {}),
        }
        self.profile: str = str(getattr(module, "profile", ""))
        self.types: Sequence[str] = check_types(name, getattr(module, "types", tuple(TYPES)))
        self.operations: frozenset[str] | None = None
        self._functions = _read_functions(module)
        self.forms: Sequence[str] = tuple(self._functions)

    def offers(self, operation: str) -> bool:
        """Whether the module has a function of that name."""
        return callable(getattr(self.module, operation, None))

    def function(self, offering: Offering) -> Callable[..., Any]:
        """The function of an operation, or of a further form."""
        own = self._functions.get(str(offering))
        return cast(Callable[..., Any], own or getattr(self.module, str(offering)))

    def accepts(self, offering: Offering) -> frozenset[str]:
        """The names of the function's arguments."""
        try:
            parameters = inspect.signature(self.function(offering)).parameters.values()
        except (TypeError, ValueError):  # a built-in function may have no signature
            return frozenset()
        open_ended = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        return frozenset(p.name for p in parameters if p.kind not in open_ended)

    def call(self, case: Case, kind: str) -> Any:
        """The answer to a case in a type."""
        return self.run(case.entry_point, make_inputs(case, kind), case.numbers())

    def run(self, entry: Offering, inputs: Inputs, numbers: Mapping[str, Any]) -> Any:
        """What a function returns for these inputs and hyperparameters.

        Raises `CallError` where it returns nothing to compare.
        """
        try:
            # What an adapter prints must not get into a report on standard output.
            with (
                np.errstate(all="ignore"),
                redirect_stdout(sys.stderr),
                limit_time(self.timeout),
            ):
                answer = self.function(entry)(*inputs.nest.values(), **numbers)
        except NotImplementedError as error:
            raise CallError(Outcome.UNSUPPORTED, str(error)) from None
        except (ValueError, TypeError) as error:
            raise CallError(Outcome.REJECTED, describe_error(error)) from None
        except OutOfTimeError:
            message = f"no answer within {self.timeout:g} s"
            raise CallError(Outcome.TIMED_OUT, message) from None
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise CallError(Outcome.CRASHED, describe_error(error)) from None
        changed = inputs.find_change()
        if changed:
            raise CallError(
                Outcome.WRONG, f"changed its input {changed} in place: work on a copy of it"
            )
        return answer

    def close(self) -> None:
        """Nothing is held."""


def _read_mapping(module: ModuleType, attribute: str) -> Mapping[str, str]:
    value = getattr(module, attribute, {})
    if not isinstance(value, Mapping):
        name = module.__name__.removeprefix(MODULE_PREFIX)
        raise AdapterError(f"{name}: {attribute} = {value!r} must be a dict of strings")
    return {str(k): str(v) for k, v in value.items()}


def _read_functions(module: ModuleType) -> dict[str, Callable[..., Any]]:
    value = getattr(module, "forms", {})
    if not isinstance(value, Mapping) or not all(callable(f) for f in value.values()):
        name = module.__name__.removeprefix(MODULE_PREFIX)
        raise AdapterError(
            f'{name}: forms = {value!r:.80} must be a dict of functions, {{"adam:amsgrad": …}}'
        )
    return {str(k): v for k, v in value.items()}


def describe_error(error: BaseException) -> str:
    """An exception in one line: its type, and the first line of its message."""
    try:
        text = str(error).strip().splitlines()
    except Exception:
        text = []
    return f"{type(error).__name__}: {text[0][:300]}" if text else type(error).__name__


@contextmanager
def limit_time(seconds: float) -> Iterator[None]:
    """Raise `OutOfTimeError` in Python code that runs longer, where the platform has alarms."""
    usable = hasattr(signal, "setitimer") and (
        threading.current_thread() is threading.main_thread()
    )
    if not usable:
        yield
        return

    def ring(signum: int, frame: FrameType | None) -> None:
        raise OutOfTimeError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
