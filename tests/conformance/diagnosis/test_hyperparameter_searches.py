"""A hyperparameter in the place of another is named."""

from __future__ import annotations

import pytest

from helpers import adapter, results
from trainspec.conformance.diagnosis.diagnose import diagnose
from trainspec.networks.training import training
from trainspec.search.gaussian_process import gaussian_process


def _same_epsilon(*inputs, epsilon, update_epsilon, **rest):
    return training(*inputs, epsilon=epsilon, update_epsilon=epsilon, **rest)


def _variances_exchanged(*inputs, signal_variance, noise_variance, **rest):
    return gaussian_process(
        *inputs, signal_variance=noise_variance, noise_variance=signal_variance, **rest
    )


@pytest.mark.parametrize(
    ("operation", "function", "words"),
    [
        ("training", _same_epsilon, "epsilon is used in place of update_epsilon"),
        ("gaussian_process", _variances_exchanged,
         "signal_variance and noise_variance are exchanged"),
    ],
)  # fmt: skip
def test_the_mix_up_is_named(operation, function, words):
    found = diagnose(results(adapter(**{operation: function}), operation, "float64"))
    assert found.text == words
