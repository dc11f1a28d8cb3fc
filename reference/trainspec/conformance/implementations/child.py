"""A Python adapter in a process of its own, which it may crash, hang or fill as it likes.

`worker` runs there. What the adapter prints goes to standard error. A case that the process does
not survive is lost, and the next one gets a new process.
"""

from __future__ import annotations

import atexit
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import msgspec

from trainspec.conformance.basics.names import Offering
from trainspec.conformance.cases.case import Case
from trainspec.conformance.cases.result import CallError, Fault, Outcome
from trainspec.conformance.implementations import worker_messages
from trainspec.conformance.implementations.implementation import AdapterError
from trainspec.conformance.implementations.json_lines import Description
from trainspec.conformance.implementations.objects import PACKED
from trainspec.conformance.implementations.process import ChildProcess, receive_answer
from trainspec.conformance.implementations.python_module import describe_error

#: A module may take long to import: frameworks do.
IMPORT_SECONDS = 120
#: What the process runs. Python looks for modules in the present folder first, in which there may
#: be a types.py; the adapter's own modules may be there too.
RUN_WORKER = (
    "import sys; places = sys.path[:]; sys.path[:] = filter(None, places); "
    "from trainspec.conformance.implementations.worker import main; sys.path[:] = places; main()"
)
#: The adapter's own alarm comes first: it loses the call, and not the process.
GRACE = 1.0
#: The most lines of an adapter's own output that are repeated on standard error.
ECHO = 100


class ChildModule:
    """A Python adapter in a process of its own."""

    def __init__(self, target: str, timeout: float = 10.0, memory: float | None = None) -> None:
        """Start the process; `target` is the path of an adapter or the name of a shipped one.

        `memory` is the most that it may hold, in MB.

        While the adapter is imported there the checker can go on. What it says of itself is read
        when it is first asked for; then `AdapterError` is raised where it cannot be imported or
        describes itself wrongly, `CallError` where the process ends or hangs at that.
        """
        self.target, self.timeout, self.memory = target, timeout, memory
        self.undeclared = target.startswith(PACKED)
        self._process: ChildProcess | None = None
        self._echo = ECHO
        self._last: tuple[Any, bytes] | None = None
        atexit.register(self.close)
        self._start()

    @cached_property
    def _about(self) -> Description:
        return self._read_description()

    @property
    def name(self) -> str:
        """What the adapter is called."""
        return str(self._about.name)

    @property
    def version(self) -> str:
        """The version of what it adapts."""
        return str(self._about.version)

    @property
    def variants(self) -> Mapping[str, str]:
        """Operation -> the form that its function has."""
        return self._about.variants

    @property
    def known_failures(self) -> Mapping[str, str]:
        """Case -> why it fails."""
        return self._about.known_failures

    @property
    def profile(self) -> str:
        """The profile that it follows."""
        return self._about.profile or ""

    @property
    def types(self) -> Sequence[str]:
        """The types that it computes in."""
        return tuple(self._about.types or ())

    @property
    def forms(self) -> Sequence[str]:
        """The further forms that it offers."""
        return tuple(self._about.forms or ())

    @property
    def operations(self) -> frozenset[str]:
        """Its operations and draws."""
        return frozenset(self._about.operations or ())

    def offers(self, operation: str) -> bool:
        """Whether the module has a function of that name."""
        return operation in self.operations

    def accepts(self, offering: Offering) -> frozenset[str]:
        """The names of the function's arguments."""
        return frozenset((self._about.accepts or {}).get(str(offering), ()))

    def call(self, case: Case, kind: str) -> Any:
        """The answer to a case in a type."""
        question = {
            "entry": str(case.entry_point),
            "type": kind,
            "inputs": self._encode_inputs(case),
            "numbers": case.numbers(),
            "script": case.script and case.script.pack(),
        }
        message = msgspec.msgpack.encode(question)
        _ = self._about
        if self._process is None or not self._process.running:
            self._start()
            self._read_description()
        assert self._process is not None
        self._process.send(len(message).to_bytes(8, "big") + message)
        late = f"no answer within {self.timeout:g} s"
        reply = self._receive(self.timeout + GRACE, late, _read_reply)
        if isinstance(reply, CallError):
            raise reply
        return reply["answer"]

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            process.end()

    def _encode_inputs(self, case: Case) -> bytes:
        """The inputs of a case, encoded once for all types."""
        if self._last is None or self._last[0] is not case.inputs:
            self._last = case.inputs, msgspec.msgpack.encode(case.inputs)
        return self._last[1]

    def _start(self) -> None:
        """Start the process."""
        self.close()
        command = [sys.executable, "-c", RUN_WORKER, self.target, str(self.timeout)]
        self._process = ChildProcess(command, framed=True, echo=self._echo, memory=self.memory)
        self._echo = 0  # it will print the same again

    def _read_description(self) -> Description:
        """What the adapter says of itself, as the first message of a process."""
        late = f"importing {self.target} takes longer than {IMPORT_SECONDS} s"
        about = self._receive(IMPORT_SECONDS + GRACE, late, _read_about)
        if isinstance(about, Description):
            return about
        self.close()
        raise AdapterError(about)

    def _receive(self, seconds: float, late: str, decode: Callable[[bytes], Any]) -> Any:
        """The next message of the process; its state is unknown where there is none."""
        assert self._process is not None
        try:
            return decode(receive_answer(self._process, seconds, late))
        except CallError:
            self.close()
            raise
        except Exception as error:  # an adapter that writes to the channel may write anything
            self.close()
            text = f"the answer cannot be read: {describe_error(error)}"
            raise CallError(Outcome.MALFORMED, text) from None


def _read_reply(message: bytes) -> Any:
    """An answer, or the outcome of a call that has none."""
    reply = worker_messages.decode(message)
    if "outcome" not in reply:
        return {"answer": reply["answer"]}
    fault = Fault(reply["fault"]) if reply["fault"] else None
    return CallError(Outcome(reply["outcome"]), str(reply["message"]), fault)


def _read_about(message: bytes) -> Description | str:
    """What an adapter says of itself, or why it cannot be asked."""
    about = msgspec.msgpack.decode(message)
    if "refused" in about:
        return str(about["refused"])
    return msgspec.convert(about, Description)
