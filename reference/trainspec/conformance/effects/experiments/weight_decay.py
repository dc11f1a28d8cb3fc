"""Weight decay against overfitting: 300 images, six hidden layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainspec.conformance.effects.data import Data
from trainspec.conformance.effects.network import Design, Network
from trainspec.conformance.effects.parts import Parts
from trainspec.conformance.effects.training import train_epochs

SIZES = (784, 100, 100, 100, 100, 100, 100, 10)
SAMPLES, EPOCHS, BATCH, RATE = 300, 201, 100, 0.01
DECAY = 0.1
SETTINGS = ("none", "decay")
NEEDS_IMAGES = True
RANDOM = True


def run(setting: str, seed: int, parts: Parts, data: Data) -> dict[str, Any]:
    """The accuracies after every epoch, on the images of training and of testing."""
    decay = DECAY if setting == "decay" else 0.0
    return overfit(Design(SIZES, weight_decay=decay), seed, parts, data, EPOCHS)[0]


def overfit(
    design: Design, seed: int, parts: Parts, data: Data, epochs: int
) -> tuple[dict[str, Any], Network]:
    """Train on few images with SGD: the accuracies after every epoch, and the network."""
    network, images = Network(parts, design, seed), data.train.first(SAMPLES)
    trained: list[float] = []
    tested: list[float] = []

    def note(number: int) -> None:
        if number % 10 and number != epochs:
            return  # to test takes longer than to train
        trained.append(network.accuracy(images.x, images.t))
        tested.append(network.accuracy(data.test.x, data.test.t))

    train_epochs(
        network,
        images,
        RATE,
        seed,
        epochs=epochs,
        batch=BATCH,
        after_epoch=note,
    )
    return {"train": trained, "test": tested}, network


def measure(trials: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Accuracies at the end, and the gap between training and testing."""
    figures = {}
    for setting, trial in trials.items():
        figures[f"{setting}: train"] = trial["train"][-1]
        figures[f"{setting}: test"] = trial["test"][-1]
        figures[f"{setting}: gap"] = trial["train"][-1] - trial["test"][-1]
    if len(trials) == len(SETTINGS):
        figures["narrowing of the gap"] = figures["none: gap"] - figures["decay: gap"]
    return figures
