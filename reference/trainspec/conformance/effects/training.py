"""The training loop: batches are drawn, gradients computed, and an update rule makes a step."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from trainspec.conformance.effects.data import Images
from trainspec.conformance.effects.network import Network

#: Called after every epoch with its number, from 1.
AfterEpoch = Callable[[int], None]


def train_epochs(
    network: Network,
    images: Images,
    learning_rate: float,
    seed: int,
    *,
    epochs: int,
    batch: int,
    after_epoch: AfterEpoch,
) -> None:
    """Train a network in place with SGD; an epoch has as many batches as fit into the images."""
    each = len(images.x) // batch
    train(
        network,
        images,
        "sgd",
        {"learning_rate": learning_rate},
        seed,
        iterations=epochs * each,
        batch=batch,
        epoch=each,
        after_epoch=after_epoch,
    )


def train(
    network: Network,
    images: Images,
    rule: str,
    hyperparameters: Mapping[str, float],
    seed: int,
    *,
    iterations: int,
    batch: int = 100,
    epoch: int = 0,
    after_epoch: AfterEpoch = lambda number: None,
) -> list[float]:
    """Train a network in place; the loss of every batch, before its step.

    Batches are drawn with replacement between them and within them, as the book's are. `epoch`
    is the number of iterations after which `after_epoch` is called.
    """
    batches = np.random.default_rng([seed, 3])
    dtype = network.dtype
    x, t = images.x.astype(dtype, copy=False), images.t.astype(dtype, copy=False)
    run = network.parts.start(rule, network.params, **hyperparameters)
    losses = []
    # Weights may overflow: that is one of the things to be seen.
    with np.errstate(all="ignore"):
        for iteration in range(1, iterations + 1):
            chosen = batches.choice(len(x), batch)
            loss, grads = network.compute(x[chosen], t[chosen])
            network.params = run.step(grads)
            losses.append(loss)
            if epoch and iteration % epoch == 0:
                after_epoch(iteration // epoch)
    return losses
