"""Reading a trace: `.npz`, `.safetensors` or `.jsonl -> Trace`; nothing is ever unpickled."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from trainspec.conformance.basics.errors import UserError
from trainspec.conformance.basics.float_types import TYPES, FloatArray
from trainspec.conformance.basics.tensors import to_array
from trainspec.conformance.traces.trace import Trace

#: The entry that holds what is not an array.
HEAD = "trace"
VERSION = 1
#: How safetensors names the types.
_SAFE_TYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}


class TraceError(UserError):
    """A file that is no trace, or lacks something; says what is wanted."""


def read_trace(path: Path) -> Trace:
    """Read a trace.

    Raises `TraceError` for a file that is not there, is damaged, or is not a trace.
    """
    reader = _READERS.get(path.suffix)
    if reader is None:
        raise TraceError(f"{path}: a trace ends in {', '.join(_READERS)}; see spec/traces.md")
    if not path.is_file():
        raise TraceError(f"there is no file {path}")
    try:
        head, arrays = reader(path)
        return _make_trace(head, arrays)
    except TraceError as error:
        raise TraceError(f"{path}: {error}") from None
    except (ValueError, KeyError, TypeError, OSError, zipfile.BadZipFile) as error:
        raise TraceError(f"{path} cannot be read as a trace: {error}") from None


Head = Mapping[str, Any]
Arrays = Mapping[str, Any]


def _read_npz(path: Path) -> tuple[Head, Arrays]:
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    if HEAD not in arrays:
        raise TraceError(f"it has no entry {HEAD!r}")
    head = json.loads(str(arrays.pop(HEAD)[()]))
    kind = TYPES[_check_type(head)].dtype
    # NumPy's format does not know bfloat16: it keeps the bits.
    bits = {name: a.view(kind) if a.dtype.kind == "V" else a for name, a in arrays.items()}
    return head, bits


def _read_safetensors(path: Path) -> tuple[Head, Arrays]:
    import safetensors  # the extra `trace`

    try:
        with safetensors.safe_open(path, framework="np") as file:
            metadata = file.metadata() or {}
    except safetensors.SafetensorError as error:
        raise TraceError(f"it cannot be read as a trace: {error}") from None
    if HEAD not in metadata:
        raise TraceError(f"its metadata has no {HEAD!r}")
    arrays = {}
    unpack: Any = safetensors.deserialize
    for name, entry in unpack(path.read_bytes()):
        kind = _SAFE_TYPES.get(entry["dtype"])
        if kind is None:
            raise TraceError(
                f"{name} has the type {entry['dtype']}; a trace has {', '.join(TYPES)}"
            )
        flat = np.frombuffer(entry["data"], TYPES[kind].dtype)
        arrays[name] = flat.reshape(entry["shape"])
    return json.loads(metadata[HEAD]), arrays


def _read_lines(path: Path) -> tuple[Head, Arrays]:
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    if not lines:
        raise TraceError("it is empty")
    head, *steps = lines
    names = list(head.get("params", {}))
    arrays: dict[str, Any] = {}
    missing: dict[str, list[int]] = {}
    for name in names:
        tensors = [head["params"][name], *(step["params"][name] for step in steps)]
        arrays[f"params/{name}"] = np.stack([to_array(t, np.float64) for t in tensors])
        grads = [step["grads"].get(name) for step in steps]
        missing[name] = [i for i, g in enumerate(grads, 1) if g is None]
        nothing = np.full(np.shape(arrays[f"params/{name}"][0]), np.nan)
        filled = [nothing if g is None else to_array(g, np.float64) for g in grads]
        arrays[f"grads/{name}"] = np.stack(filled) if filled else np.empty((0, *nothing.shape))
    for slot, tensors in (head.get("state") or {}).items():
        for name, tensor in tensors.items():
            arrays[f"state/{slot}/{name}"] = to_array(tensor, np.float64)
    rates = [step.get("learning_rate") for step in steps]
    about = {key: value for key, value in head.items() if key not in ("params", "state")}
    if all(rate is not None for rate in rates) and rates:
        about["learning_rate"] = rates
    return {**about, "missing": {n: m for n, m in missing.items() if m}}, arrays


_READERS: Mapping[str, Callable[[Path], tuple[Head, Arrays]]] = {
    ".npz": _read_npz,
    ".safetensors": _read_safetensors,
    ".jsonl": _read_lines,
}


def _check_type(head: Head) -> str:
    if head.get("trainspec_trace") != VERSION:
        raise TraceError(f"it is not a trace of version {VERSION}; see spec/traces.md")
    kind = head.get("type")
    if kind not in TYPES:
        raise TraceError(f"type is {kind!r}; it must be one of {', '.join(TYPES)}")
    return str(kind)


def _make_trace(head: Head, arrays: Arrays) -> Trace:
    kind = _check_type(head)
    every = sorted(name.removeprefix("params/") for name in arrays if name.startswith("params/"))
    missing = head.get("missing") or {}
    names = [name for name in every if not missing.get(name)]
    if not names:
        raise TraceError("it has no parameters with a gradient at every step")
    params = _join(arrays, "params", names)
    grads = _join(arrays, "grads", names)
    if len(params) != len(grads) + 1 or not len(grads):
        raise TraceError(
            f"it has parameters at {len(params)} times and {len(grads)} gradients: a trace of T "
            "steps has the parameters before the first step and after each, T + 1 of them"
        )
    given = {k: float(v) for k, v in (head.get("hyperparameters") or {}).items()}
    rate = given.pop("learning_rate", head.get("learning_rate"))
    rates = [float(r) for r in rate] if isinstance(rate, list) else None
    if rates is None and rate is not None:
        rates = [float(rate)] * len(grads)
    if rates is not None and len(rates) != len(grads):
        raise TraceError(f"it has {len(rates)} learning rates for {len(grads)} steps")
    first = int(head.get("first_step", 1))
    state = _read_state(arrays, names)
    trace = Trace(kind, params, grads, names, _shapes(arrays, names), given, rates, first, state)
    parts, left_out = _read_parts(trace, arrays, missing)
    return replace(trace, parts=parts, left_out=left_out)


def _read_parts(
    trace: Trace, arrays: Arrays, missing: Mapping[str, list[int]]
) -> tuple[list[Trace], list[str]]:
    """Tensors that lack gradients, grouped by the steps; and those that move without one."""
    groups: dict[tuple[int, ...], list[str]] = {}
    left_out = []
    for name, steps in sorted(missing.items()):
        if f"params/{name}" not in arrays or not steps:
            continue
        recorded = _join(arrays, "params", [name])
        idle = [int(step) - 1 for step in steps]
        if not np.array_equal(recorded[idle], recorded[[i + 1 for i in idle]], equal_nan=True):
            left_out.append(name)
        elif len(idle) < trace.steps:
            groups.setdefault(tuple(idle), []).append(name)
    parts = []
    for without, names in groups.items():
        places = [i for i in range(trace.steps) if i not in without]
        part = replace(
            trace,
            params=_join(arrays, "params", names)[[places[0], *(i + 1 for i in places)]],
            grads=_join(arrays, "grads", names)[places],
            names=names,
            shapes=_shapes(arrays, names),
            rates=None if trace.rates is None else [trace.rates[i] for i in places],
            state=_read_state(arrays, names),
            places=places,
        )
        parts.append(part)
    return parts, left_out


def _read_state(arrays: Arrays, names: list[str]) -> dict[str, FloatArray] | None:
    slots = dict.fromkeys(name.split("/", 2)[1] for name in arrays if name.startswith("state/"))
    shapes = _shapes(arrays, names)
    state = {
        slot: np.concatenate(
            [_flatten(arrays, f"state/{slot}/{n}", s) for n, s in zip(names, shapes)]
        )
        for slot in slots
    }
    return state or None


def _shapes(arrays: Arrays, names: list[str]) -> list[tuple[int, ...]]:
    return [tuple(np.shape(arrays[f"params/{name}"])[1:]) for name in names]


def _join(arrays: Arrays, part: str, names: list[str]) -> FloatArray:
    """The arrays of all tensors, (times, numbers)."""
    found = []
    for name, shape in zip(names, _shapes(arrays, names)):
        key = f"{part}/{name}"
        if key not in arrays:
            raise TraceError(f"it has no {key!r}")
        array = np.asarray(arrays[key]).astype(np.float64)
        if array.shape[1:] != shape:
            raise TraceError(f"{key} has the shape {array.shape[1:]}, not {shape}")
        found.append(array.reshape(len(array), -1))
    if len({len(array) for array in found}) > 1:
        raise TraceError(f"the tensors of {part!r} have different numbers of steps")
    return np.concatenate(found, axis=1)


def _flatten(arrays: Arrays, key: str, shape: tuple[int, ...]) -> FloatArray:
    if key not in arrays:
        raise TraceError(f"it has no {key!r}")
    array = np.asarray(arrays[key]).astype(np.float64)
    if array.shape != shape:
        raise TraceError(f"{key} has the shape {array.shape}, not {shape}")
    return array.ravel()
