"""A trace and its parts."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from traces import record
from trainspec.conformance.traces.trace import Trace, choose_sample


def make(**more):
    return Trace("float32", np.zeros((3, 7)), np.ones((2, 7)), ["w", "b"], [(2, 3), ()], {}, **more)


def test_numbers_are_located():
    trace = make()
    assert [trace.locate(i) for i in (0, 5, 6)] == ["w[0, 0]", "w[1, 2]", "b"]
    with pytest.raises(IndexError):
        trace.locate(7)


def test_a_part_keeps_rates_and_state_in_step():
    trace = make(rates=[0.1, 0.2], state={"v": np.arange(7.0)})
    part = trace.take(np.array([1, 6]), 1)
    assert (part.steps, part.size, part.rates) == (1, 2, [0.1])
    assert part.state["v"].tolist() == [1.0, 6.0]
    assert part.params.shape == (2, 2)
    assert not part.coarse


def test_a_sample_is_small_the_same_each_time_and_of_numbers_that_move():
    trace = record("sgd", size=500)
    grads = trace.grads.copy()
    grads[0, :450] = 0
    one, other = (choose_sample(replace(trace, grads=grads)) for _ in range(2))
    assert len(one) == 24
    assert np.array_equal(one, other)
    assert one.min() >= 450
