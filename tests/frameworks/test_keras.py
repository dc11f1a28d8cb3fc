"""Keras: what its operations' cases do not show."""

from __future__ import annotations

import math
import os
import subprocess
import sys

import numpy as np
import pytest

from frameworks.shared import CUT, FAN_IN, FAN_OUT, GLOROT, HE, LECUN, deviates, judge_by_name

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras")
ops = keras.ops


def drawn(name):
    initializer = getattr(keras.initializers, name)(seed=1)
    return ops.convert_to_numpy(initializer((FAN_IN, FAN_OUT)))


def test_initialisers():
    for name, std in (("GlorotNormal", GLOROT), ("HeNormal", HE), ("LecunNormal", LECUN)):
        assert deviates(drawn(name), std, 2 / CUT * std), name
    assert deviates(drawn("GlorotUniform"), GLOROT, math.sqrt(3) * GLOROT)
    assert deviates(drawn("TruncatedNormal"), 0.05 * CUT, 0.1)


def test_fans():
    from keras.src.initializers.random_initializers import compute_fans

    assert compute_fans((3, 3, 16, 8)) == (144, 72)
    assert compute_fans((5,)) == (5, 5)
    assert compute_fans((3, 3, 8, 1)) == (72, 9)


def test_dropout_at_one_gives_zeros():
    y = keras.layers.Dropout(1.0)(ops.array([1.0, math.inf]), training=True)
    assert not ops.convert_to_numpy(y).any()


def test_probabilities_are_clipped_and_normalised():
    loss = keras.losses.CategoricalCrossentropy()
    assert float(loss([[1.0, 0.0]], [[0.0, 1.0]])) == pytest.approx(-math.log(1e-7), rel=1e-5)
    assert float(loss([[1.0, 0.0, 0.0]], [[0.5, 0.5, 0.5]])) == pytest.approx(math.log(3))


def test_the_l2_regulariser_has_no_half():
    penalty = keras.regularizers.L2(0.1)(ops.array([1.0, -2.0, 0.5]))
    assert float(penalty) == pytest.approx(0.1 * 5.25)
    assert keras.regularizers.L2().l2 == pytest.approx(0.01)


def stepped(floatx):
    before = keras.config.floatx()
    keras.config.set_floatx(floatx)
    W = keras.Variable(np.zeros(1), dtype="float64")
    optimizer = keras.optimizers.SGD(0.01)
    optimizer.build([W])
    optimizer.apply([ops.convert_to_tensor(np.ones(1), dtype="float64")], [W])
    keras.config.set_floatx(before)
    return float(ops.convert_to_numpy(W)[0])


def test_the_learning_rate_of_a_float64_variable_is_float32_unless_floatx_says_so():
    assert stepped("float32") == -float(np.float32(0.01))
    assert stepped("float64") == -0.01


def test_a_float64_mean_is_a_float32_one():
    if keras.backend.backend() == "tensorflow":
        pytest.skip("TensorFlow's are float64")
    x = np.array([0.1, 0.2, 0.7])
    t = ops.convert_to_tensor(x, dtype="float64")
    assert float(ops.mean(t)) != x.mean()
    assert float(ops.mean(t)) == pytest.approx(x.mean(), rel=1e-6)
    assert "float32" in str(ops.var(t).dtype)


def test_what_dropout_keeps_is_scaled_in_training():
    y = keras.layers.Dropout(0.25, seed=1)(ops.ones((100,)), training=True)
    assert np.allclose(np.unique(ops.convert_to_numpy(y)), [0, 4 / 3])


def test_an_optimizer_is_checked_by_its_dotted_name():
    command = [sys.executable, "-m", "trainspec.conformance.cli", "check", "keras.optimizers:Adam"]
    done = subprocess.run([*command, "-d", "float32"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "adam:eps-hat" in done.stderr


@pytest.mark.parametrize(
    ("path", "forms"),
    [
        ("keras.layers:ReLU", {"relu": ""}),
        ("keras.activations:sigmoid", {"sigmoid": ""}),
        ("keras.activations:tanh", {"tanh": ""}),
        ("keras.layers:Dense", {"affine": ""}),
        ("keras.layers:Dropout", {"dropout": "inverted"}),
        ("keras.layers:BatchNormalization", {"batch_normalization_running": ""}),
        ("keras.losses:CategoricalCrossentropy", {"softmax_cross_entropy": ""}),
        ("keras.losses:sparse_categorical_crossentropy", {"softmax_cross_entropy": ""}),
        ("keras.initializers:HeNormal", {"he": "truncated-corrected"}),
        ("keras.initializers:HeUniform", {"he": "uniform"}),
        ("keras.initializers:GlorotUniform", {"xavier": "glorot-uniform"}),
        ("keras.initializers:LecunNormal", {"xavier": "truncated-corrected"}),
        ("keras.initializers:RandomNormal", {"normal": ""}),
        ("keras.initializers:Constant", {"constant": ""}),
        ("keras.optimizers.schedules:InverseTimeDecay", {"learning_rate_decay": ""}),
        ("keras.optimizers.schedules:ExponentialDecay", {"learning_rate_decay": "exponential"}),
    ],
)
def test_what_is_asked_by_its_dotted_name_is_what_the_matrix_says(path, forms):
    found, conforms, report = judge_by_name(path)
    assert found == forms
    assert conforms, report
