"""The five update rules in plain NumPy, for:  trainspec check examples/adapter.py"""

import numpy as np

name = "trainspec example in Python"
types = ["float64", "float32"]
variants = {"momentum": "rate-outside-velocity", "adam": "eps-hat"}


def run(rule, params, grads, learning_rate):
    """Apply `rule(W, g, state, rate, t)` to every tensor at every step; keep what it gives."""
    states = [{"a": np.zeros_like(W), "b": np.zeros_like(W)} for W in params]
    after = []
    for t, (gradient, rate) in enumerate(zip(grads, learning_rate), 1):
        params = [
            np.asarray(rule(W, g, s, rate, t), dtype=W.dtype)
            for W, g, s in zip(params, gradient, states)
        ]
        after.append(params)
    return after


def sgd(params, grads, *, learning_rate):
    return run(lambda W, g, s, rate, t: W - rate * g, params, grads, learning_rate)


def momentum(params, grads, *, learning_rate, momentum):
    def rule(W, g, s, rate, t):
        s["a"] = momentum * s["a"] + g
        return W - rate * s["a"]

    return run(rule, params, grads, learning_rate)


def adagrad(params, grads, *, learning_rate, epsilon):
    def rule(W, g, s, rate, t):
        s["a"] = s["a"] + g * g
        return W - rate * g / (np.sqrt(s["a"]) + epsilon)

    return run(rule, params, grads, learning_rate)


def adam(params, grads, *, learning_rate, beta1, beta2, epsilon):
    def rule(W, g, s, rate, t):
        s["a"] += (1 - beta1) * (g - s["a"])
        s["b"] += (1 - beta2) * (g * g - s["b"])
        rate_t = rate * np.sqrt(1 - beta2**t) / (1 - beta1**t)
        return W - rate_t * s["a"] / (np.sqrt(s["b"]) + epsilon)

    return run(rule, params, grads, learning_rate)
