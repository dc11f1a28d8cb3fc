"""A network of any depth, both passes (spec/networks/multilayer.md): the layers, composed."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainspec.arguments import Array, like, wide
from trainspec.layers import affine, batch_normalization, dropout, relu, sigmoid, tanh
from trainspec.losses import softmax_cross_entropy
from trainspec.regularizers import l2_penalty

#: The activations, by the names of their operations.
ACTIVATIONS = {"sigmoid": sigmoid, "tanh": tanh, "relu": relu}
NORMALISATIONS = ("batch", "none")


def multilayer(
    x: Array,
    targets: Array,
    u: list[Array],
    W: list[Array],
    b: list[Array],
    gamma: list[Array],
    beta: list[Array],
    W_out: Array,
    b_out: Array,
    *,
    activation: str = "relu",
    normalisation: str = "batch",
    epsilon: float = 1e-5,
    ratio: float = 0.5,
    weight_decay: float = 0.1,
) -> dict[str, Any]:
    """Outputs, the loss, and its gradients with respect to all parameters (MULTILAYER-1 to 4).

    `x` is (N, D), `targets` (N, K); the lists have an entry for each hidden layer: `u`, (N, H),
    `W`, (H before, H), and `b`, `gamma`, `beta`, (H,). `W_out` is (H, K), `b_out` (K,).

    Raises ValueError for an `activation` or `normalisation` that there is not; TypeError and
    ValueError as the layers do.
    """
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation must be one of {', '.join(ACTIVATIONS)}, got {activation!r}")
    if normalisation not in NORMALISATIONS:
        raise ValueError(
            f"normalisation must be one of {', '.join(NORMALISATIONS)}, got {normalisation!r}"
        )
    act = ACTIVATIONS[activation]
    normalised = normalisation == "batch"
    kept = [dropout.mask(one, ratio=ratio) for one in u]
    layers = range(len(W))

    a = [x]
    z, y, activated = [], [], []
    for k in layers:
        z.append(affine.forward(a[k], W[k], b[k]))
        y.append(
            batch_normalization.forward(z[k], gamma[k], beta[k], epsilon=epsilon)
            if normalised
            else z[k]
        )
        activated.append(act.forward(y[k]))
        a.append(dropout.forward(activated[k], kept[k]))
    logits = affine.forward(a[-1], W_out, b_out)
    loss = wide(softmax_cross_entropy.forward(logits, targets))
    for weights in (*W, W_out):
        loss = loss + wide(l2_penalty.penalty(weights, weight_decay=weight_decay))

    d = softmax_cross_entropy.backward(logits, targets)
    d, dW_out, db_out = affine.backward(d, a[-1], W_out)
    dW, db = [*W], [*b]
    dgamma, dbeta = [np.zeros_like(v) for v in gamma], [np.zeros_like(v) for v in beta]
    for k in reversed(layers):
        d = act.backward(dropout.backward(d, kept[k]), y[k])
        if normalised:
            d, dgamma[k], dbeta[k] = batch_normalization.backward(
                d, z[k], gamma[k], epsilon=epsilon
            )
        d, gradient, db[k] = affine.backward(d, a[k], W[k])
        dW[k] = l2_penalty.gradient(gradient, W[k], weight_decay=weight_decay)

    return {
        "activated": activated,
        "logits": logits,
        "loss": like(x, loss),
        "dW": dW,
        "db": db,
        "dgamma": dgamma,
        "dbeta": dbeta,
        "dW_out": l2_penalty.gradient(dW_out, W_out, weight_decay=weight_decay),
        "db_out": db_out,
    }
