"""True values and bounds: rounded with certainty, and wide enough for every type's rounding."""

from __future__ import annotations

import numpy as np
import pytest

from trainspec.conformance.arithmetic.float64 import FLOAT64_FUNCTIONS
from trainspec.conformance.arithmetic.run import run_rule
from trainspec.conformance.basics.float_types import TYPES
from trainspec.conformance.basics.tensors import iterate_tensors, map_tensors, to_array
from trainspec.conformance.derivation.chosen_constants import ORDERS
from trainspec.conformance.derivation.tolerances import (
    count_steps,
    derive_values,
    prepare_case,
)
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.parts import PageError


def ready(technique, name):
    page = load_page(technique)
    (text,) = [c for c in page.cases if c.name == name]
    return page, *prepare_case(page, text)


def test_a_case_is_made_ready():
    page, case, about = ready("optimizers/adam", "thousand-steps")
    assert case.keep == [1, 10, 100, 1000]
    assert count_steps(page, case) == 1000
    assert about["level"] == "numerics"


@pytest.mark.parametrize(
    ("technique", "name"),
    [
        ("optimizers/adam", "changing-rate"),
        ("optimizers/rmsprop", "changing-rate"),
        ("layers/batch_normalization", "images"),
        ("losses/softmax_cross_entropy", "far-apart"),
    ],
)
@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_the_rule_in_a_type_stays_within_its_own_bound(technique, name, kind):
    page = load_page(technique)
    text = next((c for c in page.cases if c.name == name), page.cases[0])
    case, _ = prepare_case(page, text)
    derived = derive_values(page, page.rule, case)
    narrow = TYPES[kind].dtype.type
    inputs = map_tensors(lambda t: to_array(t, narrow), case.inputs)
    given = {
        k: [narrow(v) for v in value] if isinstance(value, list) else narrow(value)
        for k, value in case.hyperparameters.items()
    }
    out = run_rule(page, page.rule, inputs, given, FLOAT64_FUNCTIONS)
    got = np.concatenate([np.asarray(a, np.float64).ravel() for _, a in iterate_tensors(out)])
    true = np.array([v.nearest() for v in derived.values])
    radii = np.array(derived.radii[kind])
    judged = np.isfinite(radii)
    assert (np.abs(got - true)[judged] <= radii[judged] * ORDERS).all()


def test_what_a_case_lacks_is_named():
    page = load_page("optimizers/sgd")
    text = page.cases[0]
    broken = type(text)(text.name, text.why, text.yaml.replace("learning_rate", "rate"))
    with pytest.raises(PageError, match=r"missing \['learning_rate'\], unknown \['rate'\]"):
        prepare_case(page, broken)
