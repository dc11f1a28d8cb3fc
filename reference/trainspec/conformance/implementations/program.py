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
from trainspec.conformance.basics.names import Offering
from trainspec.conformance.cases.case import Case
from trainspec.conformance.cases.result import CallError, Outcome
from trainspec.conformance.implementations.messages import (
    MalformedError,
    clean_text,
    encode_describe,
    encode_request,
    read_answer,
    read_description,
    read_outputs,
)
from trainspec.conformance.implementations.process import ChildProcess, receive_answer
from trainspec.conformance.implementations.protocol import AdapterError, check_types


class Program:
    """A program on the other end of a pipe."""

    def __init__(
        self, command: Sequence[str], timeout: float = 10.0, start_timeout: float | None = None
    ) -> None:
        """Start the program and ask it what it is.

        `start_timeout` is the time for the first answer; when the program is started again, its
        first answer may take longer by as much as the first of all took.

        Raises `AdapterError` where there is no such program, or it describes itself wrongly, and
        `CallError` where it does not answer.
        """
        if shutil.which(command[0]) is None:
            raise AdapterError(_explain_missing(command[0]))
        self.command, self.timeout = list(command), timeout
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
        self._allowance = timeout + time.monotonic() - asked
        self.name = clean_text(os.path.basename(command[0]) if about.name is None else about.name)
        self.version = clean_text(about.version)
        self.variants: Mapping[str, str] = about.variants
        self.known_failures: Mapping[str, str] = about.known_failures
        self.forms: Sequence[str] = tuple(about.forms or ())
        self.profile = about.profile or ""
        self.types: Sequence[str] = (
            tuple(TYPES) if about.types is None else check_types(self.name, about.types)
        )
        self.operations = None if about.operations is None else frozenset(about.operations)
        self._accepts = {o: frozenset(names) for o, names in (about.accepts or {}).items()}

    def offers(self, operation: str) -> bool:
        """Whether it has the operation, as far as it says."""
        return self.operations is None or operation in self.operations

    def accepts(self, offering: Offering) -> frozenset[str]:
        """The hyperparameters beyond the canonical ones that it says an offering may be given."""
        return self._accepts.get(str(offering), frozenset())

    def call(self, case: Case, kind: str) -> Any:
        """The answer to a case in a type."""
        self._number += 1
        answer = self._ask(encode_request(self._number, case, kind), self._number)
        try:
            return read_outputs(answer, kind)
        except MalformedError as error:
            raise CallError(Outcome.MALFORMED, str(error)) from None

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
                self._process = ChildProcess(self.command)
            except OSError as error:
                raise AdapterError(
                    f"{self.command[0]!r} cannot be started: {error.strerror} "
                    "(does its first line name an interpreter that exists?)"
                ) from None
        return self._process


def _explain_missing(name: str) -> str:
    path = Path(name)
    if path.is_dir():
        return f"{name!r} is a folder, not a program"
    if path.is_file():
        return f"{name!r} is not executable: chmod +x it, or put its interpreter before it"
    return f"{name!r} is not a program on this machine, a .py file or a shipped adapter"
