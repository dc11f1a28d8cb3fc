"""Outputs of a sequence that all show the last step."""

from __future__ import annotations

from helpers import adapter, results
from trainspec.conformance.diagnosis.diagnose import diagnose
from trainspec.layers import batch_normalization_running as layer


def run(x, gamma, beta, *, epsilon, momentum, stale=()):
    answer = layer.batch_normalization_running(x, gamma, beta, epsilon=epsilon, momentum=momentum)
    return {
        name: [values[-1]] * len(values) if name in stale else values
        for name, values in answer.items()
    }


def said(stale):
    def batch_normalization_running(x, gamma, beta, *, epsilon, momentum):
        return run(x, gamma, beta, epsilon=epsilon, momentum=momentum, stale=stale)

    found = results(
        adapter(batch_normalization_running=batch_normalization_running),
        "batch_normalization_running",
        "float64",
    )
    return diagnose(found)


def test_the_outputs_are_named():
    assert said(["running_mean"]).text == (
        "every entry of running_mean is that of the last step: return a copy at each step"
    )
    both = said(["running_mean", "running_variance"])
    assert both.text.startswith("every entry of running_mean and running_variance is that")


def test_nothing_is_stale_in_a_right_layer():
    assert "last step" not in str(said([]))
