"""Softmax with cross-entropy (spec/losses/softmax_cross_entropy.md)."""

from __future__ import annotations

import numpy as np

from trainspec.arguments import Array, floating, like, same_shape, wide


def softmax(logits: Array) -> Array:
    """The probabilities of scores `logits`, (N, K), row by row (SOFTMAX-1)."""
    floating(logits=logits)
    z = wide(logits)
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    return like(logits, e / np.sum(e, axis=1, keepdims=True))


def forward(logits: Array, targets: Array) -> Array:
    """The mean cross-entropy, shape (), of scores and one-hot targets, (N, K) (SOFTMAX-2)."""
    floating(logits=logits, targets=targets)
    same_shape(logits=logits, targets=targets)
    z = wide(logits)
    shifted = z - np.max(z, axis=1, keepdims=True)
    log_probabilities = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    return like(logits, -np.sum(wide(targets) * log_probabilities) / len(z))


def backward(logits: Array, targets: Array) -> Array:
    """The gradient of the loss with respect to the scores, (N, K) (SOFTMAX-3)."""
    return like(logits, (wide(softmax(logits)) - wide(targets)) / len(logits))


def softmax_cross_entropy(logits: Array, targets: Array) -> dict[str, Array]:
    """Both passes, as an adapter answers: ``loss``, ``probabilities``, ``dlogits``."""
    return {
        "loss": forward(logits, targets),
        "probabilities": softmax(logits),
        "dlogits": backward(logits, targets),
    }
