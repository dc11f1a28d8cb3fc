"""Distances in ulps and tolerances, and the place of a number."""

from __future__ import annotations

import math

import numpy as np
import pytest

from trainspec.conformance.basics.float_types import TYPES
from trainspec.conformance.basics.names import Place
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.checking.distance import (
    find_first_difference,
    locate,
    measure_distance,
    ulp_of,
)


@pytest.mark.parametrize("kind", ["float64", "float32", "float16"])
@pytest.mark.parametrize("value", [1.0, 0.1, 1000.5, 2.0**-14])
def test_an_ulp_is_the_distance_to_the_next_number(kind, value):
    number = TYPES[kind].dtype.type(value)
    assert ulp_of(float(number), kind) == float(np.spacing(number))


def test_the_place_of_every_number_is_found():
    (case,) = load_cases(ids=["adam/changing-rate"])
    places = [locate(case, index) for index in range(len(case.expected))]
    assert len(set(places)) == len(places)
    assert places[0] == Place(1, 0, (0, 0))
    assert places[8] == Place(1, 2)
    assert places[9] == Place(2, 0, (0, 0))
    with pytest.raises(IndexError):
        locate(case, len(places))


def test_only_the_steps_that_are_kept_have_places():
    (case,) = load_cases(ids=["adam/thousand-steps"])
    assert [locate(case, i).step for i in range(len(case.expected))] == [1, 1, 10, 10, 100, 100, 1000, 1000]  # fmt: skip


def test_the_first_difference_is_found():
    got, values = np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.5, 4.0])
    tolerance = np.array([0.1, 0.1, 0.1])
    index, distance = find_first_difference(got, values, values, tolerance, "float64", 4.0)
    assert (index, round(distance, 6)) == (1, 5.0)
    assert find_first_difference(got, got, got, tolerance, "float64", 4.0) is None


def test_distances_scale_with_values_and_pass_over_what_is_not_judged():
    one = np.array([1.0])
    assert measure_distance(one, one, one, np.array([0.1]), "float64") == 0
    assert measure_distance(one + 5, one, one, np.array([np.inf]), "float64") == 0
    assert measure_distance(one + 1, 10 * one, one, np.array([0.1]), "float64") == pytest.approx(8)
    assert measure_distance(np.array([np.nan]), one, one, np.array([0.1]), "float64") == math.inf
    assert measure_distance(np.ones(2), one, one, np.array([0.1]), "float64") == math.inf
