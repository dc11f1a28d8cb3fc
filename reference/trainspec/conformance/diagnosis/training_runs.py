"""The steps of a training, each from the parameters that the answer itself has: `answer -> cases`.

A step becomes a case of the network, with the gradients that a step of SGD shows as the answer to
it; all steps together become a case of the update rule, with the network's gradients as its inputs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from trainspec.conformance.arithmetic.float64 import FLOAT64_FUNCTIONS
from trainspec.conformance.arithmetic.run import OF_UPDATE_RULE, run_rule
from trainspec.conformance.basics.float_types import TYPES, FloatArray
from trainspec.conformance.basics.names import operation_of
from trainspec.conformance.basics.tensors import to_array
from trainspec.conformance.cases.case import Case
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.derivation.values import compute_values
from trainspec.conformance.diagnosis.evidence import NEAR, Evidence
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.page import Page
from trainspec.conformance.pages.rule import Rule, parse_rule

#: Steps of a case that are looked at: a mistake shows in the first ones.
STEPS = 6


class Reading(Struct, frozen=True):
    """What a loop may get wrong around the network: which step's inputs a step is given.

    `late` says that the loss is that of the parameters after the step, `moved` names parameters
    that move as soon as their gradients are known, so that the layers below see them moved.
    `one_by_one` says that every gradient is computed anew after the parameter before it, in this
    order, has moved.
    """

    name: str
    text: str
    choose: Callable[[int], int] = int
    late: bool = False
    moved: tuple[str, ...] = ()
    one_by_one: tuple[str, ...] = ()


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


def list_moved(training: Page) -> Iterator[Reading]:
    """Parameters that move too early: all of them, or one."""
    for moved in (training.trained, *((name,) for name in training.trained)):
        what = moved[0] if len(moved) == 1 else "a parameter"
        text = f"{what} moves before the gradients of the layers below it are known"
        yield Reading("moved-too-early", text, moved=moved)
    text = "every parameter moves before the gradient of the next one is computed, anew"
    for order in (training.trained, training.trained[::-1]):
        yield Reading("moved-one-by-one", text, one_by_one=order)


def read_moved(network: Page, training: Page, moved: Sequence[str]) -> Rule:
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


def find_network(page: Page) -> str:
    """The technique whose rule a training page includes."""
    (name,) = page.includes
    return name


def list_runs(evidence: Evidence) -> Iterator[TrainingRun]:
    """The answered cases that show all of their first steps, wrong ones first."""
    for index in evidence.answered:
        case, answer = evidence.cases[index], evidence.answers[index]
        complete = case.keep is None and answer.shape == case.expected.shape
        if complete and evidence.ordinary(index) and not case.skipped and evidence.parts[index]:
            yield TrainingRun(evidence.page, evidence.kind, case, answer, evidence.parts[index])


class TrainingRun(Struct, frozen=True, eq=False, dict=True):
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

    def run_network(
        self, rule: Rule, step: int, chosen: int, moved: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Every output of a form of the network's rule at a step.

        The parameters `moved` are those of after the step.
        """
        page = load_page(find_network(self.page))
        given = {name: value for name, value in self.numbers.items() if name in page.parameters}
        after = self.params[min(step + 1, len(self.params) - 1)]
        early = {MOVED.format(name): value for name, value in after.items()}
        inputs = {**self.inputs(step, chosen), **early, **{name: after[name] for name in moved}}
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

    def _run_back(self, network: Rule, step: int, reading: Reading) -> dict[str, Any]:
        """The gradients of a step."""
        order, chosen = reading.one_by_one, reading.choose(step)
        outputs = self.run_network(network, step, chosen)
        for k, name in enumerate(order):
            anew = self.run_network(network, step, chosen, order[:k])
            outputs[f"d{name}"] = anew[f"d{name}"]
        return outputs

    def update_steps(self, page: Page, network: Rule, reading: Reading) -> tuple[Case, FloatArray]:
        """The parameters after every step, as an answer of the update rule of that page."""
        names = self.page.trained
        grads = [
            [gradients[f"d{name}"] for name in names]
            for gradients in (self._run_back(network, t, reading) for t in range(self.count))
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
