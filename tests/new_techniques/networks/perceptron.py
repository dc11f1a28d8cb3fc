"""A perceptron."""

import numpy as np

from trainspec.arguments import floating, like, wide


def perceptron(x, wanted, W, b):
    floating(x=x, wanted=wanted, W=W, b=b)
    x_, wanted_, W_, b_ = map(wide, (x, wanted, W, b))
    y = 1 / (1 + np.exp(-(x_ @ W_ + b_)))
    delta = (y - wanted_) * y * (1 - y)
    out = {"loss": np.sum((y - wanted_) ** 2) / 2, "dW": x_.T @ delta, "db": delta.sum(0)}
    return {name: like(W, value) for name, value in out.items()}
