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
