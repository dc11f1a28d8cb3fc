"""Comparisons: main forms, further forms under any name, hyperparameters that both accept."""

from __future__ import annotations

import types

import pytest

from helpers import adapter, update_rule
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.diagnosis.compare import compare_implementations, comparison_data
from trainspec.conformance.implementations.python_module import PythonModule


def plain(W, g, s, t, k, h):
    return W - h.rate * g


def decayed(W, g, s, t, k, h):
    return W - h.rate * (g + h.weight_decay * W)


def accepting(kernel):
    """An SGD that names the decay among its arguments."""
    run = update_rule(kernel)

    def sgd(params, grads, *, learning_rate, weight_decay=0.0):
        return run(params, grads, learning_rate=learning_rate, weight_decay=weight_decay)

    return sgd


def offering(**functions):
    module = types.ModuleType("mine")
    forms = {k.replace("__", ":").replace("_", "-"): f for k, f in functions.items() if "__" in k}
    module.__dict__.update({k: f for k, f in functions.items() if "__" not in k}, forms=forms)
    return PythonModule(module, "mine")


def compare(one, other, operation="sgd"):
    return list(compare_implementations(one, other, load_cases([operation]), "float64"))


def test_two_that_agree_agree():
    (found,) = compare(adapter(sgd=update_rule(plain)), adapter(sgd=update_rule(plain)))
    assert found.agree
    assert found.difference is None


def test_a_decay_that_is_dead_is_seen_where_both_accept_one():
    one, other = adapter(sgd=accepting(decayed)), adapter(sgd=accepting(plain))
    without, with_decay = compare(one, other)
    # A decay of 0 still makes NaN of an infinite parameter.
    assert without.agreeing == without.cases - 1
    assert without.difference.case == "sgd/infinite-gradient"
    assert with_decay.passed == {"weight_decay": 0.125}
    assert not with_decay.agree


def test_further_forms_are_compared_with_their_namesakes():
    one = offering(sgd=update_rule(plain), sgd__weight_decay=update_rule(decayed))
    other = offering(sgd=update_rule(plain), sgd__weight_decay=update_rule(decayed))
    assert [str(c.offering) for c in compare(one, other)] == ["sgd", "sgd:weight-decay"]
    assert all(c.agree for c in compare(one, other))


def test_a_main_form_is_compared_with_the_same_form_under_another_name():
    """AdamW under its own name, and AdamW as a further form, are one thing."""
    one = adapter({"sgd": "weight-decay"}, sgd=update_rule(decayed))
    other = offering(sgd=update_rule(plain), sgd__weight_decay=update_rule(decayed))
    main, same = compare(one, other)
    assert not main.agree
    assert str(same.offering) == "sgd:weight-decay"
    assert same.agree


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["decoupled-decay", "amsgrad", "epsilon-in-root"])
def test_every_declared_form_can_be_compared(variant):
    """Some cases lack a form in a type: that is no reason to fail."""
    run = update_rule(lambda W, g, s, t, k, h: W - h.rate * g)
    one, other = adapter({"adam": variant}, adam=run), adapter(adam=run)
    for found in compare(one, other, "adam"):
        data = comparison_data(found)
        assert data["type"] == "float64"
        assert data["cases"] > 0


def test_what_only_one_offers_is_said():
    (found,) = compare(adapter(sgd=update_rule(plain)), adapter())
    assert found.reason == "only adapter offers it"
    assert not found.agree
