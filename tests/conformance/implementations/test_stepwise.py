"""Running scripts: in which order a driver is called, and with what."""

from __future__ import annotations

import numpy as np
import pytest

from trainspec.conformance.cases.result import CallError, Outcome
from trainspec.conformance.cases.script import RESTORE, SAVE, START, STEP, Action, Script
from trainspec.conformance.implementations.stepwise import run_script

INPUTS = {"params": [np.array([1.0])], "grads": [[np.array([2.0])], [np.array([4.0])]]}
NUMBERS = {"learning_rate": [0.5, 0.25], "momentum": 0.9}


class Recorder:
    """A driver that subtracts gradients and notes what it is asked."""

    def __init__(self, answer=None):
        self.calls, self.runs, self.answer = [], {}, answer

    def start(self, run, inputs, numbers):
        self.calls.append(("start", run, inputs["params"][0].item(), dict(numbers)))
        self.runs[run] = inputs["params"]

    def step(self, run, inputs, numbers):
        self.calls.append(("step", run, inputs["grads"][0].item(), dict(numbers)))
        self.runs[run] = [w - g for w, g in zip(self.runs[run], inputs["grads"])]
        return self.runs[run] if self.answer is None else self.answer

    def save(self, run):
        self.calls.append(("save", run))
        return f"state of {run}"

    def restore(self, run, state):
        self.calls.append(("restore", run, state))

    def end(self, run):
        self.calls.append(("end", run))


def script(*actions, outputs=("params",), **more):
    return Script(actions, outputs, ("grads",), ("learning_rate",), "params", more)


def test_the_start_has_the_first_rate_and_every_step_its_own():
    driver = Recorder()
    asked = script(Action(START, "a"), Action(STEP, "a", 1), Action(STEP, "a", 2), extra=3)
    answer = run_script(asked, INPUTS, NUMBERS, driver)
    assert driver.calls == [
        ("start", "a", 1.0, {"learning_rate": 0.5, "momentum": 0.9, "extra": 3}),
        ("step", "a", 2.0, {"learning_rate": 0.5}),
        ("step", "a", 4.0, {"learning_rate": 0.25}),
        ("end", "a"),
    ]
    assert [params[0].item() for params in answer["params"]] == [-1.0, -5.0]


def test_a_restored_run_starts_with_the_parameters_that_were_saved():
    driver = Recorder()
    asked = script(
        Action(START, "a"),
        Action(STEP, "a", 1),
        Action(SAVE, "a"),
        Action(STEP, "a", 2),
        Action(START, "b", source="a"),
        Action(RESTORE, "b", source="a"),
    )
    run_script(asked, INPUTS, NUMBERS, driver)
    assert ("start", "b", -1.0, NUMBERS | {"learning_rate": 0.5}) in driver.calls
    assert ("restore", "b", "state of a") in driver.calls


def test_a_scaled_step_is_given_that_part_of_the_gradient():
    driver = Recorder()
    run_script(script(Action(START, "a"), Action(STEP, "a", 2, 0.5)), INPUTS, NUMBERS, driver)
    assert driver.calls[1][2] == 2.0


def test_what_a_step_returns_is_kept_from_being_changed_by_the_next():
    class InPlace(Recorder):
        def step(self, run, inputs, numbers):
            self.runs[run][0] -= inputs["grads"][0]
            return self.runs[run]

    given = {**INPUTS, "params": [np.array([1.0])]}
    asked = script(Action(START, "a"), Action(STEP, "a", 1), Action(STEP, "a", 2))
    answer = run_script(asked, given, NUMBERS, InPlace())
    assert [params[0].item() for params in answer["params"]] == [-1.0, -5.0]


@pytest.mark.parametrize(
    ("answer", "outputs", "message"),
    [
        ({"other": 1}, ("params",), "a step returned no 'params'"),
        (
            (1, 2, 3),
            ("one", "two"),
            "a step must return one, two as a dict or a tuple, got a tuple of 3",
        ),
    ],
)
def test_what_cannot_be_named_is_malformed(answer, outputs, message):
    asked = script(Action(START, "a"), Action(STEP, "a", 1), outputs=outputs)
    with pytest.raises(CallError, match=message) as caught:
        run_script(asked, INPUTS, NUMBERS, Recorder(answer))
    assert caught.value.outcome is Outcome.MALFORMED
