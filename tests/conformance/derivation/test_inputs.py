"""Inputs of cases: made from a hash, exact in every type, the same for ever."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pytest

from trainspec.conformance.basics.float_types import TYPES
from trainspec.conformance.derivation.inputs import (
    PATTERNS,
    fill_pattern,
    make_function_inputs,
)

#: Patterns whose numbers have more digits, or a wider range, than the narrow types.
WIDE = {"24-bits", "53-bits", "minute", "tiny", "shrinking", "growing"}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_is_exact_in_the_types_that_it_is_for(pattern):
    values = np.array(fill_pattern("some/case", "grads", pattern, [40], 0, 2, 5)["data"])
    kinds = [] if pattern in WIDE else list(TYPES.values())
    for kind in kinds:
        np.testing.assert_array_equal(values.astype(kind.dtype).astype(np.float64), values)
    assert len(set(values)) > 20 or pattern == "zero"


def test_numbers_come_from_a_hash_that_any_language_has():
    h = int.from_bytes(hashlib.sha256(b"a/b/x/0/1/0").digest()[:8], "big")
    sign, significand, exponent = (-1 if h & 1 else 1), 128 + (h >> 1) % 128, (h >> 8) % 3 - 2
    (_, second) = fill_pattern("a/b", "x", "varied", [2], 0, 0, 1)["data"]
    assert second == sign * math.ldexp(significand, exponent - 7)


def test_inputs_may_be_written_out_made_or_stepped():
    made = make_function_inputs(
        "a/b",
        {
            "inputs": {
                "x": [[1, 2]],
                "y": {"shape": [2], "pattern": "varied", "times": 0.0, "plus": 1.0},
                "z": {"shape": [1], "pattern": "varied", "steps": 3},
            }
        },
        ("x", "y", "z"),
    )
    assert made["x"] == {"shape": [1, 2], "data": [1.0, 2.0]}
    assert made["y"]["data"] == [1.0, 1.0]
    assert len(made["z"]) == 3


def test_inputs_must_be_the_page_s():
    with pytest.raises(ValueError, match=r"inputs are \['x'\], the page has \['y'\]"):
        make_function_inputs("a/b", {"inputs": {"x": [1]}}, ("y",))
    with pytest.raises(ValueError, match="pattern 'loud' of x is none of varied"):
        fill_pattern("a/b", "x", "loud", [1], 0, 0, 1)
