"""How fast the training loop is, beside the book's code and PyTorch, in one run.

    pip install threadpoolctl
    python benchmarks/training_speed.py [--book CHECKOUT]

Every contender trains 784-100-100-100-100-10 with ReLU on batches of 128, one thread. They take
turns, round after round, and the median of the rounds' ratios is printed: a noisy machine slows
all of them. The floor is the matrix products alone that no loop can do without.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import sys
import time

import numpy as np
from threadpoolctl import threadpool_limits

from trainspec.conformance.effects.data import Images
from trainspec.conformance.effects.network import Design, Network
from trainspec.conformance.effects.parts import Parts
from trainspec.conformance.effects.training import train

SIZES, BATCH, ITERATIONS, ROUNDS = (784, 100, 100, 100, 100, 10), 128, 60, 9
RULES = {
    "sgd": {"learning_rate": 0.01},
    "momentum": {"learning_rate": 0.01, "momentum": 0.9},
    "adagrad": {"learning_rate": 0.01, "epsilon": 1e-7},
    "adam": {"learning_rate": 0.001, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
}
PAIRS = list(itertools.pairwise(SIZES))


def make_images(dtype):
    generator = np.random.default_rng(0)
    x = generator.random((4000, SIZES[0])).astype(dtype)
    return Images(x, np.eye(10, dtype=dtype)[generator.integers(10, size=4000)])


def count_operations():
    """Multiplications and additions of one iteration's matrix products."""
    first, *rest = [2 * BATCH * n * m for n, m in PAIRS]
    return 2 * first + 3 * sum(rest)  # the first layer's inputs need no gradient


def run_floor(images, rule):
    """The matrix products of an iteration, and nothing else."""
    x = [images.x[:BATCH]] + [np.ones((BATCH, m), images.x.dtype) for _, m in PAIRS]
    weights = [np.ones(pair, images.x.dtype) for pair in PAIRS]
    for _ in range(ITERATIONS):
        for k, W in enumerate(weights):
            x[k] @ W
            x[k].T @ x[k + 1]
            if k:
                x[k + 1] @ W.T


def run_trainspec(images, rule):
    network = Network(Parts(), Design(SIZES, dtype=images.x.dtype.name), 0)
    train(network, images, rule, RULES[rule], 0, iterations=ITERATIONS, batch=BATCH)


def make_book(checkout):
    sys.path.insert(0, checkout)
    from common import multi_layer_net, optimizer  # the book's own modules

    names = {"sgd": "SGD", "momentum": "Momentum", "adagrad": "AdaGrad", "adam": "Adam"}

    def run_book(images, rule):
        network = multi_layer_net.MultiLayerNet(784, [100] * 4, 10)
        update = getattr(optimizer, names[rule])()
        for _ in range(ITERATIONS):
            chosen = np.random.choice(len(images.x), BATCH)
            x, t = images.x[chosen], images.t[chosen]
            update.update(network.params, network.gradient(x, t))
            network.loss(x, t)  # as the book's comparison does

    return run_book


def make_torch():
    import torch  # an extra

    torch.set_num_threads(1)
    optim = torch.optim
    make = {
        "sgd": lambda p: optim.SGD(p, lr=0.01),
        "momentum": lambda p: optim.SGD(p, lr=0.01, momentum=0.9),
        "adagrad": lambda p: optim.Adagrad(p, lr=0.01),
        "adam": lambda p: optim.Adam(p, lr=0.001),
    }

    def run_torch(images, rule):
        kind = getattr(torch, images.x.dtype.name)
        layers = []
        for n, m in PAIRS:
            layers += [torch.nn.Linear(n, m, dtype=kind), torch.nn.ReLU()]
        network = torch.nn.Sequential(*layers[:-1])
        update = make[rule](network.parameters())
        x, t = torch.from_numpy(images.x), torch.from_numpy(images.t.argmax(1))
        generator = np.random.default_rng(0)
        for _ in range(ITERATIONS):
            chosen = torch.from_numpy(generator.choice(len(x), BATCH))
            update.zero_grad()
            loss = torch.nn.functional.cross_entropy(network(x[chosen]), t[chosen])
            loss.backward()
            update.step()
            loss.item()

    return run_torch


def measure(contenders, images, rule):
    """Milliseconds an iteration, of every contender in every round."""
    taken = {name: [] for name in contenders}
    for run in contenders.values():
        run(images, rule)
    for _ in range(ROUNDS):
        for name, run in contenders.items():
            start = time.perf_counter()
            run(images, rule)
            taken[name].append((time.perf_counter() - start) / ITERATIONS * 1e3)
    return taken


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--book", help="a checkout of the book's code")
    given = parser.parse_args()
    contenders = {"matrix products": run_floor, "trainspec": run_trainspec}
    if given.book:
        contenders["the book"] = make_book(given.book)
    try:
        contenders["PyTorch"] = make_torch()
    except ModuleNotFoundError:
        print("PyTorch is not installed")
    operations = count_operations()
    print(f"{operations / 1e6:.1f} million operations an iteration in matrix products")
    for dtype in ("float64", "float32"):
        images = make_images(dtype)
        sums = {name: np.zeros(ROUNDS) for name in contenders}
        for rule in RULES:
            taken = measure(contenders, images, rule)
            for name, times in taken.items():
                sums[name] += times
            told = ", ".join(f"{n} {statistics.median(t):.2f}" for n, t in taken.items())
            print(f"{dtype} {rule}: ms an iteration: {told}")
        for name, times in sums.items():
            ratio = np.median(times / sums["trainspec"])
            print(f"{dtype} all four: {name} takes {ratio:.2f} times as long as trainspec")


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
