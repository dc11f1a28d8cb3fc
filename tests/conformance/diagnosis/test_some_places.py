"""A form that holds in some places only is named with the places."""

from __future__ import annotations

import math

import numpy as np
import pytest

from helpers import adapter, results, update_rule
from trainspec.conformance.diagnosis.departure import find_closest
from trainspec.conformance.diagnosis.diagnose import diagnose
from trainspec.conformance.diagnosis.evidence import gather_evidence
from trainspec.conformance.diagnosis.some_places import list_restricted


def _no_momentum_in_vectors(W, g, s, t, k, h):
    s["v"] = (h.momentum * s.get("v", 0) if W.ndim > 1 else 0) - h.rate * g
    return W + s["v"]


def _root_left_out_in_last(W, g, s, t, k, h):
    s["h"] = s.get("h", 0) + g * g
    last = np.arange(W.size).reshape(W.shape) == W.size - 1
    return W - h.rate * g / (np.where(last, s["h"], np.sqrt(s["h"])) + h.epsilon)


@pytest.mark.parametrize(
    ("operation", "kernel", "words"),
    [
        ("momentum", _no_momentum_in_vectors,
         "in tensors of fewer than two dimensions, this is the known error momentum-ignored"),
        ("adagrad", _root_left_out_in_last, "in the last element of every tensor, "),
    ],
)  # fmt: skip
def test_the_form_and_the_places_are_named(operation, kernel, words):
    found = diagnose(results(adapter(**{operation: update_rule(kernel)}), operation, "float64"))
    assert found.text.startswith(words)
    assert found.text.endswith("everywhere else, this is canonical")
    assert found.form


def test_wrong_numbers_that_are_scattered_have_no_places():
    def kernel(W, g, s, t, k, h):
        return W - h.rate * np.where(np.sin(37 * g) > 0.2, np.cos(g), g)

    evidence = gather_evidence(results(adapter(sgd=update_rule(kernel)), "sgd", "float64"))
    _, places = find_closest(evidence)
    assert not list(list_restricted(evidence, places))
    assert diagnose(results(adapter(sgd=update_rule(kernel)), "sgd", "float64")).form == ""


def test_numbers_elsewhere_are_not_judged():
    kernel = update_rule(_no_momentum_in_vectors)
    evidence = gather_evidence(results(adapter(momentum=kernel), "momentum", "float64"))
    with np.errstate(all="ignore"):
        _, places = find_closest(evidence)
        words, restricted, few = next(list_restricted(evidence, places))
    assert words == "in tensors of fewer than two dimensions"
    for case in restricted.cases:
        allowed = case.tolerance["float64"].reshape(
            -1, sum(math.prod(s) for s in case.outputs["params"])
        )
        judged = np.isfinite(allowed).all(0)
        dims = np.concatenate([np.full(math.prod(s), len(s)) for s in case.outputs["params"]])
        assert (judged == (dims < 2)).all()
