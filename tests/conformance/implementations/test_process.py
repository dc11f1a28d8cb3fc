"""The life and death of a program: nothing it does holds the checker up, or stays behind."""

from __future__ import annotations

import sys
import time

import psutil
import pytest

from trainspec.conformance.cases.result import CallError, Outcome
from trainspec.conformance.implementations.process import (
    LONGEST,
    MESSAGE_LENGTH,
    ChildProcess,
    EndedError,
    TooLargeError,
    receive_answer,
)


@pytest.fixture
def start():
    """Start Python code as a program; it is ended when the test is over."""
    running = []

    def make(code, memory=None):
        running.append(ChildProcess([sys.executable, "-u", "-c", code], memory=memory))
        return running[-1]

    yield make
    for process in running:
        process.end()


def gone(pid, seconds=5.0):
    """Whether a process has ended, or ends in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie":
            return True
        time.sleep(0.02)
    return False


def test_lines_go_both_ways(start):
    process = start("import sys\nfor line in sys.stdin: print(line.upper(), end='')")
    process.send(b"one\n")
    assert process.receive(20) == b"ONE\n"
    process.send(b"two\n")
    assert process.receive(20) == b"TWO\n"
    assert process.running


def test_a_program_that_never_reads_does_not_hold_up_who_writes(start):
    process = start("import time; time.sleep(60)")
    begun = time.monotonic()
    process.send(b"x" * 10_000_000 + b"\n")
    assert time.monotonic() - begun < 1
    with pytest.raises(TimeoutError):
        process.receive(0.1)


def test_an_end_is_told_with_the_last_message(start):
    process = start("import sys; print('no memory', file=sys.stderr); sys.exit(3)")
    with pytest.raises(EndedError):
        process.receive(20)
    assert process.describe_end() == (
        "ended without answering (exit status 3; its last message: no memory)"
    )


def test_a_flood_is_bounded_in_memory(start):
    process = start(
        "import sys\nwhile True:\n"
        "    sys.stdout.write('y\\n' * 500_000)\n    sys.stderr.write('e' * 1_000_000)\n"
    )
    assert process.receive(20) == b"y\n"
    before = psutil.Process().memory_info().rss
    time.sleep(0.5)
    assert psutil.Process().memory_info().rss - before < 3 * LONGEST
    assert len(process.last_message) <= MESSAGE_LENGTH


@pytest.mark.parametrize("apart", [False, True])
def test_children_are_ended_too(start, apart):
    process = start(
        "import subprocess, time\n"
        f"child = subprocess.Popen(['sleep', '60'], start_new_session={apart})\n"
        "print(child.pid, flush=True)\ntime.sleep(60)"
    )
    child = int(process.receive(20))
    process.end()
    assert gone(process.pid)
    assert gone(child)


def test_a_child_that_outlives_its_parent_is_found_by_its_mark(start):
    process = start(
        "import subprocess\n"
        "child = subprocess.Popen(['sleep', '60'], start_new_session=True,\n"
        "                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
        "print(child.pid, flush=True)"
    )
    child = int(process.receive(20))
    with pytest.raises(EndedError):
        process.receive(20)
    process.end()
    assert gone(child)


HOLDS_MUCH = """
import sys, time
for line in sys.stdin:
    held = bytearray(300_000_000)
    time.sleep(60)
"""


def test_a_program_that_holds_too_much_memory_is_told(start):
    process = start(HOLDS_MUCH, memory=200)
    process.send(b"one\n")
    with pytest.raises(TooLargeError, match="MB of memory, with its children; 200 MB are allowed"):
        process.receive(20)
    with pytest.raises(CallError, match="200 MB are allowed") as caught:
        receive_answer(process, 20, "late")
    assert caught.value.outcome is Outcome.CRASHED


def test_memory_of_children_counts(start):
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {HOLDS_MUCH!r}])"
    process = start(child, memory=200)
    process.send(b"one\n")
    with pytest.raises(TooLargeError):
        process.receive(20)


def test_a_program_that_holds_little_is_not_ended(start):
    process = start("import sys, time; time.sleep(0.6); print(1, flush=True)", memory=200)
    assert process.receive(20) == b"1\n"
