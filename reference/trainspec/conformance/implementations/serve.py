"""A Python adapter as a program: JSON lines in, JSON lines out (spec/adapters.md)."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import IO, Any

import msgspec
import numpy as np

from trainspec.conformance.basics.float_types import TYPES
from trainspec.conformance.basics.names import Offering, base_operation
from trainspec.conformance.basics.tensors import map_tensors, to_array, to_floats, to_tensor
from trainspec.conformance.cases.golden import find_techniques
from trainspec.conformance.implementations.describe import describe_adapter
from trainspec.conformance.implementations.messages import Request, encode_line
from trainspec.conformance.implementations.python_module import PythonModule, describe_error
from trainspec.conformance.pages.load import load_page


def serve_requests(adapter: PythonModule, requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer every request on `requests` with one line on `answers`, until the input ends."""
    for line in requests:
        try:
            reply = answer_request(adapter, msgspec.json.decode(line, type=Request))
        except (msgspec.DecodeError, ValueError, KeyError, TypeError) as error:
            reply = {"id": None, "error": f"not a request: {error}"}
        answers.write(encode_line(reply))
        answers.flush()


def answer_request(adapter: PythonModule, request: Request) -> dict[str, Any]:
    """The answer to one request."""
    if request.operation == "describe":
        return {"id": request.id, "outputs": msgspec.to_builtins(describe_adapter(adapter))}
    offering = Offering(request.operation, request.form)
    if str(offering) not in adapter.forms and not adapter.offers(str(offering)):
        return {"id": request.id, "unsupported": True}
    kind = TYPES[request.type]
    inputs = map_tensors(lambda tensor: to_array(tensor, kind.dtype), request.inputs)
    given = request.hyperparameters
    if base_operation(request.operation) == request.operation:  # a draw's seed and sizes are whole
        given = {name: to_floats(value) for name, value in given.items()}
    try:
        with np.errstate(all="ignore"), redirect_stdout(sys.stderr):
            outputs = adapter.function(offering)(*inputs.values(), **given)
    except NotImplementedError:
        return {"id": request.id, "unsupported": True}
    except (ValueError, TypeError) as error:
        return {"id": request.id, "error": describe_error(error)}
    if not isinstance(outputs, dict):
        (technique, *_) = find_techniques([request.operation])
        outputs = {load_page(technique).outputs[0]: outputs}
    replies = {
        name: None if value is None else map_tensors(to_tensor, value)
        for name, value in outputs.items()
    }
    return {"id": request.id, "outputs": replies}
