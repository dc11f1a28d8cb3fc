"""A Python adapter: a module with functions named after operations, arrays in and out."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import redirect_stdout
from functools import lru_cache
from types import ModuleType
from typing import Any, cast

import numpy as np

from trainspec.conformance.basics.float_types import TYPES
from trainspec.conformance.basics.names import Offering, base_operation
from trainspec.conformance.cases.case import Case
from trainspec.conformance.cases.inputs import Inputs, make_inputs
from trainspec.conformance.cases.result import CallError, Fault, Outcome
from trainspec.conformance.cases.script import Script, script_of_run
from trainspec.conformance.implementations.alarm import OutOfTimeError, limit_time
from trainspec.conformance.implementations.implementation import AdapterError, check_types
from trainspec.conformance.implementations.json_lines import clean_text
from trainspec.conformance.implementations.stepwise import run_script

#: The hyperparameter that a step is given; the start is given the first one.
RATE = "learning_rate"
#: Modules of adapters that are loaded from a file have names that begin so.
MODULE_PREFIX = "trainspec_adapter_"


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
        self.name: str = clean_text(getattr(module, "name", name))
        self.version: str = clean_text(getattr(module, "version", ""))
        self.timeout = timeout
        self.variants: Mapping[str, str] = _read_mapping(module, "variants")
        self.known_failures: Mapping[str, str] = {
            **_read_mapping(module, "known_failures"),
            **(known_failures or {}),
        }
        self.profile: str = str(getattr(module, "profile", ""))
        self.undeclared = bool(getattr(module, "undeclared", False))
        self.types: Sequence[str] = check_types(name, getattr(module, "types", tuple(TYPES)))
        self.operations: frozenset[str] | None = None
        self._functions = _read_functions(module)
        self.forms: Sequence[str] = tuple(_list_forms(self._functions))

    def offers(self, operation: str) -> bool:
        """Whether the module has a function of that name, or one that starts its runs."""
        offering = Offering(operation)
        plain = base_operation(operation) == operation
        return self._find(offering) is not None or (plain and self._starts(offering))

    def function(self, offering: Offering) -> Callable[..., Any]:
        """The function of an operation, or of a further form."""
        function = self._find(offering)
        if function is None:
            raise AttributeError(str(offering))
        return function

    def accepts(self, offering: Offering) -> frozenset[str]:
        """The names of the function's arguments."""
        named, _ = _read_arguments(self._find(offering) or self.function(offering.starter))
        return named

    def call(self, case: Case, kind: str) -> Any:
        """The answer to a case in a type."""
        inputs = make_inputs(case, kind)
        return self.run(case.entry_point, inputs, case.numbers(), case.script)

    def _find(self, offering: Offering) -> Callable[..., Any] | None:
        """The function of that name, if there is one."""
        own = self._functions.get(str(offering))
        found = own or getattr(self.module, str(offering), None)
        if found is None and offering.starts_runs and not offering.form:
            # An operation may be an object that starts its runs itself.
            whole = getattr(self.module, base_operation(offering.operation), None)
            found = getattr(whole, "start", None)
        return cast(Callable[..., Any], found) if callable(found) else None

    def _starts(self, offering: Offering) -> bool:
        """Whether the module has a function that starts runs of the offering."""
        return self._find(offering.starter) is not None

    def run(
        self,
        entry: Offering,
        inputs: Inputs,
        numbers: Mapping[str, Any],
        script: Script | None = None,
    ) -> Any:
        """What a function returns for these inputs and hyperparameters; with a script, its steps'.

        Raises `CallError` where it returns nothing to compare.
        """
        try:
            # What an adapter prints must not get into a report on standard output.
            with (
                np.errstate(all="ignore"),
                redirect_stdout(sys.stderr),
                limit_time(self.timeout),
            ):
                answer = self.answer(entry, inputs.nest, numbers, script)
        except CallError:
            raise
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
                Outcome.WRONG,
                f"changed its input {changed} in place: work on a copy of it",
                Fault.INPUT,
            )
        return answer

    def answer(
        self,
        entry: Offering,
        nest: Mapping[str, Any],
        numbers: Mapping[str, Any],
        script: Script | None = None,
    ) -> Any:
        """What a function returns; a run from the first step to the last where it only starts."""
        function = self._find(entry)
        if function is None:
            script = script_of_run(entry.operation, nest)
            function = self.function(entry.starter)
        if script is None:
            return function(*nest.values(), **numbers)
        return run_script(script, nest, numbers, Objects(function))

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


def _list_forms(names: Iterable[str]) -> dict[str, None]:
    """The further forms: those that are written, and those whose runs can be started."""
    found: dict[str, None] = {}
    for offering in map(Offering.parse, names):
        found[str(offering)] = None
        if offering.starts_runs:
            found[str(Offering(base_operation(offering.operation), offering.form))] = None
    return found


def _takes(function: Callable[..., Any], name: str) -> bool:
    """Whether a function has an argument of that name, or any; true where it does not say."""
    named, every = _read_arguments(function)
    return every or name in named


def _read_arguments(function: Callable[..., Any]) -> tuple[frozenset[str], bool]:
    """The names of a function's arguments, and whether it takes others too or does not say."""
    read = _read_signature if isinstance(function, Hashable) else _read_signature.__wrapped__
    return read(function)


@lru_cache(maxsize=256)
def _read_signature(function: Callable[..., Any]) -> tuple[frozenset[str], bool]:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # a built-in function may have no signature
        return frozenset(), True
    open_ended = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    named = frozenset(p.name for p in parameters if p.kind not in open_ended)
    return named, any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters)


class Objects:
    """Runs that are objects of Python, made by the function that starts them."""

    def __init__(self, start: Callable[..., Any]) -> None:
        self._start, self._runs = start, dict[str, Any]()

    def start(self, run: str, inputs: Mapping[str, Any], numbers: Mapping[str, Any]) -> None:
        """Make the object of a run; the first learning rate is for those that take it."""
        if RATE in numbers and not _takes(self._start, RATE):
            numbers = {name: value for name, value in numbers.items() if name != RATE}
        self._runs[run] = self._start(*inputs.values(), **numbers)
        if not (callable(self._runs[run]) or hasattr(self._runs[run], "step")):
            got = type(self._runs[run]).__name__
            raise TypeError(
                f"the start of a run must return an object with a method step, got {got}"
            )

    def step(self, run: str, inputs: Mapping[str, Any], numbers: Mapping[str, Any]) -> Any:
        """What its method `step` returns, or what it returns itself where it is a function."""
        held = self._runs[run]
        step = held.step if hasattr(held, "step") else held
        return step(*inputs.values(), **numbers)

    def save(self, run: str) -> Any:
        """What its method `save` returns."""
        save = getattr(self._runs[run], "save", None)
        if save is None:
            raise NotImplementedError("its runs have no method save")
        return save()

    def restore(self, run: str, state: Any) -> None:
        """Give its method `restore` a state."""
        restore = getattr(self._runs[run], "restore", None)
        if restore is None:
            raise TypeError("its runs have a method save, and none called restore")
        restore(state)

    def end(self, run: str) -> None:
        """Forget it."""
        self._runs.pop(run, None)


def describe_error(error: BaseException) -> str:
    """An exception in one line: its type, and the first line of its message."""
    try:
        text = str(error).strip().splitlines()
    except Exception:
        text = []
    name = clean_text(type(error).__name__)
    return f"{name}: {clean_text(text[0])}" if text else name
