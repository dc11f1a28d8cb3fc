"""Where no form fits, what the wrong numbers share is said, and how they depend on the right."""

from __future__ import annotations

import numpy as np
import pytest

from helpers import adapter, results, update_rule
from trainspec.conformance.diagnosis.departure import describe_departure, find_closest
from trainspec.conformance.diagnosis.evidence import gather_evidence


def describe(operation, function):
    evidence = gather_evidence(results(adapter(**{operation: function}), operation, "float64"))
    return describe_departure(evidence, *find_closest(evidence))[:2]


@pytest.mark.parametrize(
    ("kernel", "words"),
    [
        (lambda W, g, s, t, k, h: W - h.rate * g * (1 if k == 0 else 3),
         ["wrong in every tensor but the first, and nowhere else", "step is 3 times the right one"]),
        (lambda W, g, s, t, k, h: W - h.rate * (g if t < 3 else -g),
         ["right up to step 2, wrong from step 3 on", "the step has the other sign"]),
        (lambda W, g, s, t, k, h: W - h.rate * np.where(g < 0, 0, g),
         ["wrong where the gradient is negative, and nowhere else", "there nothing moves"]),
        (lambda W, g, s, t, k, h: W - h.rate * g * (2 if W.ndim == 0 else 1),
         ["wrong in 0-d tensors, and nowhere else"]),
        (lambda W, g, s, t, k, h: W - h.rate * g / t,
         ["right at the first step, wrong later", "divided by the number of the step"]),
        (lambda W, g, s, t, k, h: W - h.rate * h.rate * g, ["times the learning rate"]),
    ],
)  # fmt: skip
def test_what_wrong_steps_share_is_said(kernel, words):
    name, text = describe("sgd", update_rule(kernel))
    assert name == "canonical"
    for part in words:
        assert part in text


def test_outputs_are_told_apart():
    def standard_deviation(x):
        n = len(x)
        variance = x.var() * (n / (n - 1) if n > 2 else 1)
        return {"mean": x.mean(), "variance": variance, "std": x.std()}

    _, text = describe("standard_deviation", standard_deviation)
    assert "variance: wrong in inputs of more than two values, and nowhere else" in text
    assert "n/(n − 1), n the number of values" in text
    assert "mean:" not in text


def test_rows_in_two_outputs_and_in_none_are_listed():
    def validation_split(x, labels, permutation, *, ratio):
        p = permutation.astype(int)
        k = int(len(p) * ratio)
        return x[p[:k]], labels[p[:k]], x[p[: len(p) - k]], labels[p[: len(p) - k]]

    _, text = describe("validation_split", validation_split)
    assert "are in more than one place" in text
    assert "are in no output" in text


def test_a_single_case_is_named():
    def sgd(W, g, s, t, k, h):
        return W - h.rate * g * (1 if t < 500 else 2)

    _, text = describe("sgd", update_rule(sgd))
    assert "right up to step 100, wrong from step 1000 on" in text
    assert "only sgd/thousand-steps shows it" in text
