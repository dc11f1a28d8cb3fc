"""Reading a trace: `.npz`, `.safetensors` or `.jsonl -> Trace`; nothing is ever unpickled."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec.structs import replace

from trainspec.conformance.basics.errors import UserError
from trainspec.conformance.basics.float_types import TYPES, FloatArray
from trainspec.conformance.basics.json_text import decode_json
from trainspec.conformance.basics.paths import is_file
from trainspec.conformance.basics.tensors import to_array
from trainspec.conformance.traces.trace import Trace

#: The entry that holds what is not an array.
HEAD = "trace"
VERSION = 1
#: How safetensors names the types.
_SAFE_TYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}

#: What reading a damaged file may raise.
DAMAGED = (
    ValueError, LookupError, TypeError, AttributeError, OSError, EOFError, MemoryError,
    OverflowError, NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error,
    msgspec.DecodeError,
)  # fmt: skip


class TraceError(UserError):
    """A file that is no trace, or lacks something; says what is wanted."""


def read_trace(path: Path) -> Trace:
    """Read a trace.

    Raises `TraceError` for a file that is not there, is damaged, or is not a trace.
    """
    reader = _READERS.get(path.suffix)
    if reader is None:
        raise TraceError(f"{path}: a trace ends in {', '.join(_READERS)}; see spec/traces.md")
    if not is_file(path):
        raise TraceError(f"there is no file {path}")
    try:
        head, arrays = reader(path)
        return _make_trace(head, arrays)
    except TraceError as error:
        raise TraceError(f"{path}: {error}") from None
    except DAMAGED as error:
        text = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise TraceError(f"{path} cannot be read as a trace: {text}") from None


Arrays = Mapping[str, Any]
#: As JSON spells a number, where it has none.
Number = float | Literal["NaN", "Infinity", "-Infinity"]


class Tensor(msgspec.Struct):
    """A tensor in a line."""

    shape: list[int]
    data: list[Number]


class Head(msgspec.Struct):
    """What a trace holds that is no array; a file of lines begins with tensors as well."""

    trainspec_trace: Any = None
    type: Any = None
    first_step: Annotated[int, msgspec.Meta(ge=1, lt=2**53)] = 1
    hyperparameters: dict[str, float] | None = None
    learning_rate: float | list[float] | None = None
    missing: dict[str, list[Annotated[int, msgspec.Meta(ge=1)]]] | None = None
    params: dict[str, Tensor] = {}
    state: dict[str, dict[str, Tensor]] | None = None


class StepLine(msgspec.Struct):
    """One step in a file of lines."""

    grads: dict[str, Tensor | None]
    params: dict[str, Tensor]
    learning_rate: float | None = None


def _read_npz(path: Path) -> tuple[Head, Arrays]:
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    if HEAD not in arrays:
        raise TraceError(f"it has no entry {HEAD!r}")
    head = _read_head(str(arrays.pop(HEAD)[()]).encode())
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
    return _read_head(metadata[HEAD].encode()), arrays


def _read_head(text: bytes) -> Head:
    head: Head = decode_json(text, Head)
    return head


def _read_lines(path: Path) -> tuple[Head, Arrays]:
    lines = [line for line in path.read_bytes().splitlines() if line.strip()]
    if not lines:
        raise TraceError("it is empty")
    head = _read_head(lines[0])
    steps: list[StepLine] = [decode_json(line, StepLine) for line in lines[1:]]
    names = list(head.params)
    arrays: dict[str, Any] = {}
    missing: dict[str, list[int]] = {}
    for name in names:
        tensors = [head.params[name], *(step.params[name] for step in steps)]
        arrays[f"params/{name}"] = np.stack([_read_tensor(t) for t in tensors])
        grads = [step.grads.get(name) for step in steps]
        missing[name] = [i for i, g in enumerate(grads, 1) if g is None]
        nothing = np.full(np.shape(arrays[f"params/{name}"][0]), np.nan)
        filled = [nothing if g is None else _read_tensor(g) for g in grads]
        arrays[f"grads/{name}"] = np.stack(filled) if filled else np.empty((0, *nothing.shape))
    for slot, tensors_of_slot in (head.state or {}).items():
        for name, tensor in tensors_of_slot.items():
            arrays[f"state/{slot}/{name}"] = _read_tensor(tensor)
    head.missing = {n: m for n, m in missing.items() if m}
    rates = [step.learning_rate for step in steps if step.learning_rate is not None]
    if rates and len(rates) == len(steps):
        head.learning_rate = rates
    return head, arrays


def _read_tensor(tensor: Tensor) -> FloatArray:
    return to_array(msgspec.structs.asdict(tensor), np.float64)


_READERS: Mapping[str, Callable[[Path], tuple[Head, Arrays]]] = {
    ".npz": _read_npz,
    ".safetensors": _read_safetensors,
    ".jsonl": _read_lines,
}


def _check_type(head: Head) -> str:
    if head.trainspec_trace != VERSION:
        raise TraceError(f"it is not a trace of version {VERSION}; see spec/traces.md")
    kind = head.type
    if not isinstance(kind, str) or kind not in TYPES:
        raise TraceError(f"type is {kind!r}; it must be one of {', '.join(TYPES)}")
    return str(kind)


def _make_trace(head: Head, arrays: Arrays) -> Trace:
    kind = _check_type(head)
    every = sorted(name.removeprefix("params/") for name in arrays if name.startswith("params/"))
    missing = head.missing or {}
    if not every:
        raise TraceError("it has no parameters")
    names = [name for name in every if not missing.get(name)]
    # Where every tensor lacks a gradient somewhere, the longest of them stands for the run.
    whole = names or every[:1]
    params = _join(arrays, "params", whole)
    grads = _join(arrays, "grads", whole)
    if len(params) != len(grads) + 1 or not len(grads):
        raise TraceError(
            f"it has parameters at {len(params)} times and {len(grads)} gradients: a trace of T "
            "steps has the parameters before the first step and after each, T + 1 of them"
        )
    if not params.size:
        raise TraceError("its tensors have no numbers")
    given = dict(head.hyperparameters or {})
    rate = given.pop("learning_rate", head.learning_rate)
    rates = [rate] * len(grads) if isinstance(rate, float) else rate
    if rates is not None and len(rates) != len(grads):
        raise TraceError(f"it has {len(rates)} learning rates for {len(grads)} steps")
    first = head.first_step
    state = _read_state(arrays, whole)
    trace = Trace(kind, params, grads, whole, _shapes(arrays, whole), given, rates, first, state)
    parts, left_out = _read_parts(trace, arrays, missing)
    if names:
        return replace(trace, parts=parts, left_out=left_out)
    if not parts:
        raise TraceError("no parameter has a gradient at any step and stays where it has none")
    main = max(parts, key=lambda part: part.size * part.steps)
    return replace(main, parts=[part for part in parts if part is not main], left_out=left_out)


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
        if max(steps) > trace.steps:
            raise TraceError(f"missing: {name} has no step {max(steps)}")
        idle = [step - 1 for step in steps]
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
        array = _convert(key, arrays[key])
        if array.shape[1:] != shape:
            raise TraceError(f"{key} has the shape {array.shape[1:]}, not {shape}")
        found.append(array.reshape(len(array), -1))
    if len({len(array) for array in found}) > 1:
        raise TraceError(f"the tensors of {part!r} have different numbers of steps")
    return np.concatenate(found, axis=1)


def _convert(key: str, array: Any) -> FloatArray:
    found = np.asarray(array)
    if found.dtype.kind not in "fiub" and found.dtype != TYPES["bfloat16"].dtype:
        raise TraceError(f"{key} holds {found.dtype}, not numbers")
    return found.astype(np.float64)


def _flatten(arrays: Arrays, key: str, shape: tuple[int, ...]) -> FloatArray:
    if key not in arrays:
        raise TraceError(f"it has no {key!r}")
    array = _convert(key, arrays[key])
    if array.shape != shape:
        raise TraceError(f"{key} has the shape {array.shape}, not {shape}")
    return array.ravel()
