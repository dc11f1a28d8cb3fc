"""JAX, Flax and Optax: what their operations' cases do not show."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest

from frameworks.shared import CUT, FAN_IN, FAN_OUT, GLOROT, HE, LECUN, deviates, judge_by_name
from trainspec.conformance import bind

jax = pytest.importorskip("jax")
nn = pytest.importorskip("flax.linen")
optax = pytest.importorskip("optax")
jnp = jax.numpy

KEY = jax.random.key(0)


def drawn(name):
    return getattr(jax.nn.initializers, name)()(KEY, (FAN_IN, FAN_OUT))


def test_initialisers_are_truncated_and_corrected():
    for name, std in (("glorot_normal", GLOROT), ("he_normal", HE), ("lecun_normal", LECUN)):
        assert deviates(drawn(name), std, 2 / CUT * std), name
    assert deviates(drawn("glorot_uniform"), GLOROT, math.sqrt(3) * GLOROT)


def test_plain_truncation_is_not_corrected():
    assert deviates(drawn("truncated_normal"), 0.01 * CUT, 0.02)


def test_flax_draws_dense_weights_with_lecun_s():
    params = nn.Dense(FAN_OUT).init(KEY, jnp.ones((1, FAN_IN)))["params"]
    assert deviates(params["kernel"], LECUN, 2 / CUT * LECUN)
    assert not params["bias"].any()


def test_slopes_at_zero():
    assert jax.grad(jax.nn.relu)(0.0) == 0
    assert jax.grad(lambda x: jnp.maximum(x, 0.0))(0.0) == 0.5
    assert jax.grad(lambda x: jax.nn.leaky_relu(x, 0.1))(0.0) == 1
    assert jax.grad(jnp.abs)(0.0) == 1


def dropped(ratio, x):
    return nn.Dropout(ratio, deterministic=False).apply({}, x, rngs={"dropout": KEY})


def test_dropout_selects_so_that_infinities_are_dropped_too():
    assert not dropped(1.0, jnp.array([1.0, math.inf])).any()
    assert not jnp.isnan(dropped(0.5, jnp.full(1000, math.inf))).any()


def test_the_variance_in_one_pass_is_lost_far_from_zero():
    x = jnp.array([[1e4], [1e4 + 0.01]], dtype=jnp.float32)
    variances = []
    for fast in (True, False):
        layer = nn.BatchNorm(use_running_average=False, momentum=0.0, use_fast_variance=fast)
        _, changed = layer.apply(layer.init(KEY, x), x, mutable=["batch_stats"])
        variances.append(float(changed["batch_stats"]["var"][0]))
    assert variances[0] == 0
    assert variances[1] == pytest.approx(float(np.var(np.asarray(x, np.float64))), rel=1e-3)


@pytest.mark.parametrize("make", [optax.adam, lambda r: optax.rmsprop(r, eps_in_sqrt=False)])
def test_a_zero_gradient_in_float16_gives_nan(make):
    W = jnp.ones(1, jnp.float16)
    transform = make(0.1)
    moved, _ = transform.update(jnp.zeros(1, jnp.float16), transform.init(W), W)
    assert jnp.isnan(moved).all()


def test_what_dropout_keeps_is_scaled_in_training():
    kept = np.asarray(dropped(0.25, jnp.ones(100)))
    assert np.allclose(np.unique(kept), [0, 4 / 3])


def test_a_transformation_is_checked_by_its_dotted_name():
    command = [sys.executable, "-m", "trainspec.conformance.cli", "check", "optax:adamw"]
    done = subprocess.run([*command, "-d", "float32"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "adam:decoupled-decay" in done.stderr


@pytest.mark.parametrize(
    ("path", "forms"),
    [
        ("jax.nn:relu", {"relu": ""}),
        ("jax.nn:sigmoid", {"sigmoid": ""}),
        ("jax.numpy:tanh", {"tanh": ""}),
        ("optax:softmax_cross_entropy", {"softmax_cross_entropy": ""}),
        ("optax:softmax_cross_entropy_with_integer_labels", {"softmax_cross_entropy": ""}),
        ("flax.linen:Dense", {"affine": ""}),
        ("flax.linen:Dropout", {"dropout": "inverted"}),
        ("flax.linen:BatchNorm", {"batch_normalization": "", "batch_normalization_running": ""}),
        ("flax.nnx:Linear", {"affine": ""}),
        ("flax.nnx:Dropout", {"dropout": "inverted"}),
        ("jax.nn.initializers:he_normal", {"he": "truncated-corrected"}),
        ("jax.nn.initializers:glorot_uniform", {"xavier": "glorot-uniform"}),
        ("jax.nn.initializers:lecun_normal", {"xavier": "truncated-corrected"}),
        ("jax.nn.initializers:normal", {"normal": ""}),
        ("jax.nn.initializers:constant", {"constant": ""}),
        ("optax:exponential_decay", {"learning_rate_decay": "exponential"}),
    ],
)
def test_what_is_asked_by_its_dotted_name_is_what_the_matrix_says(path, forms):
    found, conforms, report = judge_by_name(path)
    assert found == forms
    assert conforms, report


def test_a_transformation_of_ones_own_names_the_rate_as_the_pages_do():
    def my_sgd(lr):
        return optax.sgd(lr)

    function = bind(my_sgd)
    (after,) = function([np.array([1.0])], [[np.array([2.0])]], learning_rate=[0.25])
    assert after[0].tolist() == [0.5]
