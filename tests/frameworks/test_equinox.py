"""Equinox and Haiku: their batch normalisation, identified."""

from __future__ import annotations

import types

import numpy as np
import pytest

jax = pytest.importorskip("jax")
from frameworks.shared import judge_by_name
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.diagnosis.identify import identify_operations
from trainspec.conformance.implementations.python_module import PythonModule

jax.config.update("jax_enable_x64", True)
OUTPUTS = ("running_mean", "running_variance", "training", "inference")


def equinox(x, gamma, beta, *, epsilon, momentum):
    eqx = pytest.importorskip("equinox")
    layer, state = eqx.nn.make_with_state(eqx.nn.BatchNorm)(
        len(gamma), "batch", eps=epsilon, momentum=momentum, mode="ema", dtype=gamma.dtype
    )
    own = jax.numpy.asarray(gamma), jax.numpy.asarray(beta)
    layer = eqx.tree_at(lambda m: (m.weight, m.bias), layer, own)
    axes = {"in_axes": (None, 0, None), "out_axes": (0, None), "axis_name": "batch"}
    mapped = jax.vmap(lambda m, x, s: m(x, s), **axes)
    after = {name: [] for name in OUTPUTS}
    for batch in x:
        y, state = mapped(layer, jax.numpy.asarray(batch), state)
        tested, _ = mapped(eqx.nn.inference_mode(layer), jax.numpy.asarray(batch), state)
        mean, variance = state.get(layer.ema_state_index)
        for name, value in zip(OUTPUTS, (mean, variance, y, tested)):
            after[name].append(np.asarray(value))
    return after


def haiku(x, gamma, beta, *, epsilon, momentum):
    hk = pytest.importorskip("haiku")

    def forward(x, training):
        layout = "NC..." if x.ndim == 2 else "NCHW"
        return hk.BatchNorm(True, True, momentum, eps=epsilon, data_format=layout)(x, training)

    transformed = hk.transform_with_state(forward)
    _, state = transformed.init(None, jax.numpy.asarray(x[0]), True)
    shape = (1, -1) if x[0].ndim == 2 else (1, -1, 1, 1)
    params = {"batch_norm": {"scale": gamma.reshape(shape), "offset": beta.reshape(shape)}}
    after = {name: [] for name in OUTPUTS}
    for batch in map(jax.numpy.asarray, x):
        y, state = transformed.apply(params, state, None, batch, True)
        tested, _ = transformed.apply(params, state, None, batch, False)
        mean = np.asarray(state["batch_norm/~/mean_ema"]["average"]).ravel()
        variance = np.asarray(state["batch_norm/~/var_ema"]["average"]).ravel()
        for name, value in zip(OUTPUTS, (mean, variance, np.asarray(y), np.asarray(tested))):
            after[name].append(value)
    return after


@pytest.mark.parametrize(
    ("function", "form"),
    [(equinox, "from-first-batch+training-by-running-statistics"), (haiku, "debiased")],
)
def test_its_form(function, form):
    module = types.ModuleType("adapter")
    module.batch_normalization_running = function
    chosen = load_cases(["batch_normalization_running"])
    (found,) = identify_operations(PythonModule(module, "adapter", 60), chosen, "float64")
    assert found.diagnosis.edits == tuple(form.split("+")), found.diagnosis.text


@pytest.mark.parametrize(
    ("path", "forms"),
    [
        ("equinox.nn:Linear", {"affine": ""}),
        ("equinox.nn:Dropout", {"dropout": "inverted"}),
        (
            "equinox.nn:BatchNorm",
            {"batch_normalization_running": ("from-first-batch+training-by-running-statistics")},
        ),
    ],
)
def test_what_is_asked_by_its_dotted_name(path, forms):
    pytest.importorskip("equinox")
    found, conforms, report = judge_by_name(path)
    assert found == forms
    assert conforms, report


def test_statistics_of_nnx_are_float32_whatever_the_parameters_are():
    pytest.importorskip("flax.nnx")
    found, conforms, report = judge_by_name("flax.nnx:BatchNorm")
    assert found == {"batch_normalization": "", "batch_normalization_running": ""}
    assert not conforms
    assert "returned float32 where the inputs are float64" in report
