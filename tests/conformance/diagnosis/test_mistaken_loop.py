"""An update rule over steps and tensors, with a mistake around it and without."""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.diagnosis.mistaken_loop import StateMistake, run_mistake
from trainspec.conformance.diagnosis.state_mistakes import STATE_BY_SHAPE
from trainspec.conformance.pages.load import load_page


def test_without_a_mistake_the_rule_is_run():
    none = StateMistake("none", "nothing is wrong")
    for case in load_cases(["adam"], ["core"]):
        values = run_mistake(none, case, load_page(case.technique).rule)
        assert (np.abs(values - case.expected) <= case.tolerance["float64"]).all()


def test_a_state_can_be_shared_by_tensors_of_one_shape():
    page = load_page("optimizers/momentum")
    one, zero = {"shape": [1], "data": [1.0]}, {"shape": [1], "data": [0.0]}
    case = replace(
        load_cases(["momentum"])[0],
        inputs={"params": [one, one], "grads": [[one, zero]] * 2},
        hyperparameters={"learning_rate": [0.5, 0.5], "momentum": 0.5},
    )
    after = run_mistake(STATE_BY_SHAPE, case, page.rule)
    assert after[1] == 0.75  # the second tensor after the first step


def test_a_step_can_read_the_state_of_another_tensor_that_it_does_not_change():
    page = load_page("optimizers/adagrad")
    first, second = {"shape": [2], "data": [3.0, 4.0]}, {"shape": [1], "data": [1.0]}
    case = replace(
        load_cases(["adagrad"])[0],
        inputs={"params": [first, second], "grads": [[first, second]] * 2},
        hyperparameters={"learning_rate": [1.0, 1.0], "epsilon": 0.0},
    )
    reads_first = StateMistake("reads-first", "", reader=lambda now: 0 if now.k else -1)
    after = run_mistake(reads_first, case, page.rule)
    assert after[0] == 2.0  # the first tensor is right
    assert after[2] == 1 - 1 / 3  # the second one divides by the root of the first one's sum, 9
    assert after[5] == after[2] - 1 / np.sqrt(18)  # which is not changed in between
