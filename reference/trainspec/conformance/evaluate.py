"""Running a rule over the inputs of a case, in either kind of number.

Each folder of `spec/` is a family of techniques that are called alike, and has one function here:
it knows which inputs come step by step and what the rule block's names stand for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

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


FAMILIES: dict[str, Callable[..., dict[str, Any]]] = {"optimizers": update}

#: Names that a rule of a family may read without their being hyperparameters.
GIVEN = {"optimizers": frozenset({"W", "g", "t", "tensor", "tensors"})}

#: Families whose outputs are lists over the steps.
STEPWISE = frozenset({"optimizers"})
