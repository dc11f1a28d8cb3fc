"""Answers from a file: an implementation on a machine that no checker reaches.

The requests are written there, a program answers them on its own, and the file of its answers is
judged here. An id says which case in which type a line is about, whatever else was asked.
"""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from trainspec.conformance.basics.errors import UserError
from trainspec.conformance.basics.float_types import TYPES
from trainspec.conformance.basics.json_text import JsonError, decode_json
from trainspec.conformance.basics.names import CaseInType, Offering
from trainspec.conformance.cases.case import Case
from trainspec.conformance.cases.result import CallError, Outcome
from trainspec.conformance.implementations.implementation import check_types
from trainspec.conformance.implementations.json_lines import (
    Description,
    MalformedError,
    clean_text,
    encode_describe,
    encode_line,
    make_request,
    read_answer,
    read_description,
    read_outputs,
)
from trainspec.conformance.pages.load import load_page

#: Bytes of an id for the case and its type, and one for the hyperparameters of a variant: so few
#: that every language holds it exactly in a float64.
CASE_BYTES = 5


def identify_request(case: Case, kind: str) -> int:
    """The id of a case in a type, and of the hyperparameters that a variant adds: it stays."""
    more = sorted(case.hyperparameters.keys() - load_page(case.technique).parameters.keys())
    last = _hash(",".join(more), 1) if more else 0
    return _identify_case(case, kind) * 256 + last


def _identify_case(case: Case, kind: str) -> int:
    return _hash(str(CaseInType(Offering(case.operation), case.name, kind)), CASE_BYTES)


def _hash(text: str, count: int) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:count], "big")


def write_requests(cases: Iterable[Case], types: Sequence[str]) -> Iterator[bytes]:
    """The lines to be answered: first what the program is, then every case in every type."""
    yield encode_describe(0)
    for case in cases:
        for kind in types:
            if kind in case.types:
                number = identify_request(case, kind)
                yield encode_line({"id": number, **make_request(case, kind)})


class AnswerFile:
    """What a program has answered, by the ids of the requests."""

    def __init__(self, name: str, lines: Iterable[bytes], cases: Iterable[Case]) -> None:
        """Read the answers; `cases` are those that there may be answers to.

        Raises `UserError` for a line that is no answer, and for an id that is answered twice.
        """
        self._lines = dict(_read_lines(name, lines))
        about = self._read_about()
        self.name = clean_text(about.name if about.name is not None else name)
        self.version = clean_text(about.version)
        self.variants: Mapping[str, str] = about.variants
        self.known_failures: Mapping[str, str] = about.known_failures
        self.profile = about.profile or ""
        self.undeclared = False
        self.forms: Sequence[str] = ()
        given = {number // 256 for number in self._lines}
        answered = {
            (case.operation, kind)
            for case in cases
            for kind in TYPES
            if _identify_case(case, kind) in given
        }
        operations = {operation for operation, _ in answered}
        said_to_have = set(about.operations or operations)
        self.operations: frozenset[str] | None = frozenset(operations & said_to_have)
        self._silent = said_to_have & {case.operation for case in cases} - operations
        kinds = [kind for kind in TYPES if any(kind == own for _, own in answered)]
        if not kinds:
            raise UserError(
                f"{name}: none of the lines answers a request of `trainspec requests`; each must "
                "have the id of its request"
            )
        self._said = kinds if about.types is None else check_types(name, about.types)
        self.types: Sequence[str] = [kind for kind in self._said if kind in kinds]
        self._answered = answered

    def offers(self, operation: str) -> bool:
        """Whether any case of it is answered."""
        return self.operations is None or operation in self.operations

    def accepts(self, offering: Offering) -> frozenset[str]:
        """Nothing more can be asked."""
        return frozenset()

    def call(self, case: Case, kind: str) -> Any:
        """The answer in the file."""
        number = identify_request(case, kind)
        if number not in self._lines:
            if (case.operation, kind) not in self._answered:
                raise CallError(Outcome.UNSUPPORTED, "not asked in this type")
            raise CallError(Outcome.CRASHED, self._explain_missing(case, kind, number))
        try:
            return read_outputs(read_answer(self._lines[number], number), kind)
        except MalformedError as error:
            raise CallError(Outcome.MALFORMED, str(error)) from None

    def list_unanswered(self) -> list[str]:
        """What the program says that it has, and the file has no answer to."""
        lines = [f"{name}: no answer in any type; was it asked?" for name in sorted(self._silent)]
        for name in sorted(self.operations or ()):
            without = [kind for kind in self._said if (name, kind) not in self._answered]
            if without:
                lines.append(f"{name}: no answer in {', '.join(without)}; was it asked?")
        return lines

    def _explain_missing(self, case: Case, kind: str, number: int) -> str:
        page = load_page(case.technique)
        more = sorted(case.hyperparameters.keys() - page.parameters.keys())
        if more and number - number % 256 in self._lines:
            return (
                f"the file has an answer without {', '.join(more)}: write the requests with "
                f"--variant {case.operation}={case.form}"
            )
        return f"the file has no answer with the id {number}"

    def close(self) -> None:
        """Nothing is held."""

    def _read_about(self) -> Description:
        if 0 not in self._lines:
            return Description()
        try:
            return read_description(read_answer(self._lines[0], 0))
        except CallError:  # it does not say what it is
            return Description()


def _read_lines(name: str, lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    seen: dict[int, int] = {}
    for count, given in enumerate(lines, 1):
        if given.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise UserError(
                f"{name}: the file is in UTF-16, as PowerShell writes it; it must be UTF-8"
            )
        line = given.removeprefix(codecs.BOM_UTF8)
        if not line.strip():
            continue
        try:
            answer: Any = decode_json(line, bounded=True)
        except JsonError as error:
            raise UserError(f"{name}: line {count} is not JSON: {clean_text(error)}") from None
        number = answer.get("id") if isinstance(answer, dict) else None
        if isinstance(number, float) and number.is_integer():
            number = int(number)
        if type(number) is not int:
            raise UserError(
                f"{name}: line {count} must have the id of its request, a whole number, "
                f"got {number!r:.40}"
            )
        if number in seen:
            raise UserError(
                f"{name}: lines {seen[number]} and {count} both answer the request {number}"
            )
        seen[number] = count
        yield number, line
