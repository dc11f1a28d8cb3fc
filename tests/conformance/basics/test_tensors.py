"""Nests of tensors, and numbers as JSON spells them."""

from __future__ import annotations

import math

import ml_dtypes
import numpy as np
import pytest

from trainspec.conformance.basics.tensors import (
    is_tensor,
    iterate_tensors,
    map_tensors,
    parse_number,
    round_to_two_digits,
    spell_number,
    split_outputs,
    to_array,
    to_floats,
    to_tensor,
)

NEST = {"a": [{"shape": [2], "data": [1.0, "NaN"]}, {"shape": [], "data": [3.0]}]}


@pytest.mark.parametrize("value", [0.1, -0.0, 1e-320, math.inf, -math.inf, math.nan])
def test_numbers_are_read_as_they_are_written(value):
    again = parse_number(spell_number(value))
    assert np.array_equal(again, value, equal_nan=True)
    assert math.copysign(1, again) == math.copysign(1, value)


def test_a_hyperparameter_may_be_a_number_a_list_or_a_word():
    assert to_floats([1, "Infinity", 0.5]) == [1.0, math.inf, 0.5]
    assert to_floats("adam") == "adam"
    assert math.isnan(to_floats("NaN"))


def test_tensors_are_visited_in_order_with_their_paths():
    assert [path for path, _ in iterate_tensors(NEST)] == [("a", 0), ("a", 1)]
    assert is_tensor(NEST["a"][0])
    assert not is_tensor(NEST)


def test_arrays_and_tensors_are_each_other_s_inverse():
    arrays = map_tensors(lambda t: to_array(t, np.float32), NEST)
    assert arrays["a"][0].dtype == np.float32
    assert arrays["a"][1].shape == ()
    assert map_tensors(to_tensor, arrays) == NEST


def test_a_narrow_type_rounds():
    tensor = {"shape": [1], "data": [1.01]}
    assert float(to_array(tensor, ml_dtypes.bfloat16)[0]) == 1.0078125


@pytest.mark.parametrize(
    ("value", "up", "rounded"),
    [
        (0.1234, True, 0.13), (0.1234, False, 0.12), (99.6, True, 100.0), (0.0, True, 0),
        (math.inf, True, "Infinity"), (5e-324, True, 5e-324),
    ],
)  # fmt: skip
def test_numbers_are_stored_with_two_digits(value, up, rounded):
    assert round_to_two_digits(value, up) == rounded


def test_outputs_lie_one_after_the_other():
    shapes = {"loss": [], "W": [[2, 2], [3]]}
    assert list(split_outputs(shapes, 2)) == [slice(0, 2), slice(2, 16)]
    assert list(split_outputs(shapes, 2, 2)) == [
        slice(0, 1),
        slice(1, 2),
        slice(2, 9),
        slice(9, 16),
    ]
