"""Programs in any language: one JSON request a line on stdin, one JSON answer a line on stdout.

A program that hangs, dies or babbles costs the case that it was asked, not the run: it is ended
together with its children, and started anew for the next case.
"""

from __future__ import annotations

import atexit
import json
import os
import queue
import shutil
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, Any

import numpy as np

from trainspec.conformance.cases import Case
from trainspec.conformance.implementations import AdapterError
from trainspec.conformance.nest import array, is_tensor, mapped
from trainspec.conformance.outcome import CallError, Outcome
from trainspec.conformance.types import TYPES

_EOF = object()
LONGEST = 1 << 28


class Program:
    """A program on the other end of a pipe."""

    def __init__(self, command: Sequence[str], timeout: float = 10.0) -> None:
        if shutil.which(command[0]) is None:
            raise AdapterError(
                f"{command[0]!r} is no program on this machine, no .py file and no shipped adapter"
            )
        self.command, self.timeout = list(command), timeout
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: queue.Queue[Any] = queue.Queue()
        self._stderr: deque[str] = deque(maxlen=20)
        self._number = 0
        self.name, self.version = os.path.basename(command[0]), ""
        self.variants: Mapping[str, str] = {}
        self.known_failures: Mapping[str, str] = {}
        self.types: Sequence[str] = tuple(TYPES)
        self._operations: frozenset[str] | None = None
        atexit.register(self.close)
        self._describe()

    def offers(self, operation: str) -> bool:
        return self._operations is None or operation in self._operations

    def call(self, case: Case, kind: str) -> Any:
        self._number += 1
        request = {
            "id": self._number,
            "operation": case.operation,
            "type": kind,
            "inputs": case.inputs,
            "hyperparameters": case.hyperparameters,
        }
        answer = self._asked(request)
        outputs = answer.get("outputs")
        if not isinstance(outputs, dict):
            raise self._fault(
                Outcome.MALFORMED,
                'the answer has neither "outputs" (an object) nor "error" nor "unsupported"',
            )
        try:
            return mapped(lambda t: _array(t, kind), outputs)
        except (TypeError, ValueError, KeyError) as error:
            raise CallError(Outcome.MALFORMED, f"outputs: {error}") from None

    def close(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        _end(process)

    def _describe(self) -> None:
        """Ask the program what it is. One that does not know the question is asked everything."""
        try:
            answer = self._asked({"id": 0, "operation": "describe"})
        except CallError as error:
            if error.outcome in (Outcome.REJECTED, Outcome.UNSUPPORTED):
                return
            raise
        about = answer.get("outputs")
        if not isinstance(about, dict):
            return
        self.name = str(about.get("name", self.name))
        self.version = str(about.get("version", ""))
        self.variants = _strings(about.get("variants"))
        self.known_failures = _strings(about.get("known_failures"))
        if isinstance(about.get("types"), list):
            self.types = tuple(kind for kind in TYPES if kind in about["types"])
        if isinstance(about.get("operations"), list):
            self._operations = frozenset(map(str, about["operations"]))

    def _asked(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send a request and read its answer, in the time allowed."""
        process = self._running()
        assert process.stdin is not None
        line = json.dumps(request, separators=(",", ":"), allow_nan=False) + "\n"
        # A thread writes: a program that does not read must not hold the checker up.
        arguments = (process.stdin, line.encode())
        threading.Thread(target=_write, args=arguments, daemon=True).start()
        try:
            answer = self._answers.get(timeout=self.timeout)
        except queue.Empty:
            raise self._fault(
                Outcome.TIMED_OUT,
                f"no answer within {self.timeout:g} s: is the output flushed after every line?",
            ) from None
        if answer is _EOF:
            raise self._fault(Outcome.CRASHED, self._last_words(process))
        return self._parsed(answer, request["id"])

    def _parsed(self, line: bytes, number: int) -> dict[str, Any]:
        try:
            answer = json.loads(line)
        except ValueError:
            start = line[:60].decode("utf-8", "replace").strip()
            raise self._fault(
                Outcome.MALFORMED,
                f"not JSON: {start!r}; print one JSON object a line, and nothing else, on stdout",
            ) from None
        if not isinstance(answer, dict):
            raise self._fault(Outcome.MALFORMED, f"an answer must be an object, got {answer!r:.60}")
        if answer.get("id") != number:
            raise self._fault(
                Outcome.MALFORMED,
                f"the answer's id is {answer.get('id')!r}, the request's was {number}: "
                "answer every request once, in order, with its id",
            )
        if "error" in answer:
            raise CallError(Outcome.REJECTED, str(answer["error"])[:200])
        if answer.get("unsupported"):
            raise CallError(Outcome.UNSUPPORTED, "the program says that it has no such operation")
        return answer

    def _fault(self, outcome: Outcome, message: str) -> CallError:
        """An outcome after which the program's state is unknown: end it."""
        self.close()
        return CallError(outcome, message)

    def _last_words(self, process: subprocess.Popen[bytes]) -> str:
        try:
            status: Any = process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            return "closed its output without answering"
        how = f"exit status {status}"
        if status < 0:
            how = f"signal {signal.Signals(-status).name}"
        said = f"; it said: {self._stderr[-1]}" if self._stderr else ""
        return f"ended without answering ({how}{said})"

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.close()
        self._answers, self._stderr = queue.Queue(), deque(maxlen=20)
        try:
            process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise AdapterError(f"{self.command[0]!r} cannot be started: {error.strerror}") from None
        for target, stream, into in (
            (_read, process.stdout, self._answers),
            (_listen, process.stderr, self._stderr),
        ):
            threading.Thread(target=target, args=(stream, into), daemon=True).start()
        self._process = process
        return process


def _write(stream: IO[bytes], data: bytes) -> None:
    with suppress(OSError, ValueError):  # the reader sees that the program is gone
        stream.write(data)
        stream.flush()


def _read(stream: IO[bytes], into: queue.Queue[Any]) -> None:
    with suppress(OSError, ValueError), stream:
        while line := stream.readline(LONGEST):
            into.put(line)
    into.put(_EOF)


def _listen(stream: IO[bytes], into: deque[str]) -> None:
    with suppress(OSError, ValueError), stream:
        for line in stream:
            text = line.decode("utf-8", "replace").strip()
            if text:
                into.append(text[:200])


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the program and every process of its group, and take their exit status."""
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=5.0)


def _array(value: Any, kind: str) -> np.ndarray[Any, Any]:
    if not is_tensor(value):
        raise ValueError(
            f'a tensor is {{"shape": [...], "data": [...]}}, got {str(value):.60}'
        )
    made = array(value, np.float64)
    rounded = made.astype(TYPES[kind].dtype)
    return made if kind == "float64" else rounded


def _strings(value: Any) -> Mapping[str, str]:
    return {str(k): str(v) for k, v in value.items()} if isinstance(value, dict) else {}
