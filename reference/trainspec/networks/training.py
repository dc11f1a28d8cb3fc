"""Training a whole network, step by step (spec/networks/training.md)."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainspec.arguments import Array, at_least_zero, below_one
from trainspec.networks.network import network
from trainspec.optimizers import adagrad, adam, momentum, rmsprop, sgd

UPDATE_RULES = {
    "sgd": sgd,
    "momentum": momentum,
    "adagrad": adagrad,
    "rmsprop": rmsprop,
    "adam": adam,
}


def training(
    x: Array,
    targets: Array,
    u: list[Array],
    W1: Array,
    b1: Array,
    gamma: Array,
    beta: Array,
    W2: Array,
    b2: Array,
    *,
    update_rule: str = "sgd",
    learning_rate: float = 0.01,
    momentum: float = 0.9,
    rho: float = 0.99,
    beta1: float = 0.9,
    beta2: float = 0.999,
    update_epsilon: float = 1e-8,
    epsilon: float = 1e-5,
    ratio: float = 0.5,
    weight_decay: float = 0.1,
) -> dict[str, list[Array]]:
    """The loss before, and all parameters after, every step: one for each matrix of `u`.

    Arrays are those of `network`; `update_rule` is one of sgd, momentum, adagrad, rmsprop, adam,
    and uses those of the hyperparameters that are its own (TRAINING-1 to 3). Raises TypeError and
    ValueError as the layers and the update rules do.
    """
    if update_rule not in UPDATE_RULES:
        raise ValueError(
            f"update_rule must be one of {', '.join(UPDATE_RULES)}, got {update_rule!r}"
        )
    at_least_zero(update_epsilon=update_epsilon)
    below_one(momentum=momentum, rho=rho, beta1=beta1, beta2=beta2)
    rule: Any = UPDATE_RULES[update_rule]
    own = {
        "sgd": {},
        "momentum": {"momentum": momentum},
        "adagrad": {"epsilon": update_epsilon},
        "rmsprop": {"rho": rho, "epsilon": update_epsilon},
        "adam": {"beta1": beta1, "beta2": beta2, "epsilon": update_epsilon},
    }[update_rule]
    parameters = {"W1": W1, "b1": b1, "gamma": gamma, "beta": beta, "W2": W2, "b2": b2}
    states = {name: rule.init(W) for name, W in parameters.items()}
    after: dict[str, list[Array]] = {name: [] for name in ("loss", *parameters)}

    for now in u:
        passed = network(
            x, targets, now, **parameters, epsilon=epsilon, ratio=ratio, weight_decay=weight_decay
        )
        for name, W in parameters.items():
            parameters[name], states[name] = rule.step(
                W, passed[f"d{name}"], states[name], learning_rate=learning_rate, **own
            )
        for name, value in {"loss": passed["loss"], **parameters}.items():
            after[name].append(np.asarray(value))
    return after
