"""The life and death of a program: started, written to, read from, ended with all its children.

A program may hang, never read, flood its output, or leave children behind that hold its pipes
open. So separate threads write and read, and what is kept is bounded. Processes to end are
searched for in three places: the program's process group, its descendants, and whatever carries
its mark in the environment, which finds a child that has left both.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import IO, Any

import psutil

from trainspec.conformance.cases.result import CallError, Outcome

#: The longest answer that is read, in bytes; a longer one is cut and so is not JSON.
LONGEST = 1 << 24
#: The size in bytes of a request that fits into the pipe of every system.
FITS = 4096
#: Answers that are kept unread; the program waits when there are more.
UNREAD = 4
#: How often it is seen whether it still runs and how much memory it holds, in seconds.
POLL = 0.25
MEGABYTE = 10**6
#: Lines of standard error that are kept, and their longest length.
MESSAGES, MESSAGE_LENGTH = 20, 200
MARK = "TRAINSPEC_RUN"
_END = object()


class EndedError(Exception):
    """The program has closed its output, or has ended."""


class TooLargeError(Exception):
    """The program and its children hold more memory than they may."""


class ChildProcess:
    """A program that is running, with pipes to it."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        framed: bool = False,
        echo: int = 0,
        memory: float | None = None,
    ) -> None:
        """Start it. Raises OSError where that cannot be done.

        What it writes is a line an answer or, `framed`, a frame. The first `echo` lines of its
        standard error are repeated on the checker's own. `memory` is the most that it and its
        children may hold, in MB.
        """
        self._framed, self._echo, self._memory = framed, echo, memory
        self._measured = time.monotonic()
        self._mark = uuid.uuid4().hex
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, MARK: self._mark},
        )
        self._requests: queue.Queue[bytes | None] = queue.Queue()
        self._answers: queue.Queue[Any] = queue.Queue(UNREAD)
        self._messages: deque[str] = deque(maxlen=MESSAGES)
        threads = [
            threading.Thread(target=target, args=(stream,), daemon=True)
            for target, stream in (
                (self._write, self._process.stdin),
                (self._read, self._process.stdout),
                (self._listen, self._process.stderr),
            )
        ]
        for thread in threads:
            thread.start()
        self._listener = threads[-1]

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """The number of its process, which is that of its group too."""
        return self._process.pid

    @property
    def last_message(self) -> str:
        """The last line that it wrote to standard error, or nothing."""
        return self._messages[-1] if self._messages else ""

    def send(self, line: bytes) -> None:
        """Write a line. Never waits, even for a program that does not read."""
        stdin = self._process.stdin
        if len(line) <= FITS and stdin is not None and self._requests.empty():
            # It fits into an empty pipe, as it is when the last answer is there.
            with suppress(OSError, ValueError):
                stdin.write(line)
                stdin.flush()
            return
        self._requests.put(line)

    def receive(self, seconds: float) -> bytes:
        """The next line that it writes.

        Raises TimeoutError where none comes in time, `EndedError` where none can come any more:
        also while children of a program that has ended hold its output open; `TooLargeError`
        where it holds too much memory, which is measured every quarter of a second.
        """
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            answer = self._next(min(left, POLL))
            self._measure_memory()
            if answer is None and not self.running:
                answer = self._next(POLL) or _END
            if answer is _END:
                raise EndedError
            if answer is not None:
                return bytes(answer)
        raise TimeoutError

    def _next(self, seconds: float) -> Any:
        with suppress(queue.Empty):
            return self._answers.get(timeout=seconds)
        return None

    def _measure_memory(self) -> None:
        if self._memory is None or time.monotonic() - self._measured < POLL:
            return
        self._measured, held = time.monotonic(), 0
        with suppress(psutil.Error):
            held = psutil.Process(self.pid).memory_info().rss
        for process in self._find_descendants():
            with suppress(psutil.Error):
                held += process.memory_info().rss
        if held > self._memory * MEGABYTE:
            raise TooLargeError(
                f"held {held / MEGABYTE:,.0f} MB of memory, with its children; "
                f"{self._memory:,g} MB are allowed"
            )

    def describe_end(self) -> str:
        """How it ended, in words."""
        try:
            status = self._process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            return "closed its output without answering"
        self._listener.join(timeout=1.0)  # its last message may still be on the way
        how = f"exit status {status}"
        if status < 0:
            names = {s.value: s.name for s in signal.Signals}
            how = f"signal {names.get(-status, -status)}"
        if status == 0:
            how += "; a program must answer requests until its input ends"
        said = f"; its last message: {self.last_message}" if self.last_message else ""
        return f"ended without answering ({how}{said})"

    def end(self) -> None:
        """End it, every process of its group, its descendants and all that carry its mark."""
        doomed = list(self._find_descendants())
        with suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        for process in [*doomed, *self._find_marked()]:
            with suppress(psutil.Error):
                process.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5.0)
        self._requests.put(None)
        while self._next(0.0) is not None:
            pass  # lets the reading thread go on to the end

    def _find_descendants(self) -> Iterator[psutil.Process]:
        with suppress(psutil.Error):
            yield from psutil.Process(self._process.pid).children(recursive=True)

    def _find_marked(self) -> Iterator[psutil.Process]:
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                if process.environ().get(MARK) == self._mark:
                    yield process

    def _write(self, stream: IO[bytes]) -> None:
        with suppress(OSError, ValueError), stream:  # the reader sees that the program is gone
            while (line := self._requests.get()) is not None:
                stream.write(line)
                stream.flush()

    def _read(self, stream: IO[bytes]) -> None:
        with suppress(OSError, ValueError), stream:
            next_answer = partial(read_frame if self._framed else _read_line, stream)
            while answer := next_answer():
                self._answers.put(answer)
        self._answers.put(_END)

    def _listen(self, stream: IO[bytes]) -> None:
        with suppress(OSError, ValueError), stream:
            while line := stream.readline(1 << 16):
                text = line.decode("utf-8", "replace").strip()
                if text:
                    self._messages.append(text[:MESSAGE_LENGTH])
                    if self._echo > 0:
                        self._echo -= 1
                        print(text[:MESSAGE_LENGTH], file=sys.stderr)


def receive_answer(process: ChildProcess, seconds: float, late: str) -> bytes:
    """The next thing that a process writes.

    Raises `CallError`: "crashed" if the process has ended or holds too much memory, "timed out",
    with the message `late`, if nothing arrives in time. The state of the process is then unknown.
    """
    try:
        return process.receive(seconds)
    except EndedError:
        raise CallError(Outcome.CRASHED, process.describe_end()) from None
    except TooLargeError as error:
        raise CallError(Outcome.CRASHED, str(error)) from None
    except TimeoutError:
        raise CallError(Outcome.TIMED_OUT, late) from None


def _read_line(stream: IO[bytes]) -> bytes:
    return stream.readline(LONGEST)


def read_frame(stream: IO[bytes]) -> bytes | None:
    """A message behind its length, or None where there is none any more, or one that is cut."""
    size = int.from_bytes(stream.read(8), "big")
    message = stream.read(size) if 0 < size <= LONGEST else b""
    return message if message and len(message) == size else None


def write_frame(stream: IO[bytes], message: bytes) -> None:
    """Write a message behind its length."""
    stream.write(len(message).to_bytes(8, "big") + message)
    stream.flush()
