"""Running a rule: update rules, functions, sequences and training."""

from __future__ import annotations

import numpy as np
import pytest

from trainspec.conformance.arithmetic.float64 import FLOAT64_FUNCTIONS
from trainspec.conformance.arithmetic.run import run_rule
from trainspec.conformance.basics.paths import list_techniques
from trainspec.conformance.basics.tensors import map_tensors, to_array
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.parts import SEQUENCE, TRAINING, UPDATE_RULE
from trainspec.conformance.pages.rule import parse_rule

MOMENTUM = load_page("optimizers/momentum")
GIVEN = {"learning_rate": [0.5, 0.5], "momentum": 0.5}


def two_tensors():
    params = [np.array([1.0]), np.array([1.0])]
    return {"params": params, "grads": [[np.array([1.0]), np.array([0.0])]] * 2}


def test_every_tensor_has_a_state_of_its_own():
    out = run_rule(MOMENTUM, MOMENTUM.rule, two_tensors(), GIVEN, FLOAT64_FUNCTIONS)
    assert [[float(W[0]) for W in step] for step in out["params"]] == [[0.5, 1.0], [-0.25, 1.0]]


def test_the_watcher_sees_every_step_and_tensor():
    seen = []
    inputs = two_tensors()
    run_rule(
        MOMENTUM,
        MOMENTUM.rule,
        inputs,
        GIVEN,
        FLOAT64_FUNCTIONS,
        lambda position, names: seen.append((position, float(names["v"][0]))),
    )
    assert seen == [((0, 0), -0.5), ((0, 1), 0.0), ((1, 0), -0.75), ((1, 1), 0.0)]
    assert inputs["params"][0][0] == 1.0  # nothing is changed in place


@pytest.mark.parametrize("technique", list_techniques())
def test_a_page_s_kind_decides_what_is_returned(technique):
    page = load_page(technique)
    case = load_cases([technique], ["core"])[0]
    inputs = map_tensors(lambda t: to_array(t, np.float64), case.inputs)
    out = run_rule(page, page.rule, inputs, case.numbers(), FLOAT64_FUNCTIONS)
    assert list(out) == list(page.outputs)
    stepped = page.kind in (UPDATE_RULE, SEQUENCE, TRAINING)
    assert (case.steps is not None) == stepped
    if stepped:
        assert {len(value) for value in out.values()} == {case.steps}


def test_layers_go_up_and_come_down():
    """Each layer reads its own entries and what it assigned before; carried names are the last."""
    rule = parse_rule(
        "a = 1 * x\n"
        "for layer in up:\n    below = 1 * a\n    a = below * w\n"
        "d = 1 * a\n"
        "for layer in down:\n    dw = d * below\n    d = d * w\n"
    )
    page = load_page.__wrapped__("networks/multilayer")  # one of its own, to be changed
    page.rule, page.outputs = rule, ("a", "dw", "d")
    inputs = {"x": np.array(1.0), "w": [np.array(2.0), np.array(3.0), np.array(5.0)]}
    seen = []
    out = run_rule(
        page, rule, inputs, {}, FLOAT64_FUNCTIONS, lambda place, names: seen.append(place)
    )
    assert [float(a) for a in out["a"]] == [2.0, 6.0, 30.0]
    assert [float(a) for a in out["dw"]] == [30.0 * 15 * 1, 30.0 * 5 * 2, 30.0 * 6]
    assert [float(d) for d in out["d"]] == [900.0, 450.0, 150.0]
    assert seen == [(0,)]
    empty = run_rule(page, rule, {"x": np.array(1.0), "w": []}, {}, FLOAT64_FUNCTIONS)
    assert empty == {"a": [], "dw": [], "d": []}
