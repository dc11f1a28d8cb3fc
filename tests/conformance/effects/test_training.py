"""The loop: its losses are bit for bit those of the same loop written out plainly."""

from __future__ import annotations

import numpy as np
import pytest

from effects_data import make_images
from trainspec.conformance.effects.network import Design, Network
from trainspec.conformance.effects.parts import Parts
from trainspec.conformance.effects.training import train
from trainspec.layers import affine, relu
from trainspec.losses import softmax_cross_entropy
from trainspec.optimizers import adam, sgd

DATA = make_images(5000)
SIZES = (784, 20, 20, 10)
GIVEN = {
    sgd: {"learning_rate": 0.1},
    adam: {"learning_rate": 0.01, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
}


def train_plainly(params, rule, given, seed, dtype, iterations):
    """Every pass whole, from the first layer's inputs' gradient to a second forward pass."""
    batches, found = np.random.default_rng([seed, 3]), []
    x, t = DATA.train.x.astype(dtype), DATA.train.t.astype(dtype)
    states = [rule.init(p) for p in params]
    for _ in range(iterations):
        chosen = batches.choice(len(x), 32)
        forward = [x[chosen]]
        for k in range(0, len(params) - 2, 2):
            forward += [affine.forward(forward[-1], params[k], params[k + 1])]
            forward += [relu.forward(forward[-1])]
        logits = affine.forward(forward[-1], params[-2], params[-1])
        found.append(float(softmax_cross_entropy.forward(logits, t[chosen])))
        d = softmax_cross_entropy.backward(logits, t[chosen])
        d, *last = affine.backward(d, forward[-1], params[-2])
        grads = [last]
        for k in reversed(range(0, len(params) - 2, 2)):
            d = relu.backward(d, forward[k + 1])
            d, dW, db = affine.backward(d, forward[k], params[k])
            grads.append([dW, db])
        flat = [g for layer in reversed(grads) for g in layer]
        moved = [rule.step(p, g, s, **given) for p, g, s in zip(params, flat, states)]
        params, states = [p for p, _ in moved], [s for _, s in moved]
    return found


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("rule", [sgd, adam], ids=["sgd", "adam"])
def test_losses_are_bit_for_bit_those_of_the_plain_loop(rule, dtype):
    network = Network(Parts(), Design(SIZES, dtype=dtype), 1)
    plain = train_plainly(list(network.params), rule, GIVEN[rule], 5, dtype, 30)
    name = rule.__name__.rpartition(".")[2]
    assert train(network, DATA.train, name, GIVEN[rule], 5, iterations=30, batch=32) == plain
    assert plain[-1] < plain[0]


def test_epochs_are_told_by_number():
    told = []
    network = Network(Parts(), Design((784, 10)), 1)
    given = {"learning_rate": 0.1}
    train(
        network,
        DATA.train,
        "sgd",
        given,
        0,
        iterations=7,
        batch=8,
        epoch=3,
        after_epoch=told.append,
    )
    assert told == [1, 2]
