"""What a trace is of: the form that made it is among those that are named."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from traces import RULES, USUAL, record
from trainspec.conformance.basics.paths import technique_of
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.traces.explain import explain_trace
from trainspec.conformance.traces.explanation import find_separator

FORMS = [(load_page(t).name, form) for t in RULES for form in ("", *load_page(t).variants)]


def names(found):
    return [e.form for e in found.explanations if e.whole]


def title(operation, form):
    return f"{operation}:{form}" if form else operation


@pytest.mark.slow
@pytest.mark.parametrize(("operation", "form"), FORMS)
def test_every_form_is_among_those_that_explain_its_run(operation, form):
    kind = "float32" if len(form) % 2 else "float64"
    known = [*USUAL[operation], "learning_rate", "weight_decay"]
    found = explain_trace(record(operation, form, kind, 5, known=known), RULES)
    assert title(operation, form) in names(found)


def test_constants_and_the_rate_are_inferred():
    found = explain_trace(record("adam", steps=4), RULES)
    assert names(found) == ["adam"]
    (adam,) = found.explanations
    assert adam.solution.constants == USUAL["adam"]
    assert adam.rates == "0.01"
    assert adam.solution.open == ()
    assert adam.judged == 120
    assert found.known


def test_what_the_trace_cannot_tell_is_said_to_be_open():
    found = explain_trace(record("adam", kind="float32", steps=3), ["optimizers/adam"])
    adam = next(e for e in found.explanations if e.form == "adam")
    assert "epsilon" in adam.solution.open
    assert len(names(found)) > 1  # where ε stands does not show either
    assert "adam/" in find_separator(*found.explanations[:2])


def test_a_schedule_is_inferred_where_one_rate_does_not_do():
    rates = [0.1 * 0.5**t for t in range(6)]
    found = explain_trace(record("sgd", steps=6, rates=rates), ["optimizers/sgd"])
    (sgd,) = (e for e in found.explanations if e.form == "sgd")
    assert sgd.rates == "0.1, then 0.5 times the last one at every step"


def test_a_known_mistake_is_named_where_no_published_form_fits():
    known = [*USUAL["adam"], "learning_rate"]
    trace = record("adam", "betas-swapped", steps=6, known=known)
    found = explain_trace(trace, ["optimizers/adam"])
    assert names(found) == ["adam:betas-swapped"]
    assert not found.known


def test_a_run_that_no_form_explains_has_no_name():
    trace = record("sgd", steps=5)
    noise = 1e-3 * np.random.default_rng(1).standard_normal(trace.params.shape)
    found = explain_trace(replace(trace, params=trace.params + noise), RULES)
    assert names(found) == []
    assert not found.known


def test_a_run_may_begin_in_the_middle_with_its_state():
    whole = record("momentum", steps=8, known=["momentum", "learning_rate"])
    v = np.zeros(whole.size)
    for g in whole.grads[:3]:
        v = 0.9 * v - 0.01 * g
    middle = replace(
        whole, params=whole.params[3:], grads=whole.grads[3:], rates=whole.rates[3:], first_step=4,
        state={"v": v},
    )  # fmt: skip
    assert "momentum" in names(explain_trace(middle, RULES))


def cut(trace, first):
    """The trace from a step on, without the state before it."""
    rates = trace.rates and trace.rates[first - 1 :]
    return replace(
        trace, params=trace.params[first - 1 :], grads=trace.grads[first - 1 :], rates=rates,
        first_step=first,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("operation", "form"),
    [
        ("momentum", ""),
        ("momentum", "nesterov"),
        ("adagrad", ""),
        ("rmsprop", ""),
        ("rmsprop", "centred"),  # the root of a difference, which a guess may make negative
        ("adam", ""),
    ],
)
def test_a_state_that_was_not_recorded_is_inferred(operation, form, monkeypatch):
    monkeypatch.setattr("trainspec.conformance.traces.explain.MOST_EDITS", 1)
    known = ["learning_rate", "momentum", "rho", "epsilon", "beta1", "beta2"]
    trace = cut(record(operation, form, steps=9, known=known), 4)
    found = explain_trace(trace, [technique_of(operation)])
    assert f"{operation}:{form}".rstrip(":") in names(found)
    assert "a state that fits is inferred" in found.notes[0]
    assert not explain_trace(trace, ["optimizers/sgd"]).known


def test_constants_are_inferred_together_with_the_state(monkeypatch):
    monkeypatch.setattr("trainspec.conformance.traces.explain.MOST_EDITS", 0)
    found = explain_trace(cut(record("rmsprop", steps=9), 4), ["optimizers/rmsprop"])
    (plain,) = [e for e in found.explanations if e.form == "rmsprop"]
    assert plain.solution.constants == {"rho": 0.99, "epsilon": 1e-8}
    assert plain.rates == "0.01"


def test_steps_that_any_state_explains_are_not_judged():
    trace = cut(record("adam", steps=5, known=["learning_rate"]), 4)
    found = explain_trace(trace, ["optimizers/adam"])
    assert not names(found)
    assert "adam was not tried: 2 steps do not tell it" in found.notes[-1]


@pytest.mark.slow
@pytest.mark.parametrize("steps", [3, 20])
@pytest.mark.parametrize(
    ("operation", "form"),
    [
        ("sgd", ""),
        ("momentum", ""),
        ("momentum", "nesterov"),
        ("adagrad", ""),
        ("rmsprop", ""),
        ("rmsprop", "centred"),
        ("adam", ""),
        ("adam", "eps-hat"),
    ],
)
def test_a_coarse_run_of_which_nothing_is_known_has_its_form_among_those_named(
    operation, form, steps
):
    found = explain_trace(record(operation, form, "bfloat16", steps), [technique_of(operation)])
    assert title(operation, form) in names(found)


def test_a_constant_that_the_sample_does_not_show_is_found_in_the_whole_trace():
    found = explain_trace(record("adagrad", "coupled-decay", "bfloat16", 3), ["optimizers/adagrad"])
    assert "adagrad:coupled-decay" in names(found)
    assert "adagrad" not in names(found)


def test_a_coarse_type_is_said_to_be_coarse():
    found = explain_trace(record("sgd", kind="bfloat16", steps=3), ["optimizers/sgd"])
    assert "sgd" in names(found)
    assert "many rules look alike" in found.notes[0]


def test_a_run_that_diverged_is_judged_up_to_there():
    trace = record("sgd", steps=5, known=["learning_rate"])
    params = trace.params.copy()
    params[4:] = np.nan
    found = explain_trace(replace(trace, params=params), ["optimizers/sgd"])
    assert "sgd" in names(found)
    assert "from step 4 on no number is finite: the 3 steps before it are judged" in found.notes
    lost = explain_trace(replace(trace, params=np.full_like(params, np.nan)), RULES)
    assert not names(lost)
