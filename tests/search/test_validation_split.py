"""Validation split: parts, sizes and labels are told apart."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from helpers import adapter, results
from kernels import assert_named, assert_passes


def split(choose=lambda order, k: (order[:k], order[k:]), size=math.floor, labels=None):
    def run(x, labels_, permutation, *, ratio):
        order = permutation.astype(int)
        k = size(len(order) * Fraction(ratio))
        chosen, rest = choose(order, k)
        kept = labels(labels_, k, chosen, rest) if labels else (labels_[chosen], labels_[rest])
        return {
            "x_validation": x[chosen],
            "labels_validation": kept[0],
            "x_train": x[rest],
            "labels_train": kept[1],
        }

    return run


def test_right_orders_of_operation_pass():
    assert_passes("validation_split", split(size=int))
    assert_passes("validation_split", split(size=lambda v: int(v // 1)))


def test_a_product_that_is_rounded_up_is_rejected():
    found = results(
        adapter(validation_split=split(size=lambda v: int(float(v)))), "validation_split"
    )
    wrong = {r.case.name for r in found if r.outcome.fails}
    assert wrong == {"three-tenths", "seven-tenths", "six-tenths", "three-twentieths"}


WRONG = {
    "last-part": split(lambda order, k: (order[len(order) - k :], order[: len(order) - k])),
    "before-shuffle": split(
        lambda order, k: (
            np.arange(len(order))[len(order) - k :],
            np.arange(len(order))[: len(order) - k],
        )
    ),
    "first-rows": split(lambda order, k: (np.arange(len(order))[:k], np.arange(len(order))[k:])),
    "labels-not-shuffled": split(labels=lambda t, k, chosen, rest: (t[:k], t[k:])),
    "training-labels-not-shuffled": split(labels=lambda t, k, chosen, rest: (t[chosen], t[k:])),
}


@pytest.mark.parametrize("form", WRONG)
def test_wrong_formulas_are_rejected_and_named(form):
    assert_named("validation_split", WRONG[form], form)


def test_a_size_that_is_rounded_up_has_another_shape():
    from helpers import adapter, results

    found = results(
        adapter(validation_split=split(size=lambda v: int(np.ceil(v)))),
        "validation_split",
        "float64",
    )
    assert all(
        r.outcome.fails for r in found if not r.case.rejects and r.case.id.endswith("quarter")
    )


def test_declared_ceiling_passes():
    from helpers import adapter, failures, results

    ceiling = adapter(validation_split=split(size=lambda v: int(np.ceil(v))))
    assert failures(results(ceiling, "validation_split", "float64", variant="ceiling")) == []
