"""Random search: it judges by validation data alone."""

from __future__ import annotations

import numpy as np
import pytest

from kernels import assert_named, assert_passes


def search(judge=lambda v, t: v[:, -1], pick=np.argmax):
    def run(u, validation_scores, test_scores, *, low, high):
        values = np.exp(np.log(low) + u.astype(float) * np.log(high / low)).astype(u.dtype)
        scores = judge(validation_scores, test_scores)
        best = pick(scores)
        return {
            "values": values,
            "scores": scores,
            "best": values[best],
            "best_score": scores[best],
        }

    return run


def test_right_orders_of_operation_pass():
    assert_passes("random_search", search())


WRONG = {
    "by-test-scores": search(lambda v, t: t),
    "by-both": search(lambda v, t: (v[:, -1] + t) / 2),
    "first-epoch": search(lambda v, t: v[:, 0]),
    "best-epoch": search(lambda v, t: v.max(1)),
    "worst": search(pick=np.argmin),
}


@pytest.mark.parametrize("form", WRONG)
def test_wrong_formulas_are_rejected_and_named(form):
    assert_named("random_search", WRONG[form], form)
