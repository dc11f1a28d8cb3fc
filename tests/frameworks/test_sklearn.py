"""scikit-learn: what its operations' cases do not show."""

from __future__ import annotations

import math

import numpy as np
import pytest

from frameworks.shared import FAN_IN, FAN_OUT, GLOROT, deviates, judge_by_name

pytest.importorskip("sklearn")


def test_a_split_is_rounded_up():
    from sklearn.model_selection import train_test_split

    assert len(train_test_split(np.arange(10), test_size=0.25)[1]) == 3
    assert len(train_test_split(np.arange(1000), test_size=0.33)[1]) == 330


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_weights_are_glorot_s_and_biases_too():
    from sklearn.neural_network import MLPClassifier

    x = np.random.default_rng(0).standard_normal((50, FAN_IN))
    net = MLPClassifier((FAN_OUT,), max_iter=1, random_state=0, learning_rate_init=1e-12)
    net.fit(x, np.arange(50) % 2)
    bound = math.sqrt(3) * GLOROT
    assert deviates(net.coefs_[0], GLOROT, bound)
    assert 0 < np.abs(net.intercepts_[0]).max() <= bound


@pytest.mark.parametrize(
    ("path", "forms"),
    [
        ("sklearn.preprocessing:StandardScaler", {"standard_deviation": ""}),
        ("sklearn.gaussian_process:GaussianProcessRegressor", {"gaussian_process": ""}),
        ("sklearn.neural_network._stochastic_optimizers:AdamOptimizer", {"adam": "eps-hat"}),
    ],
)
def test_what_is_asked_by_its_dotted_name_is_what_the_matrix_says(path, forms):
    found, conforms, report = judge_by_name(path)
    assert found == forms
    assert conforms, report
