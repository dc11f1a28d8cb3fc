"""A Python adapter as a program: JSON lines in, JSON lines out (spec/adapters.md)."""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stdout
from typing import IO, Any

import numpy as np

from trainspec.conformance import cases, page
from trainspec.conformance.files import techniques
from trainspec.conformance.implementations import PythonModule
from trainspec.conformance.nest import array, mapped, written
from trainspec.conformance.types import TYPES


def serve(adapter: Any, requests: IO[str], answers: IO[str]) -> None:
    """Answer every request on `requests` with one line on `answers`, until the input ends."""
    for line in requests:
        try:
            reply = answer(adapter, json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            reply = {"id": None, "error": f"not a request: {error!r}"}
        answers.write(json.dumps(reply) + "\n")
        answers.flush()


def answer(adapter: PythonModule, request: dict[str, Any]) -> dict[str, Any]:
    """The answer to one request."""
    number, operation = request["id"], request["operation"]
    if operation == "describe":
        operations = [name for t in techniques() if adapter.offers(name := t.rpartition("/")[2])]
        about = {
            "name": adapter.name,
            "version": adapter.version,
            "variants": dict(adapter.variants),
            "known_failures": dict(adapter.known_failures),
            "forms": list(adapter.forms),
            "profile": adapter.profile,
            "types": list(adapter.types),
            "operations": operations,
            "accepts": {row: sorted(adapter.accepts(row)) for row in (*operations, *adapter.forms)},
        }
        return {"id": number, "outputs": about}
    form = request.get("form", "")
    wanted = f"{operation}:{form}" if form else operation
    if wanted not in adapter.forms and not adapter.offers(wanted):
        return {"id": number, "unsupported": True}
    kind = TYPES[request["type"]]
    inputs = mapped(lambda t: array(t, kind.dtype), request["inputs"])
    given = {name: _floats(value) for name, value in request["hyperparameters"].items()}
    try:
        with np.errstate(all="ignore"), redirect_stdout(sys.stderr):
            outputs = adapter.function(wanted)(*inputs.values(), **given)
    except NotImplementedError:
        return {"id": number, "unsupported": True}
    except (ValueError, TypeError) as error:
        return {"id": number, "error": f"{type(error).__name__}: {error}"}
    if not isinstance(outputs, dict):
        outputs = {page.load(cases.resolve([operation])[0]).outputs[0]: outputs}
    return {"id": number, "outputs": mapped(written, outputs)}


def _floats(value: Any) -> Any:
    if isinstance(value, str) and value not in ("NaN", "Infinity", "-Infinity"):
        return value  # the name of an update rule
    return [_floats(v) for v in value] if isinstance(value, list) else float(value)
