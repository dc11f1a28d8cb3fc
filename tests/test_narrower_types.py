"""Nothing may be held in a narrower type: each input and each hyperparameter has a case that shows it."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from trainspec.conformance.basics.paths import list_techniques
from trainspec.conformance.basics.tensors import map_tensors, to_array
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.checking.distance import measure_distance
from trainspec.conformance.derivation.values import compute_values
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.parts import TRAINING

NARROWER = {"float64": np.float32, "float32": np.float16}
#: What every type holds exactly: counts, indices, classes, masks; and what no output depends on.
WHOLE = {
    "initializers/constant": {"z"},
    "initializers/fans": {"shape", "groups"},
    "initializers/he": {"fan_in", "fan_out"},
    "initializers/xavier": {"fan_in", "fan_out"},
    "losses/softmax_cross_entropy": {"targets"},
    "networks/multilayer": {"targets"},
    "networks/network": {"targets"},
    "networks/training": {"targets"},
    "regularizers/l2_penalty": {"b"},
    "schedules/learning_rate_decay": {"steps"},
    "search/bayesian_optimization": {"rounds", "tried"},
    "search/grid": {"index", "points"},
    "search/narrow_range": {"survivors"},
    "search/random_search": {"test_scores"},
    "search/validation_split": {"permutation"},
}
#: In float32 the error of these is less than what rounding in float32 may be.
HIDDEN = {("networks/training", "beta2"), ("search/validation_split", "ratio")}


def list_names():
    for technique in list_techniques():
        page = load_page(technique)
        inputs = ("params", "grads") if page.is_update_rule else tuple(page.inputs)
        read = page.rule.free | (page.parameters.keys() if page.kind == TRAINING else set())
        numeric = [name for name, p in page.parameters.items() if p.numeric and name in read]
        for name in (*inputs, *numeric):
            for kind in NARROWER:
                exempt = kind == "float32" and (technique, name) in HIDDEN
                if name not in WHOLE.get(technique, ()) and not exempt:
                    yield technique, name, kind


def round_one(case, name, narrow):
    """The case with one hyperparameter, or its inputs with one, rounded to a narrower type."""
    given = case.hyperparameters
    if name in given:
        value = given[name]
        rounded = [float(narrow(v)) for v in value] if isinstance(value, list) else narrow(value)
        return replace(case, hyperparameters={**given, name: rounded}), None
    inputs = map_tensors(lambda tensor: to_array(tensor, np.float64), case.inputs)
    inputs[name] = map_tensors(lambda a: a.astype(narrow).astype(np.float64), inputs[name])
    return case, inputs


@pytest.mark.parametrize(("technique", "name", "kind"), list(list_names()))
def test_a_narrower_type_shows(technique, name, kind):
    rule = load_page(technique).rule
    for case in load_cases([technique]):
        if case.rejects or case.is_long or kind not in case.tolerance:
            continue
        if name not in case.hyperparameters and name not in case.inputs:
            continue
        with np.errstate(all="ignore"):
            rounded, inputs = round_one(case, name, NARROWER[kind])
            values = compute_values(rounded, rule, None, inputs)
            allowed = case.tolerance[kind]
        if values.shape != case.expected.shape:
            return
        if not measure_distance(case.expected, values, case.expected, allowed, kind) <= 1:
            return
    pytest.fail(f"no case of {technique} shows {name} in {NARROWER[kind].__name__}")
