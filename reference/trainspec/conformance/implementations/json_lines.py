"""The messages of the protocol as records, and reading them: spec/adapters.md, spec/schemas/.

Decoding checks their form; the checks written out here are those whose message helps more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from trainspec.conformance.basics.float_types import TYPES
from trainspec.conformance.basics.json_text import JsonError, decode_json
from trainspec.conformance.basics.tensors import (
    NON_FINITE,
    Nest,
    is_tensor,
    map_tensors,
    to_array,
    to_tensor,
)
from trainspec.conformance.cases.case import Case
from trainspec.conformance.cases.result import CallError, Outcome
from trainspec.conformance.implementations.implementation import AdapterError

Text = str | int | float
#: NumPy has no arrays of more axes, and no machine an axis so long.
MOST_AXES, LARGEST_AXIS = 32, 2**31
#: So much of a program's text is looked at.
LONGEST_TEXT = 2000


class Request(msgspec.Struct):
    """A question to an adapter: one case in one type, ``describe``, or one about a run."""

    id: int
    operation: str
    type: str = ""
    inputs: Nest = {}
    hyperparameters: dict[str, Any] = {}
    form: str = ""
    run: str = ""
    state: Any = None


class Description(msgspec.Struct):
    """What a program says of itself, or a Python module by its attributes."""

    name: Text | None = None
    version: Text = ""
    operations: list[str] | None = None
    types: list[str] | None = None
    variants: dict[str, str] = {}
    known_failures: dict[str, str] = {}
    profile: str | None = None
    forms: list[str] | None = None
    accepts: dict[str, list[str]] | None = None


class MalformedError(ValueError):
    """An answer that is not what the protocol says; the message says what is wrong with it."""


def make_request(case: Case, kind: str) -> dict[str, Any]:
    """The request for a case in a type, without its number."""
    entry = case.entry_point
    request = {
        "operation": entry.operation,
        "type": kind,
        "inputs": case.inputs,
        "hyperparameters": case.hyperparameters,
    }
    return {**request, "form": entry.form} if entry.form else request


def to_tensors(inputs: Mapping[str, Nest]) -> Nest:
    """Inputs as a file holds them, where some of the tensors are arrays."""
    return map_tensors(lambda t: t if is_tensor(t) else to_tensor(t), dict(inputs))


def encode_describe(number: int) -> bytes:
    """The line that asks a program what it is."""
    return encode_line({"id": number, "operation": "describe"})


def encode_line(message: Mapping[str, Any]) -> bytes:
    """A message as a line."""
    return msgspec.json.encode(message) + b"\n"


def read_answer(line: bytes, number: int) -> dict[str, Any]:
    """The answer in a line.

    Raises `CallError` where it says that there is none, `MalformedError` where it is no answer to
    the request `number`.
    """
    answer = _decode(line)
    if not isinstance(answer, dict):
        raise MalformedError(f"an answer must be an object, got {_show(answer)}")
    if "id" not in answer:
        raise MalformedError(
            f'the answer has no "id"; the request\'s was {number}: answer every request once, in '
            "order, with its id"
        )
    if answer["id"] != number or isinstance(answer["id"], bool):
        raise MalformedError(
            f"the answer's id is {_show(answer['id'])}, the request's was {number}: answer every "
            "request once, in order, with its id"
        )
    error, unsupported = answer.get("error"), answer.get("unsupported")
    if error is not None and not isinstance(error, str):
        raise MalformedError(f'"error" must be a text that says why, got {_show(error)}')
    if error is not None:
        raise CallError(Outcome.REJECTED, clean_text(error) or "no reason given")
    if unsupported not in (None, False, True):
        raise MalformedError(f'"unsupported" must be true, got {_show(unsupported)}')
    if unsupported:
        raise CallError(Outcome.UNSUPPORTED, "the program says that it has no such operation")
    return answer


def _decode(line: bytes) -> Any:
    try:
        return decode_json(line, bounded=True)
    except JsonError as error:
        start = clean_text(line[:60].decode("utf-8", "replace"))
        raise MalformedError(
            f"not JSON: {start!r} ({clean_text(error)}); print one JSON object a line, and nothing "
            'else, on stdout; numbers that JSON lacks are strings: "NaN", "Infinity", "-Infinity"'
        ) from None


def read_outputs(answer: Mapping[str, Any], kind: str) -> Nest:
    """The outputs of an answer as arrays, rounded to the type.

    Raises `MalformedError`.
    """
    outputs = answer.get("outputs")
    if not isinstance(outputs, dict):
        raise MalformedError(
            'the answer has neither "outputs" (an object) nor "error" nor "unsupported"'
        )
    try:
        return {
            name: None
            if value is None
            else map_tensors(lambda tensor: _read_tensor(tensor, kind), value)
            for name, value in outputs.items()
        }
    except RecursionError:
        raise MalformedError("outputs: lists nested too deeply") from None


def read_description(answer: Mapping[str, Any]) -> Description:
    """What a program says of itself; nothing where its answer has no object of outputs.

    Raises `AdapterError` for a member of another type than the protocol says.
    """
    about = answer.get("outputs")
    if not isinstance(about, dict):
        return Description()
    given = {name: value for name, value in about.items() if value is not None}
    try:
        return msgspec.convert(given, Description)
    except msgspec.ValidationError as error:
        raise AdapterError(f"describe: {clean_text(error)}") from None


def _read_tensor(value: Any, kind: str) -> np.ndarray[Any, Any]:
    """The array of a tensor that a program has written, rounded to the type."""
    if not is_tensor(value):
        raise MalformedError(
            f'outputs: a tensor is {{"shape": [...], "data": [...]}}, got {_show(value)}'
        )
    shape, data = value["shape"], value["data"]
    if not isinstance(shape, list) or not all(type(n) is int and n >= 0 for n in shape):
        raise MalformedError(f"outputs: a shape is a list of whole numbers, got {_show(shape)}")
    if len(shape) > MOST_AXES or max(shape, default=0) >= LARGEST_AXIS:
        raise MalformedError(
            f"outputs: a shape has at most {MOST_AXES} numbers, under 2**31, got {_show(shape)}"
        )
    if not isinstance(data, list) or len(data) != math.prod(shape):
        raise MalformedError(
            f"outputs: a tensor of shape {shape} needs a list of {math.prod(shape)} numbers"
        )
    for number in data:
        if type(number) not in (int, float) and number not in NON_FINITE:
            hint = '; write "NaN" or "Infinity" as strings' if number is None else ""
            raise MalformedError(f"outputs: data must hold numbers, got {_show(number)}{hint}")
    try:
        with np.errstate(all="ignore"):
            return to_array(value, TYPES[kind].dtype)
    except OverflowError:
        raise MalformedError("outputs: data has a whole number too large for a float") from None


def _show(value: Any) -> str:
    """A value as JSON spells it, cut short."""
    text = msgspec.json.encode(value).decode("utf-8", "replace")
    return text if len(text) <= 60 else text[:57] + "..."


def clean_text(value: Any) -> str:
    """Text of a program's, fit to be printed: one line, no control characters, not too long."""
    text = value if isinstance(value, str) else str(value)
    text = text[:LONGEST_TEXT].encode("utf-8", "replace").decode("utf-8")
    return "".join(c if c.isprintable() else " " for c in text).strip()[:300]
