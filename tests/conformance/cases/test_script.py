"""Scripts: what they ask, and that they survive the way into another process."""

from __future__ import annotations

import msgspec

from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.cases.script import (
    SAVE,
    START,
    STEP,
    Action,
    Script,
    make_script,
    play_once,
    script_of_run,
)


def test_a_single_run_is_started_and_makes_every_step():
    assert play_once(2, "x") == [Action(START, "x"), Action(STEP, "x", 1), Action(STEP, "x", 2)]


def test_the_script_of_an_update_rule_carries_its_parameters():
    (case,) = load_cases(ids=["adam/changing-rate"])
    script = script_of_run("adam", case.inputs)
    assert (script.carried, script.inputs, script.numbers) == (
        "params",
        ("grads",),
        ("learning_rate",),
    )
    assert [action.step for action in script.actions] == [0, *range(1, case.steps + 1)]


def test_the_script_of_a_sequence_gives_each_step_its_batch():
    (case,) = load_cases(ids=["batch_normalization_running/two-batches"])
    script = script_of_run("batch_normalization_running", case.inputs)
    assert script.inputs == ("x",)
    assert script.carried == ""
    assert len(script.actions) == 1 + case.steps


def test_a_packed_script_is_the_same_when_it_is_unpacked():
    (case,) = load_cases(ids=["adam/changing-rate"])
    actions = [*play_once(2), Action(SAVE, "a"), Action(START, "b", source="a")]
    script = make_script(case.technique, case.inputs, actions, accumulation_steps=2)
    wire = msgspec.msgpack.decode(msgspec.msgpack.encode(script.pack()))
    assert Script.unpack(wire) == script
