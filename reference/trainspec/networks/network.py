"""A whole network, both passes (spec/networks/network.md): the layers' own pages, composed."""

from __future__ import annotations

from trainspec.arguments import Array, like, wide
from trainspec.layers import affine, batch_normalization, dropout, relu
from trainspec.losses import softmax_cross_entropy
from trainspec.regularizers import l2_penalty


def network(
    x: Array,
    targets: Array,
    u: Array,
    W1: Array,
    b1: Array,
    gamma: Array,
    beta: Array,
    W2: Array,
    b2: Array,
    *,
    epsilon: float = 1e-5,
    ratio: float = 0.5,
    weight_decay: float = 0.1,
) -> dict[str, Array]:
    """Outputs, the loss, and its gradients with respect to all parameters (NETWORK-1 to 3).

    Raises TypeError and ValueError as the layers do.
    """
    kept = dropout.mask(u, ratio=ratio)

    affine1 = affine.forward(x, W1, b1)
    normalised = batch_normalization.forward(affine1, gamma, beta, epsilon=epsilon)
    activated = relu.forward(normalised)
    dropped = dropout.forward(activated, kept)
    affine2 = affine.forward(dropped, W2, b2)
    loss = wide(softmax_cross_entropy.forward(affine2, targets))
    for W in (W1, W2):
        loss = loss + wide(l2_penalty.penalty(W, weight_decay=weight_decay))

    d = softmax_cross_entropy.backward(affine2, targets)
    d, dW2, db2 = affine.backward(d, dropped, W2)
    d = relu.backward(dropout.backward(d, kept), normalised)
    d, dgamma, dbeta = batch_normalization.backward(d, affine1, gamma, epsilon=epsilon)
    _, dW1, db1 = affine.backward(d, x, W1)

    return {
        "affine1": affine1,
        "normalised": normalised,
        "activated": activated,
        "dropped": dropped,
        "affine2": affine2,
        "loss": like(x, loss),
        "dW2": l2_penalty.gradient(dW2, W2, weight_decay=weight_decay),
        "db2": db2,
        "dgamma": dgamma,
        "dbeta": dbeta,
        "dW1": l2_penalty.gradient(dW1, W1, weight_decay=weight_decay),
        "db1": db1,
    }
