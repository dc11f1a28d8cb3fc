"""Items of pytest: one for each case and type, with a reason in the summary."""

from __future__ import annotations

from command_line import ADAM
from helpers import adapter, results, update_rule
from trainspec.conformance.cases.result import Outcome
from trainspec.conformance.reporting.pytest_items import (
    DiagnosisCache,
    FailureText,
    describe_result,
)

pytest_plugins = ["pytester"]


def failing(kernel):
    found = results(adapter(sgd=update_rule(kernel)), "sgd", "float64")
    return [r for r in found if r.outcome is Outcome.WRONG and r.divergence]


def test_a_diagnosis_is_made_once_and_used_again():
    cache = DiagnosisCache()
    first, *rest = failing(lambda W, g, s, t, k, h: W + h.rate * g)
    diagnosis = cache.diagnose(first)
    assert diagnosis.form == "ascent"
    assert all(
        cache.diagnose(result) is diagnosis for result in rest if result.case.level == "core"
    )


def test_a_failure_has_a_reason_of_one_line():
    (first, *_) = failing(lambda W, g, s, t, k, h: W + h.rate * g)
    text = FailureText(first, DiagnosisCache().diagnose(first))
    assert text.reprcrash.message == describe_result(first) + " (ascent)"
    assert "\n" not in text.reprcrash.message
    assert "reproduce with" in str(text)


def test_the_summary_says_why(pytester, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    pytester.makefile(".py", mine=ADAM)
    result = pytester.runpytest(
        "--trainspec", "mine.py", "--trainspec-dtype", "float64", "-k", "changing-rate"
    )
    result.stdout.fnmatch_lines(
        ["FAILED *adam/changing-rate?float64? - wrong: step 2, tensor 0*(betas-swapped)"]
    )
