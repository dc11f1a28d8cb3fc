"""The process that a Python adapter runs in: it is asked by `child.ChildModule`.

Its channel is standard input and output as they were at the start. Both are then given to the
adapter as an empty input and as standard error, so that nothing it prints gets into an answer.
"""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from typing import IO

import msgspec

from trainspec.conformance.basics.names import Offering
from trainspec.conformance.cases.inputs import Plan, fill_plan, make_plan
from trainspec.conformance.cases.result import CallError
from trainspec.conformance.cases.script import Script
from trainspec.conformance.implementations import worker_messages
from trainspec.conformance.implementations.alarm import keep_alarm
from trainspec.conformance.implementations.describe import describe_adapter
from trainspec.conformance.implementations.implementation import AdapterError
from trainspec.conformance.implementations.process import read_frame, write_frame
from trainspec.conformance.implementations.python_module import (
    PythonModule,
    describe_error,
)
from trainspec.conformance.implementations.target import load_implementation


def main() -> None:
    """Answer every question on the channel until it is closed."""
    questions, answers = _take_channel()
    target, timeout = sys.argv[1], float(sys.argv[2])
    try:
        adapter = load_implementation([target], timeout, in_process=True)
        assert isinstance(adapter, PythonModule)
        first = msgspec.to_builtins(describe_adapter(adapter))
    except AdapterError as error:
        _refuse(answers, str(error))
        return
    except (Exception, SystemExit) as error:  # its attributes are its own code
        _refuse(answers, f"the adapter does not say what it is: {describe_error(error)}")
        return
    write_frame(answers, msgspec.msgpack.encode(first))
    with keep_alarm():
        while (question := read_frame(questions)) is not None:
            write_frame(answers, _answer(adapter, question))


def _refuse(answers: IO[bytes], reason: str) -> None:
    text = reason.encode("utf-8", "replace").decode("utf-8")
    write_frame(answers, msgspec.msgpack.encode({"refused": text}))


def _take_channel() -> tuple[IO[bytes], IO[bytes]]:
    questions = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return questions, answers


@lru_cache(maxsize=8)
def _read_plan(inputs: bytes) -> Plan:
    """The inputs of a case, which is asked in several types, one after the other."""
    return make_plan(msgspec.msgpack.decode(inputs))


def _answer(adapter: PythonModule, question: bytes) -> bytes:
    """The answer to one question: what was returned, or the outcome of a call without an answer."""
    asked = msgspec.msgpack.decode(question)
    inputs = fill_plan(_read_plan(asked["inputs"]), asked["type"])
    script = asked["script"] and Script.unpack(asked["script"])
    try:
        answer = adapter.run(Offering.parse(asked["entry"]), inputs, asked["numbers"], script)
        return worker_messages.encode({"answer": answer})
    except CallError as error:
        fault = error.fault and error.fault.value
        return worker_messages.encode(
            {"outcome": error.outcome.value, "message": str(error), "fault": fault}
        )


if __name__ == "__main__":
    main()
