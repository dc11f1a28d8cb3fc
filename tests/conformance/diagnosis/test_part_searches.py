"""A batch that is taken in parts is told as that."""

from __future__ import annotations

import numpy as np
import pytest

from helpers import adapter, results
from trainspec.conformance.diagnosis.diagnose import diagnose
from trainspec.conformance.pages.load import load_page
from trainspec.layers import batch_normalization
from trainspec.losses import softmax_cross_entropy


def said(operation, function):
    return diagnose(results(adapter(**{operation: function}), operation, "float64")).text


def _mean_of_means(logits, targets):
    cut = len(logits) - 1 or 1
    parts = [
        softmax_cross_entropy.softmax_cross_entropy(logits[part], targets[part])
        for part in (slice(0, cut), slice(cut, None))
        if len(logits[part])
    ]
    rows = [np.concatenate([p[name] for p in parts]) for name in ("probabilities", "dlogits")]
    return sum(p["loss"] for p in parts) / len(parts), rows[0], rows[1] / len(parts)


def _halves(x, gamma, beta, dy, *, epsilon):
    half = len(x) // 2
    parts = [
        batch_normalization.batch_normalization(x[part], gamma, beta, dy[part], epsilon=epsilon)
        for part in (slice(0, half), slice(half, None))
        if len(x[part])
    ]
    return {
        name: np.concatenate([p[name] for p in parts])
        if name in ("y", "dx")
        else sum(p[name] for p in parts) / (1 if name.startswith("d") else len(parts))
        for name in parts[0]
    }


@pytest.mark.parametrize(
    ("operation", "function", "words"),
    [
        ("softmax_cross_entropy", _mean_of_means,
         "the batch taken in parts, its last row and the rest; the mean of the parts' results"),
        ("batch_normalization", _halves,
         "the batch taken in parts, two halves; the mean of the parts' results, each row as it is"),
    ],
)  # fmt: skip
def test_the_parts_are_told(operation, function, words):
    assert words in said(operation, function)


def test_a_page_says_what_has_a_row_for_each_sample():
    assert load_page("layers/affine").of_each_row == ("x", "dy", "y", "dx")
    assert load_page("layers/batch_normalization").of_each_row == ("x", "dy", "y", "dx")
    assert load_page("layers/relu").of_each_row == ()
