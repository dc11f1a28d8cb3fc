"""Outcomes: which fail, and which are the adapter's fault."""

from __future__ import annotations

from trainspec.conformance.basics.names import Subject
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.cases.result import Outcome, Result


def test_outcomes_are_kept_apart():
    breaking = {o for o in Outcome if o.breaks}
    assert breaking == {Outcome.CRASHED, Outcome.TIMED_OUT, Outcome.MALFORMED}
    failing = {o for o in Outcome if o.fails}
    assert failing == breaking | {Outcome.WRONG, Outcome.REJECTED, Outcome.STALE}


def test_a_result_is_about_what_its_case_is_about():
    (case,) = load_cases(ids=["sgd/changing-rate"])
    assert Result(case, "float64", Outcome.PASS).subject is Subject.CASE
