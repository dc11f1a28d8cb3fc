"""The searches: combinations, constants of an implementation's own, and strangers."""

from __future__ import annotations

import types

import numpy as np
import pytest

from helpers import adapter, update_rule
from trainspec.conformance.arithmetic.float64 import FLOAT64_FUNCTIONS
from trainspec.conformance.arithmetic.run import run_rule
from trainspec.conformance.basics.tensors import map_tensors
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.derivation.values import compute_values
from trainspec.conformance.diagnosis.diagnose import explain
from trainspec.conformance.diagnosis.identify import collect_answers, identify_operations
from trainspec.conformance.implementations.python_module import PythonModule
from trainspec.conformance.implementations.target import load_implementation
from trainspec.conformance.pages.forms import compose_rule, list_several
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.parts import VARIANT_HYPERPARAMETER
from trainspec.conformance.pages.rule import parse_rule

RULES = ("sgd", "momentum", "adagrad", "rmsprop", "adam")


COMBINATIONS = [
    (technique, names)
    for technique in (*(f"optimizers/{n}" for n in RULES), "layers/batch_normalization_running")
    for names in list_several(technique)
]


def implementation(technique, rule, hidden=None):
    """A rule as an adapter that computes in its inputs' type and names what it may be given."""
    page = load_page(technique)
    inputs = page.inputs or ("params", "grads")
    given = [*page.parameters, *([] if hidden else sorted(page.variant_hyperparameters(rule)))]

    def run(arrays, numbers_):
        out = run_rule(
            page, rule, dict(zip(inputs, arrays)),
            {**(hidden or {}), **numbers_}, FLOAT64_FUNCTIONS,
        )  # fmt: skip
        first = arrays[0][0] if isinstance(arrays[0], list) else arrays[0]
        return map_tensors(lambda a: np.asarray(a).astype(first.dtype), out)

    source = (
        f"def {page.name}({', '.join(inputs)}, *, {', '.join(given)}):\n"
        f"    return run([{', '.join(inputs)}], dict({', '.join(f'{n}={n}' for n in given)}))"
    )
    names = {"run": run}
    exec(source, names)
    module = types.ModuleType("synthetic")
    setattr(module, page.name, names[page.name])
    return PythonModule(module, "synthetic", 60)


def identity(of, operation, kind):
    """The last identity: with everything passed that the implementation names."""
    return list(identify_operations(of, load_cases([operation]), kind))[-1]


def test_there_are_enough_combinations():
    assert len(COMBINATIONS) >= 150


@pytest.mark.slow
@pytest.mark.parametrize(
    ("technique", "names"), COMBINATIONS, ids=[f"{t}:{'+'.join(n)}" for t, n in COMBINATIONS]
)
def test_every_combination_of_variants_is_named(technique, names):
    rule = compose_rule(technique, names)
    extra = dict.fromkeys(
        sorted(load_page(technique).variant_hyperparameters(rule)), VARIANT_HYPERPARAMETER
    )
    plain = [case for case in load_cases([technique]) if not case.rejects]
    # Every second one in float32. As `identify` does, but for the closest alternative.
    kind = ("float64", "float32")[COMBINATIONS.index((technique, names)) % 2]
    evidence, _ = collect_answers(implementation(technique, rule), plain, kind, extra)
    found = explain(evidence)
    assert found.departures == ()
    assert not found.constants
    if set(found.edits) != set(names):
        # Two names for one behaviour: no case can tell them apart, the digits are the same.
        assert same(technique, compose_rule(technique, found.edits), rule), found.form


def same(technique, one, other):
    more = dict.fromkeys(
        load_page(technique).variant_hyperparameters(one)
        | load_page(technique).variant_hyperparameters(other),
        VARIANT_HYPERPARAMETER,
    )
    return all(
        np.allclose(
            compute_values(case, one, more),
            compute_values(case, other, more),
            1e-14,
            0,
            equal_nan=True,
        )
        for case in load_cases([technique])
        if not case.rejects
    )


CONSTANTS = [
    ("adam", "", "epsilon = 1e-5", {}, {"epsilon": 1e-5}),
    ("adam", "eps-hat", "epsilon = 1e-5", {}, {"epsilon": 1e-5}),
    ("adam", "eps-hat+amsgrad", "epsilon = 3e-4", {}, {"epsilon": 3e-4}),
    ("adam", "", "beta2 = 0.98", {}, {"beta2": 0.98}),
    ("adam", "decoupled-decay", "", {"weight_decay": 0.004}, {"weight_decay": 0.004}),
    ("adam", "eps-hat+decoupled-decay", "", {"weight_decay": 0.05}, {"weight_decay": 0.05}),
    ("adam", "decoupled-decay", "epsilon = 1e-6", {"weight_decay": 0.1},
     {"weight_decay": 0.1, "epsilon": 1e-6}),
    ("rmsprop", "", "rho = 0.95", {}, {"rho": 0.95}),
    ("rmsprop", "epsilon-in-root", "rho = 0.95", {}, {"rho": 0.95}),
    ("rmsprop", "momentum", "", {"momentum": 0.9}, {"momentum": 0.9}),
    ("adagrad", "", "if t == 1: h = 0.25", {}, {"h": 0.25}),
    ("adagrad", "epsilon-in-root", "if t == 1: h = 0.3", {}, {"h": 0.3}),
    ("momentum", "rate-outside-velocity", "momentum = 0.8", {}, {"momentum": 0.8}),
    ("sgd", "weight-decay", "", {"weight_decay": 0.03}, {"weight_decay": 0.03}),
    # Off by one constant: a line that is multiplied.
    ("adam", "", "v_hat = 1.001 * (v / (1 - beta2**t))", {}, {"v_hat*": 1.001}),
    ("rmsprop", "", "h = 0.5 * (rho * h + (1 - rho) * g**2)", {}, {"h*": 0.5}),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["float64", "float32"])
@pytest.mark.parametrize(("operation", "form", "line", "hidden", "wanted"), CONSTANTS)
def test_constants_that_nobody_can_set_are_inferred(operation, form, line, hidden, wanted, kind):
    if len(wanted) > 1 and kind == "float32":
        pytest.skip("two constants at once need more digits than float32 has")
    technique = f"optimizers/{operation}"
    edits = tuple(filter(None, form.split("+")))
    rule = compose_rule(technique, edits)
    if line:
        rule = rule.with_edit(parse_rule(line))
    # Numbers of the implementation's own, which no caller passes.
    found = identity(implementation(technique, rule, hidden or {"none": 0.0}), operation, kind)
    assert found.diagnosis.edits == edits
    assert found.diagnosis.constants == pytest.approx(wanted, rel=1e-3)
    assert found.diagnosis.explained == found.diagnosis.cases


@pytest.mark.parametrize("kind", ["float64", "float32"])
@pytest.mark.parametrize(
    ("operation", "line", "name"),
    [
        ("momentum", "momentum = 1 - momentum", "momentum-complement"),
        ("rmsprop", "rho = 1 - rho", "rho-complement"),
        ("adam", "beta1 = 1 - beta1", "beta1-complement"),
    ],
)
def test_a_hyperparameter_in_the_other_sense_is_seen(operation, line, name, kind):
    rule = load_page(f"optimizers/{operation}").rule.with_edit(parse_rule(line))
    found = identity(implementation(f"optimizers/{operation}", rule), operation, kind).diagnosis
    assert same(
        f"optimizers/{operation}", compose_rule(f"optimizers/{operation}", found.edits), rule
    )
    assert line in found.text or found.edits != (name,)


def test_constants_held_in_float32_are_told_from_a_formula_in_float32():
    def kernel(W, g, s, t, k, h):
        rho, epsilon = float(np.float32(h.rho)), float(np.float32(h.epsilon))
        s["h"] = rho * s.get("h", 0 * W) + (1 - rho) * g * g
        return W - h.rate * g / np.sqrt(s["h"] + epsilon)

    found = identity(adapter(rmsprop=update_rule(kernel)), "rmsprop", "float64").diagnosis
    assert found.form == "epsilon-in-root+constants-in-float32"
    assert "rho, epsilon are held in float32" in found.text


def _moments(W, g, s, h, power=2):
    s["m"] = h.beta1 * s.get("m", 0 * W) + (1 - h.beta1) * g
    s["v"] = h.beta2 * s.get("v", 0 * W) + (1 - h.beta2) * np.abs(g) ** power
    return s["m"], s["v"]


def _adam(step):
    """An update rule of Adam's hyperparameters from corrected moments."""

    def kernel(W, g, s, t, k, h):
        m, v = _moments(W, g, s, h)
        return W - h.rate * step(m / (1 - h.beta1**t), v / (1 - h.beta2**t), g, W, s, t, h)

    return update_rule(kernel)


def _power(p):
    def kernel(W, g, s, t, k, h):
        m, v = _moments(W, g, s, h, p)
        return W - h.rate * m / (1 - h.beta1**t) / ((v / (1 - h.beta2**t)) ** (1 / p) + h.epsilon)

    return update_rule(kernel)


def _lion(W, g, s, t, k, h):
    m = s.get("m", 0 * W)
    s["m"] = h.beta2 * m + (1 - h.beta2) * g
    return W - h.rate * np.sign(h.beta1 * m + (1 - h.beta1) * g)


def _trust(m, v, g, W, s, t, h):
    step = m / (np.sqrt(v) + h.epsilon)
    return step * np.sqrt((W * W).sum()) / (np.sqrt((step * step).sum()) + 1e-3)


def _rms(step):
    def kernel(W, g, s, t, k, h):
        s["h"] = h.rho * s.get("h", 0 * W) + (1 - h.rho) * g * g
        return W - h.rate * step(g, s["h"], W, s, t, h)

    return update_rule(kernel)


def _adadelta(W, g, s, t, k, h):
    s["h"] = h.rho * s.get("h", 0 * W) + (1 - h.rho) * g * g
    step = np.sqrt(s.get("x", 0 * W) + h.epsilon) / np.sqrt(s["h"] + h.epsilon) * g
    s["x"] = h.rho * s.get("x", 0 * W) + (1 - h.rho) * step * step
    return W - h.rate * step


def _grad(step):
    def kernel(W, g, s, t, k, h):
        s["h"] = s.get("h", 0 * W) + g * g
        return W - h.rate * step(g, s["h"], W, s, t, h)

    return update_rule(kernel)


def _heavy(step):
    def kernel(W, g, s, t, k, h):
        return step(W, g, s, t, h)

    return update_rule(kernel)


def _velocity(W, g, s, h):
    s["v"] = h.momentum * s.get("v", 0 * W) - h.rate * g
    return s["v"]


NONE = {
    "adam-cube-root": ("adam", _power(3)),
    "adam-power-1.5": ("adam", _power(1.5)),
    "adam-power-4": ("adam", _power(4)),
    "adam-lion": ("adam", update_rule(_lion)),
    "adam-lamb": ("adam", _adam(_trust)),
    "adam-tanh": ("adam", _adam(lambda m, v, g, W, s, t, h: np.tanh(m / (np.sqrt(v) + h.epsilon)))),
    "adam-arctan": ("adam", _adam(lambda m, v, g, W, s, t, h: np.arctan2(m, np.sqrt(v)))),
    "adam-quarter-root": ("adam", _adam(lambda m, v, g, W, s, t, h: m / (v**0.25 + h.epsilon))),
    "adam-log": ("adam", _adam(lambda m, v, g, W, s, t, h: m / (np.log1p(np.sqrt(v)) + h.epsilon))),
    "adam-hypot": ("adam", _adam(lambda m, v, g, W, s, t, h: m / np.hypot(np.sqrt(v), m))),
    "adam-cosine": ("adam", _adam(
        lambda m, v, g, W, s, t, h: m / (np.sqrt(v) + h.epsilon) * (1 + np.cos(t / 10)) / 2)),
    "adam-warm-up": ("adam", _adam(
        lambda m, v, g, W, s, t, h: m / (np.sqrt(v) + h.epsilon) * min(1, t / 7))),
    "adam-mean-of-both": ("adam", _adam(
        lambda m, v, g, W, s, t, h: (m + g) / 2 / (np.sqrt(v) + 3 * h.epsilon))),
    "rmsprop-adadelta": ("rmsprop", update_rule(_adadelta)),
    "rmsprop-cube-root": ("rmsprop", _rms(lambda g, h2, W, s, t, h: g / (np.cbrt(h2) + h.epsilon))),
    "rmsprop-log": ("rmsprop", _rms(lambda g, h2, W, s, t, h: g / np.log1p(h2 + h.epsilon))),
    "rmsprop-tanh": ("rmsprop", _rms(lambda g, h2, W, s, t, h: np.tanh(g) / (np.sqrt(h2) + h.epsilon))),
    "rmsprop-sign-root": ("rmsprop", _rms(
        lambda g, h2, W, s, t, h: np.sign(g) * np.sqrt(np.abs(g) / (np.sqrt(h2) + h.epsilon)))),
    "rmsprop-over-step": ("rmsprop", _rms(
        lambda g, h2, W, s, t, h: g / (np.sqrt(h2) + h.epsilon) / t**0.3)),
    "rmsprop-by-weight": ("rmsprop", _rms(
        lambda g, h2, W, s, t, h: g * (1 + np.abs(W)) / (np.sqrt(h2) + h.epsilon))),
    "adagrad-power-0.4": ("adagrad", _grad(lambda g, h2, W, s, t, h: g / (h2**0.4 + h.epsilon))),
    "adagrad-log": ("adagrad", _grad(lambda g, h2, W, s, t, h: g / (np.log1p(h2) + h.epsilon))),
    "adagrad-tanh": ("adagrad", _grad(lambda g, h2, W, s, t, h: np.tanh(g / (np.sqrt(h2) + h.epsilon)))),
    "adagrad-plus-one": ("adagrad", _grad(lambda g, h2, W, s, t, h: g / np.sqrt(1 + 0.37 * h2))),
    "adagrad-norm": ("adagrad", _grad(
        lambda g, h2, W, s, t, h: g / (np.sqrt(np.abs(h2).sum() * np.abs(g).sum()) + h.epsilon))),
    "adagrad-over-t": ("adagrad", _grad(
        lambda g, h2, W, s, t, h: g / (np.sqrt(h2 / (t + 3)) + h.epsilon))),
    "momentum-squared": ("momentum", _heavy(
        lambda W, g, s, t, h: W + _velocity(W, g * np.abs(g) ** 0.5, s, h))),
    "momentum-grows": ("momentum", _heavy(
        lambda W, g, s, t, h: W + _velocity(W, g, s, h) * (1 + 0.1 * t))),
    "momentum-sign": ("momentum", _heavy(
        lambda W, g, s, t, h: W + np.sign(_velocity(W, g, s, h)) * h.rate)),
    "momentum-tanh": ("momentum", _heavy(lambda W, g, s, t, h: W + np.tanh(_velocity(W, g, s, h)))),
    "momentum-normed": ("momentum", _heavy(
        lambda W, g, s, t, h: W + _velocity(W, g / (1 + np.sqrt((g * g).sum())), s, h))),
    "sgd-root": ("sgd", _heavy(lambda W, g, s, t, h: W - h.rate * np.sign(g) * np.sqrt(np.abs(g)))),
    "sgd-tanh": ("sgd", _heavy(lambda W, g, s, t, h: W - h.rate * np.tanh(g))),
    "sgd-multiplicative": ("sgd", _heavy(lambda W, g, s, t, h: W * np.exp(-h.rate * g))),
}  # fmt: skip


def test_a_constant_breaks_the_clauses_of_the_lines_that_read_it():
    rule = compose_rule("optimizers/adam", ()).with_edit(parse_rule("beta2 = 0.99"))
    found = identity(implementation("optimizers/adam", rule), "adam", "float64").diagnosis
    assert found.text == "beta2 is taken as 0.99, whatever is passed"
    assert found.clauses == ("ADAM-2",)  # and not ADAM-1, which the first case is about too


def test_a_known_error_with_another_constant_is_named():
    function = _heavy(lambda W, g, s, t, h: W - h.rate * g / (1e-3 + np.sqrt((g * g).sum())))
    found = identity(adapter(sgd=function), "sgd", "float64")
    assert found.diagnosis.edits == ("gradient-normalised",)
    assert "with 0.001 in place of 1e-12" in found.diagnosis.text


def test_there_are_enough_that_are_none():
    assert len(NONE) >= 30


#: Strangers that are a published form but for one change, and the words that say which.
CHANGED = {
    "adam-lamb": "multiplied by the norm of the parameter / (the norm of the step's direction",
    "adam-cosine": "multiplied by a factor that depends on the step alone: 0.9975, 0.99,",
    "adam-warm-up": "multiplied by min(1, t / 7)",
    "adam-quarter-root": "sqrt(sqrt(v_hat)) in place of sqrt(v_hat)",
    "rmsprop-over-step": "depends on the step alone: 1, 0.8123, 0.7192",
}


@pytest.mark.parametrize(("name", "words"), CHANGED.items())
def test_one_change_of_a_published_form_is_named(name, words):
    operation, function = NONE[name]
    found = identity(adapter(**{operation: function}), operation, "float64")
    assert words in found.diagnosis.text
    assert not found.published


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(NONE.keys() - CHANGED))
def test_what_is_none_of_the_known_forms_is_said_to_be_none(name):
    operation, function = NONE[name]
    kind = ("float64", "float32")[list(NONE).index(name) % 2]
    found = identity(adapter(**{operation: function}), operation, kind)
    assert not found.known, found.diagnosis.text
    assert found.diagnosis.text.startswith("none of the known forms; ")
    assert found.diagnosis.nearest in found.diagnosis.text
    assert "step" in found.diagnosis.text


def test_bfloat16_is_not_taken_for_float16():
    found = identity(load_implementation(["reference"]), "adam", "bfloat16")
    assert found.kind == "bfloat16"
    assert found.diagnosis.form == "canonical"


@pytest.mark.slow
def test_a_constant_that_does_nothing_is_not_invented():
    def still(params, grads, *, learning_rate, beta1, beta2, epsilon):
        return [list(params)] * len(grads)

    found = identity(adapter(adam=still), "adam", "float64").diagnosis
    assert "one change: W = W in place of W = W - learning_rate * step" in found.text
    assert not found.departures


def test_a_published_form_with_a_guard_at_an_edge_is_named_as_that():
    def kernel(W, g, s, t, k, h):
        s["h"] = s.get("h", 0 * W) + g * g
        with np.errstate(all="ignore"):
            return W - h.rate * g * np.where(s["h"] > 0, 1 / np.sqrt(s["h"] + h.epsilon), 0)

    found = identity(adapter(adagrad=update_rule(kernel)), "adagrad", "float64").diagnosis
    assert found.form == "epsilon-in-root"
    assert found.departures == ("adagrad/zero-gradient-zero-epsilon",)
    assert "but not in" in found.text


@pytest.mark.slow
def test_a_deviation_that_comes_late_is_still_looked_at():
    def kernel(W, g, s, t, k, h):
        m, v = _moments(W, g, s, h)
        late = min(t, 50)
        return W - h.rate * m / (1 - h.beta1**t) / (np.sqrt(v / (1 - h.beta2**late)) + h.epsilon)

    found = identity(adapter(adam=update_rule(kernel)), "adam", "float64").diagnosis
    assert not found.form
    assert "adam/thousand-steps" in found.text
    assert found.nearest == "canonical"
