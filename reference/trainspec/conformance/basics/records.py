"""What a record prints, where some of its fields are too long to print."""

from __future__ import annotations

from typing import Any


def describe_record(record: Any, *hidden: str) -> str:
    """The record's name and fields as Python writes them, those of `hidden` left out."""
    shown = (name for name in record.__struct_fields__ if name not in hidden)
    fields = ", ".join(f"{name}={getattr(record, name)!r}" for name in shown)
    return f"{type(record).__name__}({fields})"
