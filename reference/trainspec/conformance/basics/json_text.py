"""JSON of unknown origin: `bytes -> plain values`, or one error that says what is wrong."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

T = TypeVar("T")
#: The most values, and the most lists and objects, that a bounded text may have: a short text could
#: fill the memory with empty lists otherwise.
MOST_VALUES, MOST_LISTS = 1 << 20, 1 << 17


class JsonError(ValueError):
    """A text that is not JSON, or that has more values than any message needs."""


def decode_json(text: bytes, kind: type[T] | Any = Any, *, bounded: bool = False) -> T:
    """The value of a JSON text, as a record of a `kind` where one is asked for.

    A `bounded` text may not have more values than any answer needs.

    Raises `JsonError` for a text that is not JSON, and msgspec.ValidationError for one that is no
    `kind`.
    """
    if bounded and (
        text.count(b",") > MOST_VALUES or text.count(b"[") + text.count(b"{") > MOST_LISTS
    ):
        raise JsonError(
            f"more than {MOST_VALUES:,} values, or more than {MOST_LISTS:,} lists and objects"
        )
    try:
        found: T = msgspec.json.decode(text, type=kind)
    except msgspec.ValidationError:
        raise
    except UnicodeDecodeError:
        raise JsonError("its text is not UTF-8") from None
    except RecursionError:
        raise JsonError("lists nested too deeply") from None
    except (msgspec.DecodeError, ValueError, OverflowError) as error:
        raise JsonError(str(error)) from None
    return found
