"""What a run that is asked step by step does wrong is named."""

from __future__ import annotations

import numpy as np
import pytest

from helpers import adapter
from stepwise_adam import SOURCE, ask, changed, make
from trainspec.conformance.cases.result import Outcome
from trainspec.conformance.diagnosis.step_mistakes import diagnose_steps

SAVE = "copy.deepcopy((self.m, self.v, self.t))"
GRADIENTS = "        for i, g in enumerate(grads):"


def diagnose(source, kinds=("float64",)):
    found = diagnose_steps(ask(make(source), kinds=kinds))
    return found and found.text


ADDED = ("total / total.dtype.type(self.parts)", "total")
CLEARED = "            self.sums = [None for _ in self.params]"
#: A mistake: the parts of the source that are another, and the words for it.
MISTAKES = {
    "the count of steps is not saved": [(SAVE, "copy.deepcopy((self.m, self.v, 0))")],
    "m is not saved": [(SAVE, "copy.deepcopy(([0 * w for w in self.m], self.v, self.t))")],
    "m, v are not saved": [
        (SAVE, "(*([0 * w for w in one] for one in (self.m, self.v)), self.t)"),
    ],
    "nothing of the state is saved": [
        (SAVE, "(*([0 * w for w in one] for one in (self.m, self.v)), 0)"),
    ],
    "a saved state goes on changing with its run: save must return a copy": [
        (SAVE, "(self.m, self.v, self.t)"),
        ("self.v[i] = one(beta2) * self.v[i] + one(1 - beta2) * g * g",
         "self.v[i][...] = one(beta2) * self.v[i] + one(1 - beta2) * g * g"),
    ],
    "a saved state is written with 4 significant digits": [
        (SAVE, "([np.vectorize(lambda x: float(f'{x:.4g}'), otypes=[w.dtype])(w) for w in self.m], "
               "[np.vectorize(lambda x: float(f'{x:.4g}'), otypes=[w.dtype])(w) for w in self.v], "
               "self.t)"),
    ],
    "a missing gradient counts as a gradient of 0": [
        (GRADIENTS,
         GRADIENTS.replace("grads", "0 * w if g is None else g for w, g in zip(self.params, grads)")),
    ],
    "a missing gradient makes the parameter's state anew": [
        (GRADIENTS, f"{GRADIENTS}\n            if g is None: self.m[i], self.v[i] = 0 * self.m[i], 0"),
    ],
    "gradients that are accumulated are added, and their mean is not taken": [ADDED],
    "of gradients that are accumulated only the last one counts": [
        ("self.sums[i] = g if self.sums[i] is None else self.sums[i] + g",
         "self.sums[i] = g * self.parts"),
        ADDED, (GRADIENTS, GRADIENTS + "\n            g = g if g is None else g / self.parts"),
    ],
    "every part of a gradient makes a step of its own": [
        ("if self.calls % self.parts == 0:", "if True:"), ADDED,
    ],
    "accumulated gradients are not set to 0 after a step": [
        (CLEARED, CLEARED.replace("self.sums", "if self.parts == 1: self.sums")),
    ],
}  # fmt: skip


@pytest.mark.parametrize("kind", ["float64", "float32"])
@pytest.mark.parametrize("words", MISTAKES)
def test_the_mistake_is_named(words, kind):
    source = SOURCE
    for old, new in MISTAKES[words]:
        source = changed(old, new, source)
    assert diagnose(source, (kind,)) == words


def test_a_right_adam_has_nothing_to_name():
    assert diagnose(SOURCE) is None


def test_what_no_mistake_explains_is_not_named():
    assert diagnose(changed(SAVE, "([w + 0.25 for w in self.m], self.v, self.t)")) is None


def test_a_sequence_that_loses_its_state():
    class Start:
        """Running statistics that are never restored."""

        def __init__(self, gamma, beta, *, momentum, epsilon):
            self.gamma, self.beta, self.momentum, self.epsilon = gamma, beta, momentum, epsilon
            self.mean, self.variance = 0.0, 1.0

        def step(self, x):
            axes = (0, *range(2, x.ndim))
            shape = (-1, *(1 for _ in x.shape[2:]))
            mean, variance = x.mean(axes), x.var(axes)
            self.mean = self.momentum * self.mean + (1 - self.momentum) * mean
            self.variance = self.momentum * self.variance + (1 - self.momentum) * variance

            def normalise(mean, variance):
                root = np.sqrt(variance + self.epsilon)
                centred = x - mean.reshape(shape)
                return (self.gamma / root).reshape(shape) * centred + self.beta.reshape(shape)

            return {
                "running_mean": self.mean,
                "running_variance": self.variance,
                "training": normalise(mean, variance),
                "inference": normalise(self.mean, self.variance),
            }

        def save(self):
            return None

        def restore(self, state):
            pass

    implementation = adapter(batch_normalization_running_start=Start)
    found = ask(implementation, ["layers/batch_normalization_running"])
    assert any(r.outcome is Outcome.WRONG for r in found)
    assert diagnose_steps(found).text == "nothing of the state is saved"
