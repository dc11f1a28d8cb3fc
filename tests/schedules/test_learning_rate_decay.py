"""Learning-rate decay: schedules are told apart."""

from __future__ import annotations

import numpy as np
import pytest

from kernels import assert_named, assert_passes


def quotient(steps, *, learning_rate, decay):
    T = steps.dtype.type
    return T(learning_rate) * (1 / (1 + T(decay) * (steps - 1)))


@pytest.mark.parametrize("function", [quotient])
def test_right_orders_of_operation_pass(function):
    assert_passes("learning_rate_decay", function)


WRONG = {
    "from-zero": lambda s, *, learning_rate, decay: (learning_rate / (1 + decay * s)).astype(
        s.dtype
    ),
    "exponential": lambda s, *, learning_rate, decay: (
        learning_rate * (1 - decay) ** (s - 1)
    ).astype(s.dtype),
    "root": lambda s, *, learning_rate, decay: (
        learning_rate / np.sqrt(1 + decay * (s - 1))
    ).astype(s.dtype),
    "constant": lambda s, *, learning_rate, decay: np.full_like(s, learning_rate),
    "linear": lambda s, *, learning_rate, decay: (learning_rate * (1 - decay * (s - 1))).astype(
        s.dtype
    ),
}


@pytest.mark.parametrize("form", WRONG)
def test_wrong_formulas_are_rejected_and_named(form):
    assert_named("learning_rate_decay", WRONG[form], form)
