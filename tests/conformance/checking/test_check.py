"""The check: offerings, the smoke test, patience, known failures, recommendations."""

from __future__ import annotations

import time

import numpy as np
import pytest

from helpers import adapter, update_rule
from trainspec.conformance.basics.errors import CaseError
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.cases.result import Outcome
from trainspec.conformance.checking.check import PATIENCE, check_cases, check_one
from trainspec.conformance.implementations.python_module import PythonModule

SGD = load_cases(["sgd"])


def right(W, g, s, t, k, h):
    return W - h.rate * g


def outcomes(found):
    return {r.outcome for r in found}


def test_what_is_not_offered_is_unsupported_once():
    found = list(check_cases(adapter(), SGD))
    assert len(found) == len(SGD)
    assert outcomes(found) == {Outcome.UNSUPPORTED}
    assert {r.kind for r in found} == {""}


def test_types_restrict_what_is_asked():
    found = list(check_cases(adapter(sgd=update_rule(right)), SGD, ["float32"]))
    assert {r.kind for r in found} == {"float32"}


def test_a_form_may_override_what_is_declared():
    implementation = adapter({"sgd": "weight-decay"}, sgd=update_rule(right))
    (case,) = load_cases(ids=["sgd/changing-rate"])
    (declared,) = check_cases(implementation, [case], ["float64"])
    assert declared.outcome is Outcome.WRONG
    (canonical,) = check_cases(implementation, [case], ["float64"], {"sgd": ""})
    assert canonical.outcome is Outcome.PASS


def test_the_rest_is_not_asked_after_some_time_outs():
    calls = []

    def sgd(params, grads, *, learning_rate):
        calls.append(1)
        time.sleep(1)

    implementation = adapter(sgd=sgd)
    implementation.timeout = 0.02
    cases = [case for case in SGD if not case.rejects]
    found = list(check_cases(implementation, cases, ["float64"]))
    assert outcomes(found) == {Outcome.TIMED_OUT}
    assert len(calls) == PATIENCE + 1  # one in the smoke test
    assert "not asked: 3 cases in a row had no answer in time" in found[-1].message


def test_an_answer_must_be_the_same_twice():
    count = iter(range(1000))
    drifting = update_rule(lambda W, g, s, t, k, h: W - h.rate * g + next(count))
    found = list(check_cases(adapter(sgd=drifting), SGD, ["float64"]))
    assert "two different answers" in found[0].message
    assert outcomes(found) == {Outcome.MALFORMED}


def test_what_rejects_everything_does_not_reject_for_a_reason():
    def sgd(params, grads, *, learning_rate):
        raise ValueError("no")

    found = list(check_cases(adapter(sgd=sgd), SGD, ["float64"]))
    bad = [r for r in found if r.case.rejects]
    assert outcomes(bad) == {Outcome.ADVICE}
    assert all("valid requests are rejected as well" in r.message for r in bad)


@pytest.mark.parametrize("name", ["sgd/changing-rate in float64", "sgd/changing-rate"])
def test_a_known_failure_does_not_count_and_a_stale_one_does(name):
    (case,) = load_cases(ids=["sgd/changing-rate"])
    wrong = adapter(sgd=update_rule(lambda W, g, s, t, k, h: W + g))
    found = check_one(wrong, case, "float64", {name: "because"})
    assert (found.outcome, found.message) == (Outcome.KNOWN_FAILURE, "because")
    kinds = ["float64", "float32", "float16", "bfloat16"]
    stale = list(check_cases(adapter(sgd=update_rule(right)), [case], kinds, known={name: "x"}))
    assert [r.outcome for r in stale].count(Outcome.STALE) == 1


def test_a_clause_that_only_recommends_is_advice():
    found = list(check_cases(adapter(sgd=update_rule(right)), SGD, ["float64"]))
    assert {r.case.id for r in found if r.outcome is Outcome.ADVICE} == {
        case.id for case in SGD if case.rejects
    }


def test_a_further_form_is_checked_as_what_it_is():
    def decayed(W, g, s, t, k, h):
        return W - h.rate * (g + h.weight_decay * W)

    module = adapter(sgd=update_rule(right)).module
    module.forms = {"sgd:weight-decay": update_rule(decayed)}
    implementation = PythonModule(module, "mine")
    found = list(check_cases(implementation, load_cases(["sgd"], ["core"]), ["float64"]))
    assert {str(r.case.offering) for r in found} == {"sgd", "sgd:weight-decay"}
    assert outcomes(found) == {Outcome.PASS}


def test_a_form_that_does_not_exist_is_refused():
    with pytest.raises(CaseError, match="no variant 'decayed'"):
        list(check_cases(adapter(sgd=np.copy), SGD, forms={"sgd": "decayed"}))
