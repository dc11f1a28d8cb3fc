"""Errors of a user's: all have one base, which the command line turns into a line."""

from __future__ import annotations

import pytest

from trainspec.conformance.basics.errors import CaseError, NoAnswerError, UserError
from trainspec.conformance.cases.result import CallError, Outcome
from trainspec.conformance.implementations.implementation import AdapterError
from trainspec.conformance.pages.parts import PageError
from trainspec.conformance.pages.rule import RuleError


@pytest.mark.parametrize("kind", [CaseError, AdapterError, PageError, RuleError])
def test_what_a_user_can_cause_has_one_base(kind):
    assert issubclass(kind, UserError)
    assert issubclass(kind, ValueError)


def test_a_call_without_an_answer_says_in_which_way():
    error = CallError(Outcome.TIMED_OUT, "no answer within 1 s")
    assert isinstance(error, NoAnswerError)
    assert error.reason == "timed out"
    assert str(error) == "no answer within 1 s"
