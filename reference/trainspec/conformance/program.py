"""Programs in any language: one JSON request a line on stdin, one JSON answer a line on stdout.

A program that hangs, dies or babbles costs the case that it was asked, not the run: it is ended
together with its children, and started anew for the next case.
"""

from __future__ import annotations

import atexit
import json
import math
import os
import queue
import shutil
import signal
import subprocess
import threading
import time
import uuid
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import numpy as np

from trainspec.conformance.cases import Case
from trainspec.conformance.nest import array, is_tensor, mapped
from trainspec.conformance.outcome import AdapterError, CallError, Outcome, types_of
from trainspec.conformance.types import TYPES

_EOF = object()
LONGEST = 1 << 28


class Program:
    """A program on the other end of a pipe."""

    def __init__(self, command: Sequence[str], timeout: float = 10.0) -> None:
        if shutil.which(command[0]) is None:
            raise AdapterError(_no_program(command[0]))
        self.command, self.timeout = list(command), timeout
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: queue.Queue[Any] = queue.Queue()
        self._stderr: deque[str] = deque(maxlen=20)
        self._number = 0
        self.name, self.version = os.path.basename(command[0]), ""
        self.variants: Mapping[str, str] = {}
        self.known_failures: Mapping[str, str] = {}
        self.forms: Sequence[str] = ()
        self._accepts: dict[str, frozenset[str]] = {}
        self.profile = ""
        self.types: Sequence[str] = tuple(TYPES)
        self.operations: frozenset[str] | None = None
        self._mark = f"TRAINSPEC_RUN={uuid.uuid4().hex}"
        atexit.register(self.close)
        self._describe()

    def offers(self, operation: str) -> bool:
        return self.operations is None or operation in self.operations

    def accepts(self, row: str) -> frozenset[str]:
        return self._accepts.get(row, frozenset())

    def call(self, case: Case, kind: str) -> Any:
        self._number += 1
        request = {
            "id": self._number,
            "operation": case.call,
            "type": kind,
            "inputs": case.inputs,
            "hyperparameters": case.hyperparameters,
            **({"form": case.form} if case.form else {}),
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
        except (ValueError, RecursionError) as error:
            raise CallError(Outcome.MALFORMED, f"outputs: {error}") from None

    def close(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            _end(process, self._mark)

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
        self.name = _plain(about.get("name", self.name))
        self.version = _plain(about.get("version", ""))
        self.variants = _strings(about, "variants")
        self.known_failures = _strings(about, "known_failures")
        if "types" in about:
            self.types = types_of(self.name, about["types"])
        self.profile = _plain(about.get("profile") or "")
        self.forms = _list(about, "forms") or ()
        accepts = about.get("accepts") or {}
        if not isinstance(accepts, dict):
            raise AdapterError(f"describe: accepts = {accepts!r:.60} must be an object of lists")
        self._accepts = {_plain(row): frozenset(_list(accepts, row) or ()) for row in accepts}
        operations = _list(about, "operations")
        self.operations = None if operations is None else frozenset(operations)

    def _asked(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send a request and read its answer, in the time allowed."""
        process = self._running()
        assert process.stdin is not None
        line = json.dumps(request, separators=(",", ":"), allow_nan=False) + "\n"
        # A thread writes: a program that does not read must not hold the checker up.
        arguments = (process.stdin, line.encode())
        threading.Thread(target=_write, args=arguments, daemon=True).start()
        answer = self._waited(process)
        if answer is _EOF:
            raise self._fault(Outcome.CRASHED, self._last_words(process))
        return self._parsed(answer, request["id"])

    def _waited(self, process: subprocess.Popen[bytes]) -> Any:
        """The next line, or the end of the output, or of a program whose children hold it open."""
        end = time.monotonic() + self.timeout
        while (left := end - time.monotonic()) > 0:
            with suppress(queue.Empty):
                return self._answers.get(timeout=min(left, 0.25))
            if process.poll() is not None:
                with suppress(queue.Empty):
                    return self._answers.get(timeout=0.25)
                return _EOF
        raise self._fault(
            Outcome.TIMED_OUT,
            f"no answer within {self.timeout:g} s: is the output flushed after every line?",
        )

    def _parsed(self, line: bytes, number: int) -> dict[str, Any]:
        try:
            answer = json.loads(line)
        except (ValueError, RecursionError):
            start = _plain(line[:60].decode("utf-8", "replace"))
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
        if answer.get("error") is not None:
            raise CallError(Outcome.REJECTED, _plain(answer["error"]) or "no reason given")
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
            names = {s.value: s.name for s in signal.Signals}
            how = f"signal {names.get(-status, -status)}"
        if status == 0:
            how += "; a program must answer requests until its input ends"
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
                env={**os.environ, **dict([self._mark.split("=")])},
            )
        except OSError as error:
            raise AdapterError(
                f"{self.command[0]!r} cannot be started: {error.strerror} "
                "(does its first line name an interpreter that is there?)"
            ) from None
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


def _end(process: subprocess.Popen[bytes], mark: str) -> None:
    """End the program, every process of its group, and those that carry its mark."""
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    for entry in Path("/proc").glob("[0-9]*/environ"):  # where there is such a thing
        with suppress(OSError):
            if mark.encode() in entry.read_bytes().split(b"\0"):
                os.kill(int(entry.parent.name), signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=5.0)
    if process.stdin is not None:
        with suppress(OSError, ValueError):
            process.stdin.close()


#: Numbers that JSON lacks, as they are spelled.
SPELLED = ("NaN", "Infinity", "-Infinity")


def _array(value: Any, kind: str) -> np.ndarray[Any, Any]:
    """The array of a tensor that a program has written, rounded to the type.

    Raises ValueError, which says what is wrong with it.
    """
    if not is_tensor(value):
        raise ValueError(f'a tensor is {{"shape": [...], "data": [...]}}, got {value!s:.60}')
    shape, data = value["shape"], value["data"]
    if not isinstance(shape, list) or not all(type(n) is int and n >= 0 for n in shape):
        raise ValueError(f"a shape is a list of whole numbers, got {shape!s:.60}")
    if not isinstance(data, list) or len(data) != math.prod(shape):
        raise ValueError(f"a tensor of shape {shape} needs a list of {math.prod(shape)} numbers")
    for number in data:
        if type(number) not in (int, float) and number not in SPELLED:
            hint = '; write "NaN" or "Infinity" as strings' if number is None else ""
            raise ValueError(f"data holds {number!r:.40} where a number is due{hint}")
    try:
        with np.errstate(all="ignore"):
            return array(value, TYPES[kind].dtype)
    except OverflowError:
        raise ValueError("data holds a whole number too large for a float") from None


def _strings(about: Mapping[str, Any], name: str) -> Mapping[str, str]:
    value = about.get(name) or {}
    if not isinstance(value, dict):
        raise AdapterError(f"describe: {name} = {value!r:.60} must be an object of strings")
    return {_plain(k): _plain(v) for k, v in value.items()}


def _list(about: Mapping[str, Any], name: str) -> Sequence[str] | None:
    value = about.get(name)
    if value is not None and not isinstance(value, list):
        raise AdapterError(f"describe: {name} = {value!r:.60} must be a list")
    return value if value is None else tuple(map(_plain, value))


def _plain(value: Any) -> str:
    """Text of a program's, fit to be printed: one line, no control characters, not too long."""
    text = str(value).encode("utf-8", "replace").decode("utf-8")
    return "".join(c if c.isprintable() else " " for c in text).strip()[:300]


def _no_program(name: str) -> str:
    path = Path(name)
    if path.is_dir():
        return f"{name!r} is a folder, not a program"
    if path.is_file():
        return f"{name!r} is not executable: chmod +x it, or put its interpreter before it"
    return f"{name!r} is no program on this machine, no .py file and no shipped adapter"
