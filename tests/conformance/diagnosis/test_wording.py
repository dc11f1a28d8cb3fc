"""Forms in words."""

from __future__ import annotations

import pytest

from trainspec.conformance.diagnosis.wording import describe_form
from trainspec.conformance.pages.forms import Form, compose_rule
from trainspec.conformance.pages.load import load_page

ADAM = load_page("optimizers/adam")


@pytest.mark.parametrize(
    ("edits", "start"),
    [
        ((), "this is the canonical form"),
        (("eps-hat",), "this is the published variant eps-hat: step = m_hat / (sqrt(v_hat)"),
        (("ascent",), "this is the known error ascent (the step has the wrong sign): W = W +"),
        (("beta1-complement",), "a hyperparameter is meant the other way round: beta1 = 1 - beta1"),
        (("eps-hat", "amsgrad"), "two changes together: this is the published variant eps-hat"),
        (
            ("eps-hat", "amsgrad", "decoupled-decay"),
            "the published variants eps-hat, amsgrad, decoupled-decay together",
        ),
    ],
)
def test_a_form_is_described(edits, start):
    form = Form(edits, compose_rule(ADAM.technique, edits))
    assert describe_form(ADAM, form).startswith(start)


def test_constants_come_last():
    form = Form((), ADAM.rule, {"epsilon": 1.0}, words=("epsilon is taken as 1.0",))
    assert describe_form(ADAM, form) == "epsilon is taken as 1.0"
