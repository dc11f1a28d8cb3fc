"""Running a rule over the inputs of a case, in either kind of number.

Update rules (`optimizers/`) are called over steps and tensors, everything else as a function of
its inputs: `evaluated` knows which.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from trainspec.conformance.page import load
from trainspec.conformance.rule import Rule, execute

Names = dict[str, Any]
#: Called after every step with the place (step, tensor) and the values of all names.
Watch = Callable[[tuple[int, ...], Names], None]


def _nothing(place: tuple[int, ...], names: Names) -> None:
    pass


def update(
    rule: Rule,
    inputs: Mapping[str, Any],
    hyperparameters: Mapping[str, Any],
    functions: Mapping[str, Any],
    watch: Watch = _nothing,
    *,
    shared: bool = False,
) -> dict[str, Any]:
    """Run an update rule: `optimizers/`.

    `inputs` holds ``params``, a list of arrays, and ``grads``, for every step a list of arrays;
    ``learning_rate`` holds one value a step. Gives ``params`` after every step. With `shared`,
    tensors of one shape have one state: the mistake of keeping it by shape.
    """
    params, grads = list(inputs["params"]), inputs["grads"]
    rates = hyperparameters["learning_rate"]
    fixed = {
        **functions,
        **{name: value for name, value in hyperparameters.items() if name != "learning_rate"},
        "tensors": len(params),
    }
    start, body = rule.code
    states: list[Names] = [{} for _ in params]
    keys = [
        next(j for j, V in enumerate(params) if np.shape(V) == np.shape(W)) if shared else k
        for k, W in enumerate(params)
    ]
    after: list[list[Any]] = []
    for t, (gradient, rate) in enumerate(zip(grads, rates), 1):
        for k, (W, g) in enumerate(zip(params, gradient)):
            names = {**fixed, **states[keys[k]], "t": t, "tensor": k, "learning_rate": rate}
            names.update(W=W, g=g)
            with np.errstate(all="ignore"):
                if t == 1 and not states[keys[k]]:
                    execute(start, names)
                execute(body, names)
            watch((t - 1, k), names)
            states[keys[k]] = {name: names[name] for name in rule.state}
            params[k] = names["W"]
        after.append(list(params))
    return {"params": after}


def function(
    rule: Rule,
    inputs: Mapping[str, Any],
    hyperparameters: Mapping[str, Any],
    functions: Mapping[str, Any],
    watch: Watch = _nothing,
    *,
    outputs: Sequence[str],
) -> dict[str, Any]:
    """Run any other rule: inputs by name, outputs by name.

    Inputs that are lists come step by step, and then the outputs are lists over the steps.
    """
    given = {**functions, **hyperparameters}
    series = {name: value for name, value in inputs.items() if isinstance(value, list)}
    fixed = {name: value for name, value in inputs.items() if name not in series}
    start, body = rule.code
    state: Names = {}
    steps: list[Names] = []
    for t in range(1, (len(next(iter(series.values()))) if series else 1) + 1):
        now = {name: value[t - 1] for name, value in series.items()}
        names = {**given, **fixed, **state, **now, "t": t}
        with np.errstate(all="ignore"):
            if t == 1:
                execute(start, names)
            execute(body, names)
        watch((t - 1,), names)
        state = {name: names[name] for name in rule.state}
        steps.append({name: names[name] for name in outputs})
    if series:
        return {name: [step[name] for step in steps] for name in outputs}
    return steps[0]


#: The page whose rule is a network's, run step by step with an update rule in between.
TRAINING = "networks/training"
#: The parameters that training updates, in the order in which it gives them.
TRAINED = ("W1", "b1", "gamma", "beta", "W2", "b2")


def training(
    rule: Rule,
    inputs: Mapping[str, Any],
    hyperparameters: Mapping[str, Any],
    functions: Mapping[str, Any],
    watch: Watch = _nothing,
) -> dict[str, Any]:
    """Run a network's rule, then the update rule that ``update_rule`` names, for every step.

    ``u`` holds one matrix a step. Gives the loss before, and the parameters after, every step.
    """
    updating = load(f"optimizers/{hyperparameters['update_rule']}").rule
    given = {**functions, **hyperparameters}
    # Both rules have an epsilon: here that of batch normalisation, there the update rule's own.
    for_updates = {**given, "epsilon": hyperparameters["update_epsilon"]}
    parameters = {name: inputs[name] for name in TRAINED}
    states: dict[str, Names] = {name: {} for name in TRAINED}
    after: dict[str, list[Any]] = {name: [] for name in ("loss", *TRAINED)}
    for t, u in enumerate(inputs["u"], 1):
        names = {**given, **inputs, **parameters, "u": u, "t": t}
        with np.errstate(all="ignore"):
            execute(rule.code[1], names)
            for name in TRAINED:
                one = {**for_updates, **states[name], "t": t}
                one.update(W=parameters[name], g=names[f"d{name}"])
                if t == 1:
                    execute(updating.code[0], one)
                execute(updating.code[1], one)
                states[name] = {state: one[state] for state in updating.state}
                parameters[name] = one["W"]
        watch((t - 1,), names)
        after["loss"].append(names["loss"])
        for name in TRAINED:
            after[name].append(parameters[name])
    return after


def evaluated(
    technique: str,
    outputs: Sequence[str],
    rule: Rule,
    inputs: Mapping[str, Any],
    hyperparameters: Mapping[str, Any],
    functions: Mapping[str, Any],
    watch: Watch = _nothing,
    **how: Any,
) -> dict[str, Any]:
    """Run a rule of a technique over its inputs, as its family is run."""
    if technique == TRAINING:
        return training(rule, inputs, hyperparameters, functions, watch)
    if technique.startswith("optimizers/"):
        return update(rule, inputs, hyperparameters, functions, watch, **how)
    return function(rule, inputs, hyperparameters, functions, watch, outputs=outputs)
