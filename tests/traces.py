"""Traces for the tests: runs of a page's rule in a type."""

from __future__ import annotations

import numpy as np

from trainspec.conformance.arithmetic.float64 import FLOAT64_FUNCTIONS
from trainspec.conformance.arithmetic.run import run_rule
from trainspec.conformance.basics.float_types import TYPES
from trainspec.conformance.basics.paths import list_techniques, technique_of
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.traces.trace import Trace

RULES = [t for t in list_techniques() if load_page(t).is_update_rule]
USUAL = {
    "sgd": {},
    "momentum": {"momentum": 0.9},
    "adagrad": {"epsilon": 1e-7},
    "rmsprop": {"rho": 0.99, "epsilon": 1e-8},
    "adam": {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
}


def record(operation, form="", kind="float64", steps=4, rates=0.01, size=30, known=(), **more):
    """A run of a form: `known` names the hyperparameters that the trace gives."""
    page = load_page(technique_of(operation))
    rule = page.rule_of_form(form)
    given = {**USUAL[operation], **more}
    for name in page.variant_hyperparameters(rule) - given.keys():
        given[name] = 0.01 if "decay" in name else 0.5
    rates = [rates] * steps if isinstance(rates, float) else list(rates)
    draws, dtype = np.random.default_rng(7), TYPES[kind].dtype
    W = draws.standard_normal(size).astype(dtype)
    grads = [(0.5 * draws.standard_normal(size) + 0.1).astype(dtype) for _ in range(steps)]
    inputs = {"params": [W], "grads": [[g] for g in grads]}
    numbers = {**given, "learning_rate": rates}
    after = run_rule(page, rule, inputs, numbers, FLOAT64_FUNCTIONS)["params"]
    params = np.stack([W, *(np.asarray(tensors[0]).astype(dtype) for tensors in after)])
    return Trace(
        kind, params.astype(float), np.stack(grads).astype(float), ["w"], [(size,)],
        {name: given[name] for name in known if name in given},
        rates if "learning_rate" in known else None,
    )  # fmt: skip
