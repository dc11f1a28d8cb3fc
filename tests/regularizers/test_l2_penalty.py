"""L2 penalty: the factor of 2 and the biases are told apart."""

from __future__ import annotations

import numpy as np
import pytest

from kernels import assert_named, assert_passes


def penalty(loss=0.5, gradient=1.0, bias=0.0):
    def run(W, b, gW, gb, *, weight_decay):
        T = W.dtype.type
        both = (W * W).sum() + bias * (b * b).sum()
        return {
            "penalty": np.asarray(T(loss) * T(weight_decay) * both, dtype=W.dtype),
            "gradient_W": gW + T(gradient) * (T(weight_decay) * W),
            "gradient_b": gb + T(bias) * T(weight_decay) * b,
        }

    return run


def test_right_orders_of_operation_pass():
    assert_passes("l2_penalty", penalty())


WRONG = {
    "without-half": penalty(loss=1, gradient=2),
    "on-biases-too": penalty(bias=1),
    "gradient-doubled": penalty(gradient=2),
    "penalty-doubled": penalty(loss=1),
    "gradient-left-out": penalty(gradient=0),
    "sign": penalty(gradient=-1),
}


@pytest.mark.parametrize("form", WRONG)
def test_wrong_formulas_are_rejected_and_named(form):
    assert_named("l2_penalty", WRONG[form], form)
