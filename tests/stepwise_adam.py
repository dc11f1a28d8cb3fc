"""An Adam that is asked step by step, as source that a test changes."""

from __future__ import annotations

from helpers import adapter
from trainspec.conformance.checking.check import check_cases

#: An Adam as a training loop has it: gradients may be missing, and may be accumulated.
SOURCE = """
import copy
import numpy as np

types = ("float64", "float32")


class adam_start:
    shared = {}

    def __init__(self, params, *, beta1, beta2, epsilon, accumulation_steps=1):
        self.params, self.t, self.calls = [np.array(w) for w in params], 0, 0
        self.betas, self.epsilon, self.parts = (beta1, beta2), epsilon, accumulation_steps
        self.m = [np.zeros_like(w) for w in params]
        self.v = [np.zeros_like(w) for w in params]
        self.sums = [None for _ in params]

    def step(self, grads, learning_rate):
        self.calls += 1
        for i, g in enumerate(grads):
            if g is not None:
                self.sums[i] = g if self.sums[i] is None else self.sums[i] + g
        if self.calls % self.parts == 0:
            self.t += 1
            for i, total in enumerate(self.sums):
                if total is not None:
                    self.move(i, total / total.dtype.type(self.parts), learning_rate)
            self.sums = [None for _ in self.params]
        return list(self.params)

    def move(self, i, g, rate):
        one, (beta1, beta2) = g.dtype.type, self.betas
        self.m[i] *= one(beta1)
        self.m[i] += one(1 - beta1) * g
        self.v[i] = one(beta2) * self.v[i] + one(1 - beta2) * g * g
        m_hat, v_hat = self.m[i] / one(1 - beta1**self.t), self.v[i] / one(1 - beta2**self.t)
        self.params[i] = self.params[i] - one(rate) * m_hat / (np.sqrt(v_hat) + one(self.epsilon))

    def save(self):
        return copy.deepcopy((self.m, self.v, self.t))

    def restore(self, state):
        self.m, self.v, self.t = copy.deepcopy(state)
"""

TECHNIQUE = ["optimizers/adam"]


def changed(old, new, source=SOURCE):
    assert old in source
    return source.replace(old, new)


def make(source):
    namespace = {}
    exec(source, namespace)
    return adapter(adam_start=namespace["adam_start"])


def ask(implementation, technique=TECHNIQUE, kinds=("float64",)):
    return list(check_cases(implementation, [], kinds, steps_of=technique))
