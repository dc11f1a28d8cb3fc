"""A training taken apart: `answers -> what the network and the update rules in it are`.

Every step starts from the parameters that the answer itself has, so that each can be judged alone.
With the network's gradients the parameters are steps of an update rule, which are compared with
the forms of its page. Steps of SGD show which gradients were used, and these are compared with the
forms of the network's page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from trainspec.conformance.arithmetic.float64 import FLOAT64_FUNCTIONS
from trainspec.conformance.arithmetic.run import OF_UPDATE_RULE, run_rule
from trainspec.conformance.basics.float_types import TYPES, FloatArray
from trainspec.conformance.basics.names import operation_of
from trainspec.conformance.basics.paths import technique_of
from trainspec.conformance.basics.tensors import to_array
from trainspec.conformance.cases.case import Case
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.derivation.values import compute_values
from trainspec.conformance.diagnosis.evidence import NEAR, Evidence
from trainspec.conformance.diagnosis.wording import describe_edit
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.page import Page
from trainspec.conformance.pages.parts import TRAINING
from trainspec.conformance.pages.rule import Rule, parse_rule

#: Steps of a case that are looked at: a mistake shows in the first ones.
STEPS = 6
SGD = "sgd"


@dataclass(frozen=True)
class Reading:
    """What a loop may get wrong around the network: which step's inputs a step is given.

    `late` says that the loss is that of the parameters after the step, `moved` names parameters
    that move as soon as their gradients are known, so that the layers below see them moved.
    """

    name: str
    text: str
    choose: Callable[[int], int] = int
    late: bool = False
    moved: tuple[str, ...] = ()


READINGS = (
    Reading("", ""),
    Reading("inputs-of-first-step", "every step has the masks of the first", lambda step: 0),
    Reading(
        "inputs-of-step-before",
        "every step but the first has the masks of the one before",
        lambda step: max(step - 1, 0),
    ),
    Reading("loss-after-step", "the loss is that of the parameters after the step", late=True),
)
#: The name, in the network's rule, of a parameter that has moved.
MOVED = "{}_moved"


@dataclass(frozen=True)
class Found:
    """What a part of a training is: the operation, the form's name, and its description.

    The name is empty where no form is known. `lines` are those of the network's rule that are
    another.
    """

    operation: str
    name: str
    text: str
    lines: tuple[str, ...] = ()


class Explained(Protocol):
    """A diagnosis: the form's name, "canonical" where it is right and "" where none is known."""

    @property
    def form(self) -> str: ...

    @property
    def text(self) -> str: ...

    @property
    def rule(self) -> Rule | None: ...

    @property
    def lines(self) -> Sequence[str]: ...


#: Explains the evidence of a part; with True it tries the simplest forms only.
Explain = Callable[[Evidence, bool], Explained]


def explain_parts(evidence: Evidence, explain: Explain) -> list[Found]:
    """What is wrong in the parts of a training; empty where they do not explain the answers."""
    if evidence.page.kind != TRAINING:
        return []
    runs = list(_list_runs(evidence))
    if not runs:
        return []
    network = load_page(_find_network(evidence.page))
    readings = (*READINGS, *_list_moved(evidence.page))
    right = [r for r in readings if all(run.has_losses(network.rule, r) for run in runs)]
    # Update rules take long to explain where the gradients are wrong: the simplest forms first.
    for quick in (True, False):
        for reading in right:
            wrong = [Found("training", reading.name, reading.text)] if reading.name else []
            rule = _read_moved(network, runs[0].page, reading.moved)
            rules = _explain_rules(runs, rule, reading, explain, quick)
            if (wrong or rules) and (not quick or all(rule.name for rule in rules)):
                return [*wrong, *rules]
        if quick and not right and (found := _explain_losses(runs, network, explain)):
            return found
        if quick and (found := _explain_network(runs, network, explain)):
            return found
    return []


def _explain_losses(runs: Sequence[_Run], network: Page, explain: Explain) -> list[Found]:
    """A known form of the network that has these losses, and what the update rules are with it."""
    for name in network.edits:
        rule = network.rule_of_form(name)
        if all(run.has_losses(rule, READINGS[0]) for run in runs):
            lines = network.rule.changed_names(network.changes[name])
            found = Found(network.name, name, describe_edit(network, name), tuple(sorted(lines)))
            rules = _explain_rules(runs, rule, READINGS[0], explain, False)
            if all(rule.name for rule in rules):
                return [found, *rules]
    return []


def _find_network(page: Page) -> str:
    """The technique whose rule a training page includes."""
    (name,) = page.includes
    return name


def _list_moved(training: Page) -> Iterator[Reading]:
    """Parameters that move too early: all of them, or one."""
    for moved in (training.trained, *((name,) for name in training.trained)):
        what = moved[0] if len(moved) == 1 else "a parameter"
        text = f"{what} moves before the gradients of the layers below it are known"
        yield Reading("moved-too-early", text, moved=moved)


def _read_moved(network: Page, training: Page, moved: Sequence[str]) -> Rule:
    """The network's rule, whose backward pass reads parameters that have moved.

    The gradient of a parameter itself is computed before it moves.
    """
    if not moved:
        return network.rule
    lines = list(network.rule.body)
    loss = next(k for k, line in enumerate(lines) if line.name == training.outputs[0])
    texts = []
    for line in lines[loss + 1 :]:
        text = str(line)
        for name in moved:
            if line.name != f"d{name}":
                text = re.sub(rf"\b{name}\b", MOVED.format(name), text)
        texts.append(text)
    return network.rule.with_edit(parse_rule("\n".join(texts)), "moved")


def _explain_network(runs: Sequence[_Run], network: Page, explain: Explain) -> list[Found]:
    """What the network is, by the gradients that steps of SGD show, and the update rules then.

    Where no form of the network is known, nothing can be said of the update rules.
    """
    shown = [run for run in runs if run.rule == SGD]
    cases = [step for run in shown for step in run.network_steps(network)]
    if not cases:
        return []
    is_it = explain(_gather(network, runs[0].kind, cases), False)
    if is_it.form == "canonical":
        return []
    found = [Found(network.name, is_it.form, is_it.text, tuple(is_it.lines))]
    if is_it.rule:
        found += _explain_rules(runs, is_it.rule, READINGS[0], explain, False)
    return found


def _explain_rules(
    runs: Sequence[_Run], network: Rule, reading: Reading, explain: Explain, quick: bool
) -> list[Found]:
    """What the update rules are that are not as their pages say."""
    found = []
    for rule in dict.fromkeys(run.rule for run in runs):
        page = load_page(technique_of(rule))
        cases = [run.update_steps(page, network, reading) for run in runs if run.rule == rule]
        is_it = explain(_gather(page, runs[0].kind, cases), quick)
        if is_it.form != "canonical":
            found.append(Found(rule, is_it.form, is_it.text))
    return found


def _gather(page: Page, kind: str, pairs: Sequence[tuple[Case, FloatArray]]) -> Evidence:
    """Evidence of a page's operation: cases and the answers to them, all to be explained."""
    cases, answers = zip(*pairs)
    return Evidence(page, kind, cases, answers, len(cases), frozenset())


def _list_runs(evidence: Evidence) -> Iterator[_Run]:
    """The answered cases that show all of their first steps, wrong ones first."""
    for index in evidence.answered:
        case, answer = evidence.cases[index], evidence.answers[index]
        complete = case.keep is None and answer.shape == case.expected.shape
        if complete and evidence.ordinary(index) and not case.skipped and evidence.parts[index]:
            yield _Run(evidence.page, evidence.kind, case, answer, evidence.parts[index])


@dataclass(frozen=True, eq=False)
class _Run:
    """The answer to one case: the parameters and the loss at every step."""

    page: Page
    kind: str
    case: Case
    answer: FloatArray
    parts: Mapping[str, slice]

    @property
    def rule(self) -> str:
        """The update rule."""
        return str(self.case.hyperparameters["update_rule"])

    @property
    def count(self) -> int:
        """The number of steps that are looked at."""
        return min(self.case.steps or 0, STEPS)

    @cached_property
    def numbers(self) -> dict[str, Any]:
        """The hyperparameters, without the update rule's name."""
        numbers = self.case.numbers()
        return {name: value for name, value in numbers.items() if name != "update_rule"}

    @cached_property
    def losses(self) -> FloatArray:
        """The loss at every step."""
        return self.answer[self.parts[self.page.outputs[0]]]

    @cached_property
    def params(self) -> list[dict[str, FloatArray]]:
        """The parameters before the first step, and after every one."""
        start = {name: to_array(self.case.inputs[name], np.float64) for name in self.page.trained}
        steps = self.case.steps or 0
        after = {
            name: self.answer[self.parts[name]].reshape(steps, *start[name].shape)
            for name in self.page.trained
        }
        return [start, *({name: after[name][t] for name in after} for t in range(steps))]

    def inputs(self, step: int, chosen: int) -> dict[str, FloatArray]:
        """What the network is given at a step, from 0; lists from the step `chosen`."""
        found = {
            name: to_array(value[chosen] if isinstance(value, list) else value, np.float64)
            for name, value in self.case.inputs.items()
        }
        return {**found, **self.params[step]}

    def run_network(self, rule: Rule, step: int, chosen: int) -> dict[str, Any]:
        """Every output of a form of the network's rule at a step."""
        page = load_page(_find_network(self.page))
        given = {name: value for name, value in self.numbers.items() if name in page.parameters}
        after = self.params[min(step + 1, len(self.params) - 1)]
        moved = {MOVED.format(name): value for name, value in after.items()}
        inputs = {**self.inputs(step, chosen), **moved}
        return run_rule(page, rule, inputs, given, FLOAT64_FUNCTIONS)

    def has_losses(self, rule: Rule, reading: Reading) -> bool:
        """Whether the losses are those of a form of the network for the answer's parameters."""
        name = self.page.outputs[0]
        for step in range(self.count):
            at = step + 1 if reading.late else step
            loss = self.run_network(rule, at, reading.choose(step))[name]
            if not abs(loss - self.losses[step]) <= NEAR * self.allowed[name][step]:
                return False
        return True

    @cached_property
    def allowed(self) -> dict[str, FloatArray]:
        """The tolerances of the loss and of every parameter, one row a step.

        They were derived for the whole training, and hold what rounding made of the parameters
        before.
        """
        whole = self.case.tolerance[self.kind]
        return {n: whole[part].reshape(self.case.steps or 0, -1) for n, part in self.parts.items()}

    def network_steps(self, network: Page) -> Iterator[tuple[Case, FloatArray]]:
        """The loss and the gradients of every step of SGD, as answers of the network."""
        loss = self.page.outputs[0]
        params = {f"d{name}": name for name in self.page.trained}
        kept = [name for name in network.outputs if name == loss or name in params]
        given = {n: v for n, v in self.case.hyperparameters.items() if n in network.parameters}
        rate = self.numbers["learning_rate"]
        for step in range(self.count):
            expected = self.run_network(network.rule, step, step)
            answer = {loss: self.losses[step]}
            allowed = {loss: self.allowed[loss][step]}
            for gradient, name in params.items():
                before, after = self.params[step][name].ravel(), self.params[step + 1][name].ravel()
                answer[gradient] = (before - after) / rate
                # The difference shows the gradient only as far as the parameter was rounded.
                lost = 2 * TYPES[self.kind].roundoff * np.maximum(abs(before), abs(after))
                allowed[gradient] = (self.allowed[name][step] + lost) / rate
            case = replace(
                _make_case(network, f"{self.case.name}-{step + 1}", given),
                inputs=_as_tensors(self.inputs(step, step)),
                outputs={name: list(np.shape(expected[name])) for name in kept},
                skipped=tuple(name for name in network.outputs if name not in kept),
                expected=_join(expected, kept),
                tolerance={self.kind: _join(allowed, kept)},
            )
            yield case, _join(answer, kept)

    def update_steps(self, page: Page, network: Rule, reading: Reading) -> tuple[Case, FloatArray]:
        """The parameters after every step, as an answer of the update rule of that page."""
        names = self.page.trained
        grads = [
            [self.run_network(network, t, reading.choose(t))[f"d{name}"] for name in names]
            for t in range(self.count)
        ]
        own = {
            name.removeprefix(OF_UPDATE_RULE): value
            for name, value in self.numbers.items()
            if name.startswith(OF_UPDATE_RULE)
        }
        given = {name: {**self.numbers, **own}[name] for name in page.parameters}
        given["learning_rate"] = [self.numbers["learning_rate"]] * self.count
        case = replace(
            _make_case(page, self.case.name, given),
            inputs={
                "params": [_as_tensor(self.params[0][name]) for name in names],
                "grads": [[_as_tensor(g) for g in step] for step in grads],
            },
            outputs={"params": [list(self.params[0][name].shape) for name in names]},
            steps=self.count,
        )
        answer = [self.params[t + 1][name] for t in range(self.count) for name in names]
        allowed = [self.allowed[name][t] for t in range(self.count) for name in names]
        case = replace(
            case,
            expected=np.zeros(sum(map(np.size, answer))),
            tolerance={self.kind: np.concatenate(allowed)},
        )
        return replace(case, expected=compute_values(case, page.rule)), _flatten(answer)


def _join(arrays: Mapping[str, Any], names: Sequence[str]) -> FloatArray:
    return _flatten([arrays[name] for name in names])


def _flatten(arrays: Sequence[Any]) -> FloatArray:
    return np.concatenate([np.ravel(array) for array in arrays])


def _make_case(page: Page, name: str, given: Mapping[str, Any]) -> Case:
    """A case of a page that no file holds, still without inputs and values."""
    template = load_cases([page.technique])[0]
    return replace(
        template,
        id=f"{operation_of(page.technique)}/{name}",
        name=name,
        level="core",
        hyperparameters=dict(given),
        keep=None,
        margins={},
        variants={},
        tolerance=dict.fromkeys(TYPES, np.empty(0)),
        form="",
    )


def _as_tensors(arrays: Mapping[str, FloatArray]) -> dict[str, Any]:
    return {name: _as_tensor(array) for name, array in arrays.items()}


def _as_tensor(array: Any) -> dict[str, Any]:
    array = np.asarray(array, dtype=np.float64)
    return {"shape": list(array.shape), "data": array.ravel()}
