"""JSON of unknown origin: one error, whatever is wrong with it."""

from __future__ import annotations

import msgspec
import pytest

from trainspec.conformance.basics.json_text import MOST_LISTS, MOST_VALUES, JsonError, decode_json


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'{"a": "\xff"}', "UTF-8"),
        (b"[" * 100_000, "nested too deeply|truncated"),
        (b"[1, 2", "truncated"),
        (b"", "truncated"),
        (b"nothing", "expected|invalid"),
    ],
)
def test_what_is_no_json_is_one_error(text, words):
    with pytest.raises(JsonError, match=words):
        decode_json(text)


def test_a_record_of_another_form_is_told_apart():
    class Point(msgspec.Struct):
        x: int

    assert decode_json(b'{"x": 1}', Point).x == 1
    with pytest.raises(msgspec.ValidationError):
        decode_json(b'{"x": "one"}', Point)


@pytest.mark.parametrize(
    "text", [b"[" + b"[]," * MOST_LISTS + b"1]", b"[" + b"1," * (MOST_VALUES + 1) + b"1]"]
)
def test_a_bounded_text_cannot_fill_the_memory(text):
    with pytest.raises(JsonError, match="more than"):
        decode_json(text, bounded=True)
    assert decode_json(text)
