"""The steps of a training as cases of its network and of its update rule."""

from __future__ import annotations

import numpy as np
import pytest

from helpers import adapter, results
from trainspec.conformance.basics.paths import technique_of
from trainspec.conformance.checking.distance import measure_distance
from trainspec.conformance.diagnosis.evidence import gather_evidence
from trainspec.conformance.diagnosis.training_runs import (
    READINGS,
    find_network,
    list_moved,
    list_runs,
    read_moved,
)
from trainspec.conformance.pages.load import load_page
from trainspec.networks.training import training

PAGE = load_page("networks/training")
NETWORK = load_page("networks/network")


@pytest.fixture(scope="module")
def runs():
    found = results(adapter(training=training), "training", "float64")
    return list(list_runs(gather_evidence(found)))


def test_every_update_rule_has_a_run(runs):
    assert {run.rule for run in runs} == {"sgd", "momentum", "adagrad", "rmsprop", "adam"}
    assert find_network(PAGE) == "networks/network"


def test_right_steps_are_right_answers(runs):
    for run in runs:
        assert run.has_losses(NETWORK.rule, READINGS[0])
        case, answer = run.update_steps(
            load_page(technique_of(run.rule)), NETWORK.rule, READINGS[0]
        )
        allowed = case.tolerance["float64"]
        assert measure_distance(answer, case.expected, case.expected, allowed, "float64") <= 1


def test_steps_of_sgd_show_the_gradients(runs):
    sgd = next(run for run in runs if run.rule == "sgd")
    for case, answer in sgd.network_steps(NETWORK):
        allowed = case.tolerance["float64"]
        assert list(case.outputs) == ["loss", "dW2", "db2", "dgamma", "dbeta", "dW1", "db1"]
        assert measure_distance(answer, case.expected, case.expected, allowed, "float64") <= 1


def test_another_reading_has_other_losses(runs):
    for reading in READINGS[1:]:
        assert not all(run.has_losses(NETWORK.rule, reading) for run in runs)


def test_what_has_moved_is_read_by_the_layers_below(runs):
    every, *single = [reading for reading in list_moved(PAGE) if reading.moved]
    assert every.moved == PAGE.trained
    assert [reading.moved for reading in single] == [(name,) for name in PAGE.trained]
    lines = {line.name: str(line) for line in read_moved(NETWORK, PAGE, ("W2",)).body}
    assert lines["ddropped"] == "ddropped = dot(daffine2, transpose(W2_moved))"
    assert "W2_moved" not in lines["dW2"]
    assert read_moved(NETWORK, PAGE, ()) is NETWORK.rule
    plain, moved = (
        runs[0].run_network(read_moved(NETWORK, PAGE, names), 0, 0) for names in ((), ("W2",))
    )
    assert np.array_equal(plain["dW2"], moved["dW2"])
    assert not np.array_equal(plain["dW1"], moved["dW1"])


def test_gradients_may_be_computed_anew_after_every_parameter(runs):
    run = next(run for run in runs if run.rule == "sgd")
    forward, _ = [reading for reading in list_moved(PAGE) if reading.one_by_one]
    assert forward.one_by_one == PAGE.trained
    network = NETWORK.rule
    together, _ = run.update_steps(load_page("optimizers/sgd"), network, READINGS[0])
    one_by_one, _ = run.update_steps(load_page("optimizers/sgd"), network, forward)
    first, second = (case.inputs["grads"][0] for case in (together, one_by_one))
    assert np.array_equal(first[0]["data"], second[0]["data"])
    assert not np.array_equal(first[-1]["data"], second[-1]["data"])
