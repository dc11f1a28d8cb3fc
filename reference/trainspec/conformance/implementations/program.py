"""Programs in any language: one JSON request a line on stdin, one JSON answer a line on stdout.

A program that hangs, dies or prints something else loses the case that it was asked, not the
run: it is ended together with its children, and started again for the next case.
"""

from __future__ import annotations

import atexit
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trainspec.conformance.basics.float_types import TYPES
from trainspec.conformance.basics.names import Offering, base_operation
from trainspec.conformance.basics.paths import is_file, is_folder
from trainspec.conformance.cases.case import Case
from trainspec.conformance.cases.result import CallError, Outcome
from trainspec.conformance.cases.script import script_of_run
from trainspec.conformance.implementations.implementation import AdapterError, check_types
from trainspec.conformance.implementations.json_lines import (
    MalformedError,
    clean_text,
    encode_describe,
    encode_line,
    make_request,
    read_answer,
    read_description,
    read_outputs,
    to_tensors,
)
from trainspec.conformance.implementations.process import ChildProcess, receive_answer
from trainspec.conformance.implementations.stepwise import run_script


class Program:
    """A program on the other end of a pipe."""

    def __init__(
        self,
        command: Sequence[str],
        timeout: float = 10.0,
        start_timeout: float | None = None,
        memory: float | None = None,
    ) -> None:
        """Start the program and ask it what it is.

        `start_timeout` is the time for the first answer; when the program is started again, its
        first answer may take longer by as much as the first of all took. `memory` is the most that
        it may hold, in MB.

        Raises `AdapterError` where there is no such program, or it describes itself wrongly, and
        `CallError` where it does not answer.
        """
        if shutil.which(command[0]) is None:
            raise AdapterError(_explain_missing(command[0]))
        self.command, self.timeout, self.memory = list(command), timeout, memory
        self._process: ChildProcess | None = None
        self._number, self._starting = 0, True
        self._allowance = max(timeout, start_timeout or 0.0)
        asked = time.monotonic()
        atexit.register(self.close)
        try:
            about = read_description(self._ask(encode_describe(0), 0))
        except CallError as error:
            # One that does not know the question is asked for everything.
            if error.outcome not in (Outcome.REJECTED, Outcome.UNSUPPORTED):
                raise
            about = read_description({})
        except AdapterError:
            self.close()
            raise
        self._allowance = timeout + time.monotonic() - asked
        self.name = clean_text(os.path.basename(command[0]) if about.name is None else about.name)
        self.version = clean_text(about.version)
        self.variants: Mapping[str, str] = about.variants
        self.known_failures: Mapping[str, str] = about.known_failures
        self.forms: Sequence[str] = tuple(about.forms or ())
        self.profile = about.profile or ""
        self.undeclared = False
        self.types: Sequence[str] = (
            tuple(TYPES) if about.types is None else check_types(self.name, about.types)
        )
        self.operations = None if about.operations is None else frozenset(about.operations)
        self._accepts = {o: frozenset(names) for o, names in (about.accepts or {}).items()}

    def offers(self, operation: str) -> bool:
        """Whether it has the operation, or starts its runs, as far as it says.

        One that does not say is asked for every operation, but for no run step by step.
        """
        offering = Offering(operation)
        if self.operations is None:
            return not offering.starts_runs
        plain = base_operation(operation) == operation
        starts = plain and offering.starter.operation in self.operations
        return starts or operation in self.operations

    def accepts(self, offering: Offering) -> frozenset[str]:
        """The hyperparameters beyond the canonical ones that it says an offering may be given."""
        return self._accepts.get(str(offering), frozenset())

    def call(self, case: Case, kind: str) -> Any:
        """The answer to a case in a type."""
        entry, script = case.entry_point, case.script
        if script is None and self.operations and entry.operation not in self.operations:
            script = script_of_run(entry.operation, case.inputs)  # it only starts its runs
        if script is None:
            return read_tensors(self.ask(make_request(case, kind)), kind)
        runs = ProgramRuns(self, entry.starter, kind)
        return run_script(script, case.inputs, case.hyperparameters, runs)

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a request, which is given the next number."""
        self._number += 1
        return self._ask(encode_line({"id": self._number, **request}), self._number)

    def close(self) -> None:
        """End the program."""
        process, self._process = self._process, None
        if process is not None:
            process.end()

    def _ask(self, line: bytes, number: int) -> dict[str, Any]:
        """Send a request and read its answer, in the time allowed."""
        process = self._start()
        process.send(line)
        seconds = self._allowance if self._starting else self.timeout
        hint = "is it slow to start? then use --start-timeout; " if number == 0 else ""
        late = f"no answer within {seconds:.3g} s: {hint}is the output flushed after every line?"
        try:
            answer = receive_answer(process, seconds, late)
            self._starting = False
            return read_answer(answer, number)
        except MalformedError as error:
            self.close()  # its state is unknown
            raise CallError(Outcome.MALFORMED, str(error)) from None
        except CallError as error:
            if error.outcome.breaks:
                self.close()
            raise

    def _start(self) -> ChildProcess:
        if self._process is None or not self._process.running:
            self.close()
            self._starting = True
            try:
                self._process = ChildProcess(self.command, memory=self.memory)
            except OSError as error:
                raise AdapterError(
                    f"{self.command[0]!r} cannot be started: {error.strerror} "
                    "(does its first line name an interpreter that exists?)"
                ) from None
        return self._process


def read_tensors(answer: Mapping[str, Any], kind: str) -> Any:
    """The outputs of an answer as arrays of a type. Raises `CallError` (malformed)."""
    try:
        return read_outputs(answer, kind)
    except MalformedError as error:
        raise CallError(Outcome.MALFORMED, str(error)) from None


class ProgramRuns:
    """Runs that a program holds, by their names."""

    def __init__(self, program: Program, starter: Offering, kind: str) -> None:
        self._program, self._starter, self._kind = program, starter, kind

    def start(self, run: str, inputs: Mapping[str, Any], numbers: Mapping[str, Any]) -> None:
        """Ask it to begin a run."""
        form = {"form": self._starter.form} if self._starter.form else {}
        self._ask(self._starter.operation, run, inputs, numbers, type=self._kind, **form)

    def step(self, run: str, inputs: Mapping[str, Any], numbers: Mapping[str, Any]) -> Any:
        """Ask it for a step."""
        return read_tensors(self._ask("step", run, inputs, numbers), self._kind)

    def save(self, run: str) -> Any:
        """Ask it for its state, which may be anything that JSON can hold."""
        answer = self._ask("save", run)
        if "state" not in answer:
            raise CallError(Outcome.MALFORMED, 'the answer to "save" has no "state"')
        return answer["state"]

    def restore(self, run: str, state: Any) -> None:
        """Give it a state back."""
        self._ask("restore", run, state=state)

    def end(self, run: str) -> None:
        """Let it forget a run."""
        self._ask("end", run)

    def _ask(
        self,
        operation: str,
        run: str,
        inputs: Mapping[str, Any] | None = None,
        numbers: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        request = {"operation": operation, "run": run, **more}
        if inputs is not None:
            request |= {"inputs": to_tensors(inputs), "hyperparameters": numbers}
        return self._program.ask(request)


def _explain_missing(name: str) -> str:
    path = Path(name)
    if is_folder(path):
        return f"{name!r} is a folder, not a program"
    if is_file(path):
        return f"{name!r} is not executable: chmod +x it, or put its interpreter before it"
    return f"{name!r} is not a program on this machine, a .py file or a shipped adapter"
