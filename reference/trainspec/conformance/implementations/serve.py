"""A Python adapter as a program: JSON lines in, JSON lines out (spec/adapters.md)."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import IO, Any

import msgspec
import numpy as np

from trainspec.conformance.basics.float_types import TYPES
from trainspec.conformance.basics.json_text import decode_json
from trainspec.conformance.basics.names import DRAW_SUFFIX, Offering, base_operation
from trainspec.conformance.basics.tensors import map_tensors, to_array, to_floats, to_tensor
from trainspec.conformance.cases.golden import find_techniques
from trainspec.conformance.implementations.describe import describe_adapter
from trainspec.conformance.implementations.json_lines import Request, encode_line
from trainspec.conformance.implementations.python_module import (
    Objects,
    PythonModule,
    describe_error,
)
from trainspec.conformance.pages.load import load_page


def serve_requests(adapter: PythonModule, requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer every request on `requests` with one line on `answers`, until the input ends."""
    server = Server(adapter)
    for line in requests:
        try:
            reply = server.answer(decode_json(line, Request))
        except (msgspec.DecodeError, ValueError, KeyError, TypeError) as error:
            reply = {"id": None, "error": f"not a request: {error}"}
        answers.write(encode_line(reply))
        answers.flush()


class Server:
    """Answers requests, and holds the runs that were started with what they are to return."""

    def __init__(self, adapter: PythonModule) -> None:
        self.adapter = adapter
        self._runs: dict[str, tuple[Objects, Request]] = {}
        self._states: list[Any] = []
        self._verbs: dict[str, Callable[[Request], dict[str, Any]]] = {
            "describe": lambda _: {"outputs": msgspec.to_builtins(describe_adapter(adapter))},
            "step": self._step,
            "save": self._save,
            "restore": self._restore,
            "end": self._end,
        }

    def answer(self, request: Request) -> dict[str, Any]:
        """The answer to one request."""
        answer = self._verbs.get(request.operation, self._call)
        try:
            with np.errstate(all="ignore"), redirect_stdout(sys.stderr):
                reply = answer(request)
        except NotImplementedError:
            reply = {"unsupported": True}
        except (ValueError, TypeError, OverflowError, RecursionError, MemoryError) as error:
            reply = {"error": describe_error(error)}
        return {"id": request.id, **reply}

    def _call(self, request: Request) -> dict[str, Any]:
        """What a function returns; one that starts a run returns nothing yet."""
        offering = Offering(request.operation, request.form)
        if str(offering) not in self.adapter.forms and not self.adapter.offers(str(offering)):
            raise NotImplementedError
        inputs, given = _read_inputs(request, request.type), _read_numbers(request)
        if offering.starts_runs:
            runs = Objects(self.adapter.function(offering))
            runs.start(request.run, inputs, given)
            self._runs[request.run] = runs, request
            return {"outputs": {}}
        return _spell_outputs(request.operation, self.adapter.answer(offering, inputs, given))

    def _step(self, request: Request) -> dict[str, Any]:
        runs, started = self._find(request)
        inputs = _read_inputs(request, started.type)
        outputs = runs.step(request.run, inputs, _read_numbers(request))
        return _spell_outputs(base_operation(started.operation), outputs)

    def _save(self, request: Request) -> dict[str, Any]:
        """The number of the state, which stays here: it may be anything that Python can hold."""
        self._states.append(self._find(request)[0].save(request.run))
        return {"state": len(self._states) - 1}

    def _restore(self, request: Request) -> dict[str, Any]:
        runs, _ = self._find(request)
        if request.state not in range(len(self._states)):
            raise ValueError(f"no state {request.state!r} has been saved")
        runs.restore(request.run, self._states[request.state])
        return {"outputs": {}}

    def _end(self, request: Request) -> dict[str, Any]:
        self._runs.pop(request.run, None)
        return {"outputs": {}}

    def _find(self, request: Request) -> tuple[Objects, Request]:
        if request.run not in self._runs:
            raise ValueError(f"no run {request.run!r} has been started")
        return self._runs[request.run]


def _read_inputs(request: Request, kind: str) -> dict[str, Any]:
    dtype = TYPES[kind].dtype
    inputs: dict[str, Any] = map_tensors(lambda t: to_array(t, dtype), request.inputs)
    return inputs


def _read_numbers(request: Request) -> dict[str, Any]:
    """The hyperparameters; a draw's seed and sizes are whole numbers."""
    if request.operation.endswith(DRAW_SUFFIX):
        return request.hyperparameters
    return {name: to_floats(value) for name, value in request.hyperparameters.items()}


def _spell_outputs(operation: str, outputs: Any) -> dict[str, Any]:
    """What a function or a step returned, as a message holds it."""
    if not isinstance(outputs, dict):
        (technique, *_) = find_techniques([operation])
        names = load_page(technique).outputs
        single = len(names) == 1 or not isinstance(outputs, tuple)
        outputs = {names[0]: outputs} if single else dict(zip(names, outputs))
    return {
        "outputs": {
            name: None if value is None else map_tensors(to_tensor, value)
            for name, value in outputs.items()
        }
    }
