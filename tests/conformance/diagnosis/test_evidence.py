"""Evidence: the answers in a useful order, and rules run in float64."""

from __future__ import annotations

import numpy as np

from helpers import adapter, results, update_rule
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.diagnosis.diagnose import explain
from trainspec.conformance.diagnosis.evidence import gather_evidence, widest_tolerance
from trainspec.conformance.pages.rule import parse_rule


def evidence(kernel, operation="sgd", kind="float64"):
    return gather_evidence(results(adapter(**{operation: update_rule(kernel)}), operation, kind))


def test_failing_ordinary_cases_come_first():
    found = evidence(lambda W, g, s, t, k, h: W + h.rate * g)
    assert found.failing > 3
    assert found.ordinary(0)
    assert found.cases[found.failing - 1].level in ("core", "numerics", "edge")
    assert {found.cases[i].level for i in range(3)} <= {"core", "numerics"}


def test_nothing_answered_is_no_evidence():
    assert gather_evidence(results(adapter(), "sgd", "float64")) is None


def test_a_sample_tries_many_constants_at_once():
    found = evidence(lambda W, g, s, t, k, h: W - 0.3 * g)
    sample = found.sample
    rule = parse_rule("W = W - constant * g")
    rows = sample.values(rule, {"constant": np.array([[0.1], [0.3]])})
    assert rows.shape == (2, len(sample.answer))
    assert sample.distance(rows[1]) <= 1 < sample.distance(rows[0])


def test_the_widest_tolerance_of_forms_counts():
    (case,) = load_cases(ids=["adam/changing-rate"])
    wide = widest_tolerance(case, ["eps-hat", "amsgrad"], "float32")
    assert (wide >= case.tolerance["float32"]).all()


def test_what_cannot_be_computed_explains_no_nan():
    def function(x, u, dy, *, ratio):
        return x * np.nan, np.where(u > ratio, dy, 0), x * (1 - ratio)

    found = gather_evidence(results(adapter(dropout=function), "dropout", "float64"))
    nothing = np.full(found.answers[found.plain].shape, np.nan)
    assert not found.has_numbers(nothing, found.plain)
    assert not found.has_numbers(found.answers[found.plain], found.plain)
    assert found.has_numbers(found.answers[found.plain], found.plain, ["dx", "test"])
    assert found.has_numbers(found.cases[found.plain].expected, found.plain)
    with np.errstate(all="ignore"):
        assert explain(found).form == ""


def test_nan_for_every_answer_has_no_name():
    found = gather_evidence(
        results(
            adapter(standard_deviation=lambda x: (np.nan,) * 3), "standard_deviation", "float64"
        )
    )
    assert explain(found).form == ""
