"""A function that is wrong in several outputs, in each in a way of its own."""

from __future__ import annotations

import numpy as np

from helpers import adapter, results
from trainspec.conformance.diagnosis.diagnose import diagnose


def describe(function):
    return diagnose(results(adapter(affine=function), "affine", "float64")).text


def test_two_outputs_with_a_named_error_each():
    text = describe(lambda x, W, b, dy: (x @ W, dy @ W.T, x.T @ dy, dy.mean(0)))
    assert "y: this is the known error bias-left-out" in text
    assert "dx and dW: this is the canonical form" in text


def test_an_output_that_no_form_explains_may_have_a_small_change():
    text = describe(lambda x, W, b, dy: (x @ W, dy @ W.T, x.T @ dy * 2, dy.sum(0)))
    assert "dx and db: this is the canonical form" in text
    assert "dW: this is canonical with one change: dW = dot(transpose(x), dy) * 2" in text


def test_nothing_is_invented():
    text = describe(lambda x, W, b, dy: (np.cos(x @ W) + b, dy @ W.T, x.T @ dy, dy.sum(0)))
    assert text.startswith("none of the known forms")
