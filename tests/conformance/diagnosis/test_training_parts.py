"""A training is taken apart: its network, its update rules, and what a step is given."""

from __future__ import annotations

import types

import numpy as np
import pytest

from trainspec.conformance import check
from trainspec.conformance.arithmetic.float64 import FLOAT64_FUNCTIONS
from trainspec.conformance.arithmetic.run import run_rule
from trainspec.conformance.implementations.python_module import PythonModule
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.rule import parse_rule
from trainspec.optimizers import adagrad, adam, momentum, rmsprop, sgd

RULES = {"sgd": sgd, "momentum": momentum, "adagrad": adagrad, "rmsprop": rmsprop, "adam": adam}
OWN = {
    "sgd": {},
    "momentum": {"momentum": "momentum"},
    "adagrad": {"epsilon": "update_epsilon"},
    "rmsprop": {"rho": "rho", "epsilon": "update_epsilon"},
    "adam": {"beta1": "beta1", "beta2": "beta2", "epsilon": "update_epsilon"},
}
PARAMS = ("W1", "b1", "gamma", "beta", "W2", "b2")


def make_training(*, network="", update=None, mask=None, late=False, moved=False):
    """A training whose network has an edit; `update` changes a rule's step, `mask` picks one.

    With `moved` the layers below see parameters that have moved.
    """
    page = load_page("networks/network")
    rule = page.rule.with_edit(parse_rule(network)) if network else page.rule

    def training(x, targets, u, W1, b1, gamma, beta, W2, b2, *, update_rule, **given):
        params = dict(zip(PARAMS, (W1, b1, gamma, beta, W2, b2)))
        module = RULES[update_rule]
        states = {name: module.init(W) for name, W in params.items()}
        own = {name: given[source] for name, source in OWN[update_rule].items()}
        numbers = {name: given[name] for name in ("epsilon", "ratio", "weight_decay")}
        after = {name: [] for name in ("loss", *PARAMS)}

        def run(now, changed=None):
            ahead = {f"{name}_moved": W for name, W in (changed or params).items()}
            inputs = {"x": x, "targets": targets, "u": now, **params, **ahead}
            return run_rule(page, rule, inputs, numbers, FLOAT64_FUNCTIONS)

        for step, now in enumerate(u):
            shown = u[mask(step)] if mask else now
            passed, before = run(shown), dict(params)
            changed = dict(params)
            for name in ("W2", "b2", "gamma", "beta", "W1", "b1"):
                W = before[name]
                g = (run(shown, changed) if moved else passed)[f"d{name}"]
                made, states[name] = module.step(
                    W, g, states[name], learning_rate=given["learning_rate"], **own
                )
                if update and update_rule in update:
                    made = update[update_rule](W, made)
                changed[name] = made
            params.update(changed)
            loss = run(shown)["loss"] if late else passed["loss"]
            for name, value in {"loss": loss, **params}.items():
                after[name].append(np.asarray(value, dtype=x.dtype))
        return after

    return training


def diagnose(**wrong):
    module = types.ModuleType("wrong")
    module.training = make_training(**wrong)
    checked = check(PythonModule(module, "wrong"), ["training"], types=["float64"])
    (diagnosis,) = checked.diagnoses.values()
    return diagnosis


@pytest.mark.parametrize(
    ("wrong", "form", "text"),
    [
        ({"mask": lambda step: 0}, "training:inputs-of-first-step", "the masks of the first"),
        ({"late": True}, "training:loss-after-step", "the parameters after the step"),
        (
            {"network": "daffine1 = gamma / root * (dnormalised - dbeta / N)"},
            "network:canonical with one change",
            "dnormalised - dbeta / N in place of",
        ),
        (
            {"network": "dW1 = dot(transpose(x), daffine1)"},
            "decay-missing-in-dW1",
            "lacks the penalty",
        ),
        (
            {"update": {"momentum": lambda W, made: W + 2 * (made - W)}},
            "momentum:canonical with one change",
            "in momentum, this is canonical with one change",
        ),
        (
            {
                "network": "db2 = sum(daffine2, 0) / N",
                "update": {"adagrad": lambda W, made: W + 2 * (made - W)},
            },
            "network:canonical with one change, adagrad:canonical with one change",
            "in adagrad, this is canonical with one change",
        ),
    ],
)
def test_the_part_that_is_wrong_is_named(wrong, form, text):
    diagnosis = diagnose(**wrong)
    assert diagnosis.form == form
    assert text in diagnosis.text


def test_parameters_that_move_too_early_are_told():
    network = (
        "ddropped = dot(daffine2, transpose(W2_moved))\n"
        "daffine1 = gamma_moved / root * (dnormalised - dbeta / N - x_hat * dgamma / N)"
    )
    assert diagnose(network=network, moved=True).form == "training:moved-too-early"


def test_clauses_are_those_of_the_lines():
    diagnosis = diagnose(network="loss = -sum(targets * (shifted - log(total))) + penalty")
    assert diagnosis.form.startswith("network:")
    assert "TRAINING-5" in diagnosis.clauses
