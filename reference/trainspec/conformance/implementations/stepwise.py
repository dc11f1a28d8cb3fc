"""Running a script on an implementation that is asked step by step: `script -> answer`.

What the implementation is, an object in Python or a program behind a pipe, is its driver's matter.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from trainspec.conformance.basics.tensors import Nest, is_tensor, map_tensors, to_array, to_tensor
from trainspec.conformance.cases.result import CallError, Outcome
from trainspec.conformance.cases.script import RESTORE, SAVE, START, Action, Script


class Driver(Protocol):
    """Passes single requests on to an implementation. Each raises `CallError` if it must."""

    def start(self, run: str, inputs: Mapping[str, Nest], numbers: Mapping[str, Any]) -> None:
        """Begin a run."""

    def step(self, run: str, inputs: Mapping[str, Nest], numbers: Mapping[str, Any]) -> Any:
        """What one step of a run returns."""

    def save(self, run: str) -> Any:
        """The state of a run."""

    def restore(self, run: str, state: Any) -> None:
        """Continue in a run from a state that was saved."""

    def end(self, run: str) -> None:
        """Forget a run."""


def run_script(
    script: Script, inputs: Mapping[str, Nest], numbers: Mapping[str, Any], driver: Driver
) -> dict[str, list[Any] | None]:
    """The outputs of all steps of a script, each a list in the order of the steps.

    `inputs` and `numbers` are those of the whole case. Raises `CallError`.
    """
    playing = _Playing(script, inputs, numbers, driver)
    for action in script.actions:
        playing.play(action)
    for run in playing.last:
        driver.end(run)
    # An output that no step has is one that the implementation does not have.
    return {
        name: None if values and all(value is None for value in values) else values
        for name, values in playing.answers.items()
    }


class _Playing:
    """A script on its way: what every run returned last, and what was saved."""

    def __init__(
        self,
        script: Script,
        inputs: Mapping[str, Nest],
        numbers: Mapping[str, Any],
        driver: Driver,
    ) -> None:
        self.script, self.inputs, self.numbers, self.driver = script, inputs, numbers, driver
        self.last: dict[str, Any] = {}
        self.saved: dict[str, tuple[Any, Any]] = {}
        self.answers: dict[str, list[Any]] = {name: [] for name in script.outputs}

    def play(self, action: Action) -> None:
        """Do one action."""
        do = {START: self._start, SAVE: self._save, RESTORE: self._restore}
        try:
            do.get(action.verb, self._step)(action)
        except CallError as error:
            number = f" {action.step}" if action.step else ""
            where = f"{action.verb}{number} of run {action.run!r}"
            raise CallError(error.outcome, f"{where}: {error}", error.fault) from None

    def _save(self, action: Action) -> None:
        self.saved[action.run] = self.driver.save(action.run), self.last[action.run]

    def _restore(self, action: Action) -> None:
        self.driver.restore(action.run, self.saved[action.source][0])

    def _start(self, action: Action) -> None:
        script = self.script
        inputs = {name: value for name, value in self.inputs.items() if name not in script.inputs}
        numbers = dict(self.numbers)
        numbers |= {name: self.numbers[name][0] for name in script.numbers if name in numbers}
        if script.carried and action.source:
            before = self.saved[action.source][1]
            inputs[script.carried] = _copy_like(before, inputs[script.carried])
        self.driver.start(action.run, inputs, {**numbers, **script.more})
        self.last[action.run] = inputs.get(script.carried)

    def _step(self, action: Action) -> None:
        script, index = self.script, action.step - 1
        inputs = {name: self.inputs[name][index] for name in script.inputs}
        if action.scale != 1:
            inputs = {name: _scale(value, action.scale) for name, value in inputs.items()}
        numbers = {n: self.numbers[n][index] for n in script.numbers if n in self.numbers}
        answer = self.driver.step(action.run, inputs, numbers)
        for name, value in _name_outputs(script, answer).items():
            self.answers[name].append(_copy_arrays(value))
            if name == script.carried:
                self.last[action.run] = self.answers[name][-1]


def _scale(nest: Nest, factor: float) -> Nest:
    """The tensors of a nest times a power of two, or 0; of the same type."""

    def scale(tensor: Any) -> Any:
        if is_tensor(tensor):
            return to_tensor(to_array(tensor, np.float64) * factor)
        return tensor * tensor.dtype.type(factor)

    return map_tensors(scale, nest)


def _copy_like(tensors: Any, first: Any) -> Any:
    """Tensors that a step returned, as those of the same run's start are."""
    if isinstance(tensors, (list, tuple)) and isinstance(first, list):
        return [_copy_like(tensor, own) for tensor, own in zip(tensors, first)]
    return (
        np.array(tensors, first.dtype) if isinstance(first, np.ndarray) else copy.deepcopy(tensors)
    )


def _copy_arrays(value: Any) -> Any:
    """What a step returned, safe from being changed by the next one."""
    if isinstance(value, (list, tuple)):
        return [_copy_arrays(item) for item in value]
    return value.copy() if isinstance(value, np.ndarray) else value


def _name_outputs(script: Script, answer: Any) -> dict[str, Any]:
    """What a step returned, by name."""
    if isinstance(answer, Mapping):
        missing = [name for name in script.outputs if name not in answer]
        if missing:
            message = f"a step returned no {missing[0]!r}"
            raise CallError(Outcome.MALFORMED, message)
        return {name: answer[name] for name in script.outputs}
    if len(script.outputs) == 1:
        return {script.outputs[0]: answer}
    if isinstance(answer, (tuple, list)) and len(answer) == len(script.outputs):
        return dict(zip(script.outputs, answer))
    names = ", ".join(script.outputs)
    size = f" of {len(answer)}" if isinstance(answer, (tuple, list)) else ""
    raise CallError(
        Outcome.MALFORMED,
        f"a step must return {names} as a dict or a tuple, got a {type(answer).__name__}{size}",
    )
