"""Margins: the distance of two forms in tolerances."""

from __future__ import annotations

import math

from trainspec.conformance.arithmetic.interval import enclose
from trainspec.conformance.derivation.margins import measure_margin


def values(*numbers):
    return [enclose(n) for n in numbers]


def test_a_margin_is_the_largest_distance_in_tolerances():
    # A tolerance is twice the radius.
    assert measure_margin(values(1.0, 2.0), values(1.0, 2.5), [0.1, 0.125]) == 2.0
    # The less certain of the two counts.
    assert measure_margin(values(2.0), values(2.5), [0.125], [0.25]) == 1.0


def test_special_values_and_lengths_tell_apart_for_sure():
    assert measure_margin(values(math.nan), values(1.0), [0.1]) == math.inf
    assert measure_margin(values(math.nan), values(math.nan), [0.1]) == 0.0
    assert measure_margin(values(1.0), values(1.0, 1.0), [0.1]) == math.inf
    assert measure_margin(values(1.0), values(2.0), [0.0]) == math.inf


def test_what_is_not_judged_tells_nothing():
    assert measure_margin(values(1.0), values(2.0), [math.inf]) == 0.0
