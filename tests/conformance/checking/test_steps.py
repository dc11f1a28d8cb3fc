"""Step by step: a right Adam passes, and each way to lose its state is found where it is."""

from __future__ import annotations

import re
import sys

import pytest

from command_line import run
from helpers import adapter
from stepwise_adam import SOURCE, ask, changed, make
from trainspec.conformance.basics.names import Subject
from trainspec.conformance.cases.result import Outcome
from trainspec.conformance.checking.steps import OWN_COUNT
from trainspec.conformance.implementations.target import load_implementation

#: The cases that are saved in the middle and restored.
SAVED = {"steps-saved", "steps-saved-with-all-digits", "steps-missing-gradients-saved"}


def failing(source):
    return {r.case.name: r for r in ask(make(source)) if r.outcome.fails}


def test_a_right_adam_passes_every_step():
    found = ask(make(SOURCE), kinds=("float64", "float32"))
    assert {r.outcome for r in found} == {Outcome.PASS}
    names = {r.case.name for r in found}
    assert {"steps-changing-rate", "steps-saved", "steps-two-at-once"} <= names
    assert {"steps-accumulated", "steps-missing-gradients"} <= names
    assert {r.kind for r in found} == {"float64", "float32"}
    assert all(r.case.subject is Subject.STEPS for r in found)


def test_a_save_that_forgets_the_count_is_found():
    found = failing(changed("copy.deepcopy((self.m, self.v, self.t))", "(self.m, self.v, 0)"))
    assert set(found) == SAVED
    assert found["steps-saved"].case.clauses == ("ADAM-17",)
    assert re.fullmatch(r"request \d+ is step \d of run 'b'", found["steps-saved"].message)


def test_a_save_that_goes_on_changing_is_found():
    assert (
        set(failing(changed("copy.deepcopy((self.m, self.v, self.t))", "(self.m, self.v, self.t)")))
        == SAVED
    )


def test_a_restored_run_must_go_on_to_the_same_bits():
    source = changed(
        "self.m, self.v, self.t = copy.deepcopy(state)",
        "self.m, self.v, self.t = copy.deepcopy(state); self.m = [w * (1 + 2**-50) for w in self.m]",
    )
    result = failing(source)["steps-saved"]
    assert result.divergence is None
    assert re.fullmatch(
        r"run 'b' does not return the same bits at step \d as run 'a'", result.message
    )


def test_runs_that_share_their_state_are_found():
    source = changed(
        "self.m = [np.zeros_like(w) for w in params]",
        "self.m = self.shared.setdefault('m', [np.zeros_like(w) for w in params])",
    )
    assert "steps-two-at-once" in failing(source)


def test_a_missing_gradient_that_is_taken_for_zero_is_found():
    found = failing(
        changed(
            "        for i, g in enumerate(grads):",
            "        for i, g in enumerate(0 * w if g is None else g for w, g in zip(self.params, grads)):",
        )
    )
    assert set(found) == {"steps-missing-gradients", "steps-missing-gradients-saved"}
    assert found["steps-missing-gradients"].case.clauses == ("ADAM-16",)


def test_a_sum_of_parts_that_is_not_divided_is_found():
    found = failing(changed("total / total.dtype.type(self.parts)", "total"))
    assert set(found) == {"steps-accumulated"}
    assert "of its gradient" in found["steps-accumulated"].message


def test_accumulation_is_asked_only_of_what_takes_it():
    names = {
        r.case.name
        for r in ask(make(changed(", accumulation_steps=1", "").replace("accumulation_steps", "1")))
    }
    assert "steps-accumulated" not in names
    assert "steps-saved" in names


def test_a_count_of_each_parameter_s_own_is_told():
    source = SOURCE.replace("self.t += 1", "self.t = self.t or [0] * len(self.params)")
    source = changed("        one, (beta1", "        self.t[i] += 1\n        one, (beta1", source)
    source = source.replace("**self.t)", "**self.t[i])")
    (result,) = [r for r in ask(make(source)) if r.case.name == "steps-missing-gradients"]
    assert (result.outcome, result.message) == (Outcome.PASS, OWN_COUNT)


def test_a_closure_has_no_state_to_save():
    def sgd_start(params, learning_rate):
        held = list(params)

        def step(grads, learning_rate):
            for i, g in enumerate(grads):
                held[i] = held[i] if g is None else held[i] - g.dtype.type(learning_rate) * g
            return list(held)

        return step

    found = ask(adapter(sgd_start=sgd_start), ["optimizers/sgd"])
    outcomes = {r.case.name: r.outcome for r in found}
    assert {outcomes.pop(name) for name in SAVED} == {Outcome.UNSUPPORTED}
    assert set(outcomes.values()) == {Outcome.PASS}


def test_an_object_may_be_the_operation_and_start_its_runs():
    class Whole:
        start = make(SOURCE).module.adam_start

    found = ask(adapter(adam=Whole()))
    assert {r.outcome for r in found} == {Outcome.PASS}
    assert len(found) > 10


def test_what_has_only_the_whole_run_is_not_asked():
    (result,) = ask(adapter(adam=lambda params, grads, **numbers: grads))
    assert (result.outcome, result.message) == (Outcome.UNSUPPORTED, "not offered step by step")
    assert ask(adapter()) == []


def test_a_layer_with_state_is_asked_step_by_step():
    technique = ["layers/batch_normalization_running"]
    found = ask(load_implementation(["reference"]), technique)
    assert {r.outcome for r in found} == {Outcome.PASS}
    assert {"steps-saved", "steps-two-at-once"} <= {r.case.name for r in found}
    assert not {"steps-accumulated", "steps-missing-gradients"} & {r.case.name for r in found}


@pytest.mark.parametrize("way", ["file", "program"])
def test_another_process_is_asked_as_a_module_is(tmp_path, way):
    path = tmp_path / "stepped.py"
    path.write_text(changed("copy.deepcopy((self.m, self.v, self.t))", "(self.m, self.v, 0)"))
    target = (
        [str(path)]
        if way == "file"
        else ["--", sys.executable, "-m", "trainspec.conformance.cli", "serve", str(path)]
    )
    done = run(
        "check",
        *(
            ["--technique", "adam", *target]
            if way == "program"
            else [*target, "--technique", "adam"]
        ),
    )
    assert done.exit_code == 1, done.output
    assert "adam/steps-saved in float64: wrong" in done.output
    assert "ADAM-17" in done.output
    assert re.search(
        r"also failing +adam/steps-saved-with-all-digits, adam/steps-missing-gradients-saved\n",
        done.output,
    )


def test_the_command_line_asks_for_steps_alone(tmp_path):
    path = tmp_path / "stepped.py"
    path.write_text(SOURCE)
    for words in (["--level", "steps"], ["--case", "adam/missing-gradients"]):
        done = run("check", str(path), *words)
        assert done.exit_code == 0, done.output
        assert "conforms: 36 pass" in done.output


def test_steps_are_not_asked_of_a_page_without_the_clause():
    assert ask(load_implementation(["reference"]), ["layers/dropout"]) == []


def test_a_state_that_is_saved_in_a_narrower_type_is_found():
    source = changed(
        "copy.deepcopy((self.m, self.v, self.t))", "(narrow(self.m), narrow(self.v), self.t)"
    )
    source = source.replace(
        "class adam_start:", "def narrow(a): return [w.astype('f') for w in a]\n\nclass adam_start:"
    )
    source = source.replace(
        "self.m, self.v, self.t = copy.deepcopy(state)",
        "self.m, self.v = ([w.astype(p.dtype) for w, p in zip(a, self.params)] for a in state[:2]); self.t = state[2]",
    )
    (result,) = failing(source).values()
    assert result.case.name == "steps-saved-with-all-digits"


def test_a_save_without_a_restore_fails_and_without_a_save_is_told():
    source = changed("def restore(self, state)", "def restor(self, state)")
    found = {r.case.name: r for r in ask(make(source))}
    assert found["steps-saved"].outcome is Outcome.REJECTED
    assert "none called restore" in found["steps-saved"].message
    source = source.replace("def save(self)", "def sav(self)")
    found = {r.case.name: r for r in ask(make(source))}
    assert found["steps-saved"].outcome is Outcome.UNSUPPORTED
    assert "its runs have no method save" in found["steps-saved"].message


def test_what_is_no_run_is_told():
    found = ask(adapter(adam_start=lambda params, **numbers: None))
    assert {r.outcome for r in found} == {Outcome.REJECTED}
    assert "must return an object with a method step, got NoneType" in found[0].message


def test_another_type_is_told_of_gradients_that_are_missing_too():
    source = changed("return list(self.params)", "return [w.astype('d') for w in self.params]")
    found = [r for r in ask(make(source), kinds=["float32"]) if "missing" in r.case.name]
    assert len(found) == 2
    assert {r.message for r in found} == {"returned float64 where the inputs are float32"}
    assert all(r.divergence is None for r in found)


def test_an_output_that_no_step_has_is_not_checked():
    def batch_normalization_running_start(gamma, beta, *, epsilon, momentum):
        reference = load_implementation(["reference"], in_process=True)
        start = reference.module.batch_normalization_running_start
        run = start(gamma, beta, epsilon=epsilon, momentum=momentum)

        def step(x):
            none = dict.fromkeys(("running_mean", "running_variance", "training"))
            return {**run.step(x), **none}

        return step

    of = adapter(batch_normalization_running_start=batch_normalization_running_start)
    found = ask(of, ["layers/batch_normalization_running"])
    assert {r.outcome for r in found} == {Outcome.PASS, Outcome.UNSUPPORTED}
    assert {r.case.skipped for r in found if r.outcome is Outcome.PASS} == {
        ("running_mean", "running_variance", "training")
    }


def test_a_form_that_is_declared_for_the_runs_is_that_of_the_whole_run():
    from trainspec.conformance.checking.declarations import read_declarations

    of = adapter({"adam_start": "amsgrad"}, adam_start=lambda params, **numbers: None)
    assert read_declarations(of) == {"adam": "amsgrad", "adam_start": "amsgrad"}
