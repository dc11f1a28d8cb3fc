"""How a Python adapter's answers leave its process: with their types and shapes as they are.

Arrays go as their type, shape and bytes. What is no array is turned into one there if it can be,
as the checker would do; what cannot goes as the words that describe it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np

from trainspec.conformance.basics.float_types import TYPES
from trainspec.conformance.basics.tensors import MOST_NUMBERS

#: Kinds of NumPy types that hold plain numbers.
NUMBERS = "fiub"
#: A nest deeper than this is not sent.
DEEPEST = 20


def encode(value: Any) -> bytes:
    """A message of plain values, arrays and nests of them."""
    return msgspec.msgpack.encode(_pack(value, 0))


def decode(message: bytes) -> Any:
    """Read a message back. Raises msgspec.DecodeError for one that is cut."""
    return _unpack(msgspec.msgpack.decode(message))


def _pack(value: Any, depth: int) -> Any:
    if depth > DEEPEST:
        return {"odd": "list"}
    if value is None or type(value) is bool:
        return value
    if type(value) is str:
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, (np.ndarray, np.generic)):
        return _pack_array(np.asarray(value))
    if isinstance(value, dict):
        return {"map": [[_name(key), _pack(item, depth + 1)] for key, item in value.items()]}
    if type(value) in (list, tuple):
        # Plain numbers in lists are turned into an array at once.
        plain = _as_plain(value) if _is_plain(value, depth) else None
        if plain is not None:
            return plain
        kind = "tuple" if type(value) is tuple else "list"
        return {kind: [_pack(item, depth + 1) for item in value]}
    return _as_plain(value) or {"odd": type(value).__name__}


def _name(key: Any) -> str:
    try:
        return str(key).encode("utf-8", "replace").decode("utf-8")
    except Exception:
        return "?"


def _is_plain(value: Any, depth: int) -> bool:
    if type(value) in (int, float, bool):
        return True
    if type(value) in (list, tuple) and value and depth < DEEPEST:
        return all(_is_plain(item, depth + 1) for item in value)
    return False


def _as_plain(value: Any) -> dict[str, Any] | None:
    """What is no array of NumPy's, as float64; None where it is no number."""
    try:
        with np.errstate(all="ignore"):
            array = np.asarray(value, dtype=np.float64)
    except BaseException:  # whatever another library's object raises, SystemExit included
        return None
    if not isinstance(array, np.ndarray) or array.dtype != np.float64:
        return None
    return {"plain": _pack_array(array)}


def _pack_array(array: Any) -> dict[str, Any]:
    kind = array.dtype
    few = array.size <= MOST_NUMBERS
    if few and (kind.kind in NUMBERS or kind == TYPES["bfloat16"].dtype):
        data = array.astype(kind.newbyteorder("="), copy=False).tobytes()
        return {"type": kind.name, "shape": list(array.shape), "data": data}
    return {"type": kind.str if kind.kind != "O" else "O", "shape": list(array.shape)}


def _unpack(value: Any) -> Any:
    if isinstance(value, list):
        return [_unpack(item) for item in value]
    if not isinstance(value, dict):
        return value
    ((tag, content), *_) = value.items()
    return _UNPACK[tag](content, value)


def _unpack_array(name: str, packed: dict[str, Any]) -> Any:
    kind = TYPES[name].dtype if name in TYPES else np.dtype(name)
    if "data" not in packed:
        return np.broadcast_to(np.empty((), kind), packed["shape"])  # whatever its size
    if len(packed["data"]) != math.prod(packed["shape"]) * kind.itemsize:
        raise ValueError("an array whose bytes are not those of its shape")
    return np.frombuffer(packed["data"], kind).reshape(packed["shape"])


def _make_odd(name: str) -> Any:
    """Something that is no number, and whose type has the name."""

    def refuse(self: Any, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(name)

    return type(str(name), (), {"__array__": refuse})()


_UNPACK: dict[str, Callable[[Any, dict[str, Any]], Any]] = {
    "map": lambda items, _: {key: _unpack(item) for key, item in items},
    "list": lambda items, _: [_unpack(item) for item in items],
    "tuple": lambda items, _: tuple(_unpack(item) for item in items),
    "plain": lambda array, _: _unpack(array).tolist(),
    "odd": lambda name, _: _make_odd(name),
    "type": _unpack_array,
}
