"""What the tests of commands share: running one, and adapters as text."""

from __future__ import annotations

from click.testing import CliRunner, Result

from trainspec.conformance.cli.group import main

#: An Adam with its betas exchanged.
ADAM = """
import numpy as np
def adam(params, grads, *, learning_rate, beta1, beta2, epsilon):
    m = [np.zeros_like(W) for W in params]
    v = [np.zeros_like(W) for W in params]
    after = []
    for t, (gradient, rate) in enumerate(zip(grads, learning_rate), 1):
        params = list(params)
        for k, g in enumerate(gradient):
            m[k] = beta2 * m[k] + (1 - beta2) * g
            v[k] = beta1 * v[k] + (1 - beta1) * g * g
            m_hat, v_hat = m[k] / (1 - beta2**t), v[k] / (1 - beta1**t)
            step = rate * m_hat / (np.sqrt(v_hat) + epsilon)
            params[k] = np.asarray(params[k] - step, dtype=g.dtype)
        after.append(params)
    return after
"""

#: AdamW, with a decay that may be passed.
ADAMW = """
import numpy as np
def adam(params, grads, *, learning_rate, beta1, beta2, epsilon, weight_decay=0.01):
    params = list(params)
    m, v = [0 * W for W in params], [0 * W for W in params]
    after = []
    for t, (gradient, rate) in enumerate(zip(grads, learning_rate), 1):
        for k, g in enumerate(gradient):
            m[k] = beta1 * m[k] + (1 - beta1) * g
            v[k] = beta2 * v[k] + (1 - beta2) * g * g
            step = m[k] / (1 - beta1**t) / (np.sqrt(v[k] / (1 - beta2**t)) + epsilon)
            W = params[k]
            params[k] = np.asarray(W - rate * (step + weight_decay * W)).astype(W.dtype)
        after.append(list(params))
    return after
"""

#: A right Adam with defaults of its own, to be filled in.
PORT = """
import numpy as np
{head}
def adam(params, grads, *, learning_rate={rate}, beta1={beta1}, beta2=0.999, epsilon={epsilon}):
    params, after = list(params), []
    m, v = [0 * W for W in params], [0 * W for W in params]
    rates = learning_rate if isinstance(learning_rate, list) else [learning_rate] * len(grads)
    for t, (gradient, rate) in enumerate(zip(grads, rates), 1):
        for k, g in enumerate(gradient):
            m[k] = beta1 * m[k] + (1 - beta1) * g
            v[k] = beta2 * v[k] + (1 - beta2) * g * g
            step = m[k] / (1 - beta1**t) / (np.sqrt(v[k] / (1 - beta2**t)) + epsilon{hat})
            params[k] = np.asarray(params[k] - rate * step).astype(params[k].dtype)
        after.append(list(params))
    return after
"""


def run(*words: object) -> Result:
    """Run a command; what it raises is a failure of the test."""
    return CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)
