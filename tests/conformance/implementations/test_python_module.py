"""Python adapters: functions, further forms, what they raise, and the time that they have."""

from __future__ import annotations

import types

import pytest

from helpers import adapter
from trainspec.conformance.basics.names import Offering
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.cases.result import CallError, Outcome
from trainspec.conformance.implementations.implementation import AdapterError
from trainspec.conformance.implementations.python_module import (
    PythonModule,
    describe_error,
)

(CASE,) = load_cases(ids=["sgd/few-digits"])


def raising(error):
    def sgd(params, grads, *, learning_rate):
        raise error

    return adapter(sgd=sgd)


@pytest.mark.parametrize(
    ("error", "outcome", "message"),
    [
        (NotImplementedError("no kernel"), Outcome.UNSUPPORTED, "no kernel"),
        (ValueError("bad rate"), Outcome.REJECTED, "ValueError: bad rate"),
        (TypeError("bad type"), Outcome.REJECTED, "TypeError: bad type"),
        (RuntimeError("boom\nmore"), Outcome.CRASHED, "RuntimeError: boom"),
        (SystemExit(0), Outcome.CRASHED, "SystemExit: 0"),
    ],
)
def test_what_is_raised_decides_the_outcome(error, outcome, message):
    with pytest.raises(CallError) as caught:
        raising(error).call(CASE, "float64")
    assert caught.value.outcome is outcome
    assert str(caught.value) == message


def test_ctrl_c_is_not_the_adapter_s():
    with pytest.raises(KeyboardInterrupt):
        raising(KeyboardInterrupt()).call(CASE, "float64")


def test_an_error_that_cannot_be_printed_is_named():
    class OddError(Exception):
        def __str__(self):
            raise RuntimeError

    assert describe_error(OddError()) == "OddError"


def test_further_forms_and_arguments():
    module = types.ModuleType("mine")
    module.adam = lambda params, grads, *, learning_rate, weight_decay=0.0: None
    module.forms = {"adam:amsgrad": lambda *inputs, epsilon: None}
    of = PythonModule(module, "mine")
    assert of.forms == ("adam:amsgrad",)
    assert "weight_decay" in of.accepts(Offering("adam"))
    assert of.accepts(Offering("adam", "amsgrad")) == {"epsilon"}
    assert of.offers("adam")
    assert not of.offers("sgd")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("variants", ["a"], "variants = .* must be a dict of strings"),
        ("known_failures", 3, "known_failures = 3 must be a dict of strings"),
        ("forms", {"adam:amsgrad": 1}, "must be a dict of functions"),
        ("types", "float64", "must be a list of some of float64"),
    ],
)
def test_a_wrong_attribute_is_named(name, value, message):
    module = types.ModuleType("mine")
    setattr(module, name, value)
    with pytest.raises(AdapterError, match=message):
        PythonModule(module, "mine")
