"""Every number has its place: steps, tensors and elements of an update rule, rows of a function."""

from __future__ import annotations

import numpy as np

from helpers import adapter, results, update_rule
from trainspec.conformance.diagnosis.evidence import gather_evidence
from trainspec.conformance.diagnosis.places import collect_places


def collect(kernel, operation="sgd"):
    own = adapter(**{operation: update_rule(kernel)})
    evidence = gather_evidence(results(own, operation, "float64"))
    return evidence, collect_places(evidence, [c.expected for c in evidence.cases], ())


def test_an_element_is_looked_at_until_it_is_wrong():
    def late(W, g, s, t, k, h):
        return W - h.rate * g * (2 if t == 2 else 1)

    evidence, places = collect(late)
    assert set(places.features["step"][~places.good]) == {2.0}
    assert not (places.features["step"] > 2).all()
    steps = [case.steps for case in evidence.cases]
    assert max(steps) > 2


def test_a_step_starts_from_where_the_last_one_ended():
    _, places = collect(lambda W, g, s, t, k, h: W - h.rate * g)
    assert places.good.all()
    known = np.isfinite(places.start)
    assert 0 < known.sum() < len(known)  # a case of a thousand steps shows some of them only
    moved = (places.right - places.start)[known]
    step = places.features["rate"] * places.features["gradient"]
    # The product and the difference round once each, and the subtraction here once more.
    largest = np.maximum(np.abs(places.right), np.abs(places.start))[known]
    assert (np.abs(moved + step[known]) <= 3 * np.finfo(np.float64).eps * largest).all()


def test_tensors_and_elements_are_counted():
    _, places = collect(lambda W, g, s, t, k, h: W - h.rate * g * (k == 0))
    assert set(places.features["tensor"][places.good & (places.features["gradient"] != 0)]) == {0.0}
    assert places.features["position"].max() > 0
    assert np.isnan(places.features["gradient before"][places.features["step"] == 1]).all()


def test_numbers_of_a_function_know_their_rows_and_inputs():
    def relu(x, dy):
        return {"y": np.maximum(x, 0), "dx": dy}

    evidence = gather_evidence(results(adapter(relu=relu), "relu", "float64"))
    places = collect_places(evidence, [c.expected for c in evidence.cases], ())
    assert set(places.output.tolist()) == {0, 1}
    assert (places.features["input x"][~places.good] <= 0).all()
