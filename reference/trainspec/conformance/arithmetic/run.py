"""Running a rule over the inputs of a case, in any kind of number.

An update rule is called over steps and tensors, a function once, a layered function once with
lines for every layer, a sequence step by step, and training alternates a network's rule with an
update rule; the page says which it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from msgspec import Struct

from trainspec.conformance.basics.paths import technique_of
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.page import Page
from trainspec.conformance.pages.parts import FUNCTION, LAYERED, SEQUENCE, TRAINING, UPDATE_RULE
from trainspec.conformance.pages.rule import UP, Rule, execute_lines

Names = dict[str, Any]
#: Called after every step with its position (step, tensor) and the values of all names.
Watch = Callable[[tuple[int, ...], Names], None]
#: On a training page, hyperparameters that begin so are those of the update rule.
OF_UPDATE_RULE = "update_"


def _ignore(position: tuple[int, ...], names: Names) -> None:
    pass


#: A state of more axes than this is a changed rule's, which adds one at every step.
MOST_AXES = 4


class RuleRun(Struct, frozen=True):
    """One run of a rule: its inputs, its hyperparameters, and the functions to compute with."""

    page: Page
    rule: Rule
    inputs: Mapping[str, Any]
    hyperparameters: Mapping[str, Any]
    functions: Mapping[str, Any]
    watch: Watch = _ignore
    own_count: bool = False


def run_rule(
    page: Page,
    rule: Rule,
    inputs: Mapping[str, Any],
    hyperparameters: Mapping[str, Any],
    functions: Mapping[str, Any],
    watch: Watch = _ignore,
    own_count: bool = False,
) -> dict[str, Any]:
    """The outputs of `rule`, a form of the page's own, by name.

    `own_count` lets every parameter of an update rule count only the steps that have a gradient
    for it.
    """
    run = RuleRun(page, rule, inputs, hyperparameters, functions, watch, own_count)
    with np.errstate(all="ignore"):
        return _RUNNERS[page.kind](run)


def run_update_rule(run: RuleRun) -> dict[str, Any]:
    """The parameters after every step.

    The inputs are ``params``, a list of arrays, and ``grads``, for every step a list of arrays;
    ``learning_rate`` holds one value a step. A parameter whose gradient is None stays as it is,
    and so does its state.
    """
    params, grads = list(run.inputs["params"]), run.inputs["grads"]
    rates = run.hyperparameters["learning_rate"]
    fixed = {**run.functions, **run.hyperparameters, "tensors": len(params)}
    start, body = run.rule.code
    states: list[Names] = [{} for _ in params]
    counts = [0 for _ in params]
    after: list[list[Any]] = []
    for t, (gradient, rate) in enumerate(zip(grads, rates), 1):
        for k, (W, g) in enumerate(zip(params, gradient)):
            if g is None:
                continue
            counts[k] += 1
            count = counts[k] if run.own_count else t
            names = {**fixed, **states[k], "t": count, "tensor": k, "learning_rate": rate}
            names.update(W=W, g=g)
            if counts[k] == 1:
                execute_lines(start, names)
            execute_lines(body, names)
            run.watch((t - 1, k), names)
            states[k] = {name: names[name] for name in run.rule.state}
            params[k] = names["W"]
        after.append(list(params))
    return {"params": after}


def run_function(run: RuleRun) -> dict[str, Any]:
    """The outputs of a rule that is called once."""
    names = {**run.functions, **run.hyperparameters, **run.inputs, "t": 1}
    for lines in run.rule.code:
        execute_lines(lines, names)
    run.watch((0,), names)
    return {name: names[name] for name in run.page.outputs}


def run_layered(run: RuleRun) -> dict[str, Any]:
    """The outputs of a rule with lines for every layer, those of layers as lists.

    Inputs that are lists hold one entry a layer, which their names stand for in the loops. A line
    reads what its own layer has assigned before, on the way up or down, else the last value of a
    name.
    """
    lists = {name: value for name, value in run.inputs.items() if isinstance(value, list)}
    count = max(map(len, lists.values()), default=0)
    names = {**run.functions, **run.hyperparameters, **run.inputs, "t": 1}
    kept: list[Names] = [{name: value[k] for name, value in lists.items()} for k in range(count)]
    for block, lines in run.rule.blocks:
        code = tuple(line.code for line in lines)
        if not block:
            execute_lines(code, names)
            continue
        for k in range(count) if block == UP else reversed(range(count)):
            own = {**names, **kept[k], "layer": k, "layers": count}
            execute_lines(code, own)
            assigned = {line.name: own[line.name] for line in lines}
            kept[k].update(assigned)
            names.update(assigned)
    run.watch((0,), names)
    looped = {line.name for line in run.rule.body if line.block}
    return {
        name: [layer[name] for layer in kept] if name in looped else names[name]
        for name in run.page.outputs
    }


def run_sequence(run: RuleRun) -> dict[str, Any]:
    """The outputs of a rule that is called step by step, each a list over the steps.

    Inputs that are lists hold one entry a step; the others are the same at every step.
    """
    series = {name: value for name, value in run.inputs.items() if isinstance(value, list)}
    fixed = {name: value for name, value in run.inputs.items() if name not in series}
    start, body = run.rule.code
    state: Names = {}
    outputs: dict[str, Any] = {name: [] for name in run.page.outputs}
    for t, now in enumerate(zip(*series.values()), 1):
        names = {**run.functions, **run.hyperparameters, **fixed, **state, "t": t}
        names.update(zip(series, now))
        if t == 1:
            execute_lines(start, names)
        execute_lines(body, names)
        run.watch((t - 1,), names)
        state = {name: names[name] for name in run.rule.state}
        if any(np.ndim(value) > MOST_AXES for value in state.values()):
            raise ValueError("the state gets another axis at every step")
        for name, values in outputs.items():
            values.append(names[name])
    return outputs


def run_training(run: RuleRun) -> dict[str, Any]:
    """The first output before every step, and the trained parameters after it.

    Every step runs the network's rule, then for each trained parameter the update rule that
    ``update_rule`` names, with the gradient that the network has for it. Inputs that are lists
    hold one entry a step.
    """
    series = {name: value for name, value in run.inputs.items() if isinstance(value, list)}
    trained = run.page.trained
    updating = load_page(technique_of(run.hyperparameters["update_rule"])).rule
    given = {**run.functions, **run.hyperparameters}
    own = {
        name.removeprefix(OF_UPDATE_RULE): value
        for name, value in given.items()
        if name.startswith(OF_UPDATE_RULE)
    }
    for_updates = {**given, **own}
    parameters = {name: run.inputs[name] for name in trained}
    states: dict[str, Names] = {name: {} for name in trained}
    loss = run.page.outputs[0]
    after: dict[str, list[Any]] = {name: [] for name in (loss, *trained)}
    for t, now in enumerate(zip(*series.values()), 1):
        names = {**given, **run.inputs, **parameters, **dict(zip(series, now)), "t": t}
        execute_lines(run.rule.code[1], names)
        after[loss].append(names[loss])
        for name in trained:
            one = {**for_updates, **states[name], "t": t}
            one.update(W=parameters[name], g=names[f"d{name}"])
            if t == 1:
                execute_lines(updating.code[0], one)
            execute_lines(updating.code[1], one)
            states[name] = {state: one[state] for state in updating.state}
            parameters[name] = one["W"]
            after[name].append(parameters[name])
        run.watch((t - 1,), names)
    return after


_RUNNERS: Mapping[str, Callable[[RuleRun], dict[str, Any]]] = {
    UPDATE_RULE: run_update_rule,
    FUNCTION: run_function,
    LAYERED: run_layered,
    SEQUENCE: run_sequence,
    TRAINING: run_training,
}
