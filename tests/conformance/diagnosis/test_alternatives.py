"""Other forms beside the one that was found."""

from __future__ import annotations

from helpers import adapter
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.diagnosis.identify import identify_operations


def _momentum(params, grads, *, learning_rate, momentum):
    W, v, after = list(params), [0 * w for w in params], []
    for g, rate in zip(grads, learning_rate):
        v = [momentum * a - rate * b for a, b in zip(v, g)]
        W = [w + a for w, a in zip(W, v)]
        after.append(list(W))
    return after


def _with_one_rate(params, grads, *, learning_rate, momentum):
    if len(set(learning_rate)) > 1:
        raise NotImplementedError("the learning rate cannot change")
    return _momentum(params, grads, learning_rate=learning_rate, momentum=momentum)


def identify(function):
    cases = load_cases(["optimizers/momentum"])
    (found,) = identify_operations(adapter(momentum=function), cases, "float64")
    return found


def test_forms_that_explain_every_answer_are_named_with_the_case_that_would_tell_them_apart():
    found = identify(_with_one_rate)
    assert found.diagnosis.form == "canonical"
    apart = {like.form: like.case for like in found.alike}
    assert apart["rate-outside-velocity"] == "momentum/changing-rate"
    assert apart["first-learning-rate"] == "momentum/changing-rate"


def test_where_every_case_is_answered_no_other_form_fits():
    found = identify(_momentum)
    assert found.diagnosis.form == "canonical"
    assert not found.alike
    assert found.alternative is not None
