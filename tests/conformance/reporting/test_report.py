"""The report: exit statuses, broken clauses, what the rule has where an answer departs."""

from __future__ import annotations

import pytest

from helpers import adapter, results, update_rule
from trainspec.conformance.basics.names import Offering
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.cases.result import Outcome, Result
from trainspec.conformance.reporting.report import (
    choose_exit_status,
    compute_intermediates,
    diagnose_results,
    find_broken_clauses,
)

(CASE,) = load_cases(ids=["sgd/changing-rate"])


@pytest.mark.parametrize(
    ("outcomes", "strict", "status"),
    [
        ([Outcome.PASS], False, 0),
        ([Outcome.PASS, Outcome.KNOWN_FAILURE, Outcome.ADVICE], False, 0),
        ([Outcome.PASS, Outcome.ADVICE], True, 1),
        ([Outcome.PASS, Outcome.WRONG], False, 1),
        ([Outcome.STALE], False, 1),
        ([Outcome.WRONG, Outcome.CRASHED], False, 3),
        ([Outcome.TIMED_OUT], False, 3),
        ([Outcome.MALFORMED], False, 3),
        ([Outcome.UNSUPPORTED], False, 4),
        ([], False, 4),
    ],
)
def test_the_exit_status_is_a_class(outcomes, strict, status):
    assert choose_exit_status([Result(CASE, "float64", o) for o in outcomes], strict) == status


def adam(step):
    def kernel(W, g, s, t, k, h):
        s["m"] = h.beta1 * s.get("m", 0 * W) + (1 - h.beta1) * g
        s["v"] = h.beta2 * s.get("v", 0 * W) + (1 - h.beta2) * g * g
        return W - h.rate * step(s["m"], s["v"], t, h)

    return results(adapter(adam=update_rule(kernel)), "adam", "float64")


def test_the_clause_that_is_broken_is_the_one_that_is_named():
    """Epsilon before the correction breaks ADAM-4, whichever case fails first."""
    found = adam(
        lambda m, v, t, h: m / (1 - h.beta1**t) / (((v / (1 - h.beta2**t)) + h.epsilon) ** 0.5)
    )
    diagnosis = diagnose_results(found)[Offering("adam")]
    assert diagnosis.form == "epsilon-in-root"
    failing = next(r for r in found if r.outcome is Outcome.WRONG)
    assert find_broken_clauses(failing, diagnosis) == ("ADAM-4",)
    assert find_broken_clauses(failing, None) == failing.case.clauses


def test_the_rule_s_values_are_shown_where_an_answer_departs():
    found = adam(lambda m, v, t, h: m / (v**0.5 + h.epsilon))
    failing = next(r for r in found if r.case.id == "adam/first-step")
    values = compute_intermediates(failing)
    assert list(values) == ["m", "v", "m_hat", "v_hat", "step", "W"]
    assert values["W"] == pytest.approx(failing.divergence.expected, rel=1e-12)


def test_there_is_nothing_to_show_for_a_function():
    found = results(adapter(sigmoid=lambda x, dy: {"y": x, "dx": dy}), "sigmoid", "float64")
    failing = next(r for r in found if r.divergence is not None)
    assert compute_intermediates(failing) == {}
