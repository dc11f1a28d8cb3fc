"""Random search on a log scale beside a grid and Bayesian optimisation, at equal cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from trainspec.conformance.effects.data import Data, Images
from trainspec.conformance.effects.network import Design, Network
from trainspec.conformance.effects.parts import Array, Parts
from trainspec.conformance.effects.training import train_epochs

SIZES = (784, 100, 100, 100, 100, 100, 100, 10)
SAMPLES, HELD_OUT, BATCH = 500, 0.2, 100
#: Epochs of a trial; what it has reached after the first few is noted too.
EPOCHS, FEW = 30, 10
#: How many networks each strategy may train.
TRIALS, ROUND, POINTS = 25, 12, 5
#: How many learning rates Bayesian optimisation chooses among.
CANDIDATES = 200
RATES, DECAYS = (1e-6, 1e-2), (1e-8, 1e-4)
#: The ranges are narrowed to this many of the best trials.
SURVIVORS = 3
SETTINGS = ("random", "narrowed", "grid", "bayesian")
NEEDS_IMAGES = True
RANDOM = True


def run(setting: str, seed: int, parts: Parts, data: Data) -> dict[str, Any]:
    """Every trial's learning rate, weight decay and accuracies, in order."""
    search = _Search(parts, data, seed)
    {
        "random": search.draw,
        "narrowed": search.narrow,
        "grid": search.lay_grid,
        "bayesian": search.optimize,
    }[setting]()
    return search.log


class _Search:
    """A split, and the trials so far."""

    def __init__(self, parts: Parts, data: Data, seed: int) -> None:
        self.parts, self.data, self.seed = parts, data, seed
        self.generator = np.random.default_rng([seed, 5])
        few = data.train.first(SAMPLES)
        classes = few.t.argmax(1).astype(float)
        order = self.generator.permutation(SAMPLES).astype(float)
        split = parts.ask("validation_split", few.x, classes, order, ratio=HELD_OUT)
        eye = np.eye(data.train.t.shape[1])
        self.validation = Images(split["x_validation"], eye[split["labels_validation"].astype(int)])
        self.train = Images(split["x_train"], eye[split["labels_train"].astype(int)])
        self.log: dict[str, Any] = {
            name: []
            for name in ("learning_rate", "weight_decay", "validation", "after few", "test")
        }

    def draw(self) -> None:
        """Random search."""
        self._try_all(self._sample(RATES, TRIALS), self._sample(DECAYS, TRIALS))

    def narrow(self) -> None:
        """Random search in two rounds, the second within the range of the best of the first."""
        self._try_all(self._sample(RATES, ROUND), self._sample(DECAYS, ROUND))
        scores = np.array(self.log["validation"])
        ranges = []
        for name in ("learning_rate", "weight_decay"):
            values = np.array(self.log[name])
            found = self.parts.ask("narrow_range", values, scores, survivors=float(SURVIVORS))
            ranges.append((float(found["low"]), float(found["high"])))
        self._try_all(*(self._sample(bounds, TRIALS - ROUND) for bounds in ranges))

    def lay_grid(self) -> None:
        """Every pair of a learning rate and a weight decay, each from its own grid."""
        index = np.arange(POINTS, dtype=float)
        axes = [
            self.parts.ask("grid", index, low=low, high=high, points=float(POINTS))["values"]
            for low, high in (RATES, DECAYS)
        ]
        rates, decays = np.meshgrid(*axes)
        self._try_all(rates.ravel(), decays.ravel())

    def optimize(self) -> None:
        """Bayesian optimisation of the learning rate: a few random trials, then where most
        improvement is expected.
        """
        self._try_all(self._sample(RATES, ROUND // 2), self._sample(DECAYS, ROUND // 2))
        while len(self.log["validation"]) < TRIALS:
            unit = self.generator.random(CANDIDATES)
            low, high = RATES
            tried = np.log(np.array(self.log["learning_rate"]) / low) / np.log(high / low)
            scores = np.array(self.log["validation"])
            centre = scores.mean()
            model = self.parts.ask(
                "gaussian_process", tried, scores - centre, unit,
                length_scale=0.3, signal_variance=0.1, noise_variance=0.001,
            )  # fmt: skip
            best = np.asarray(scores.max() - centre)
            expected = self.parts.ask(
                "expected_improvement",
                np.asarray(model["mean"]),
                np.asarray(model["variance"]),
                best,
                xi=0.01,
            )
            chosen = unit[int(np.argmax(expected["improvement"]))]
            self._try(float(low * (high / low) ** chosen), float(self._sample(DECAYS, 1)[0]))

    def _sample(self, bounds: tuple[float, float], count: int) -> Array:
        """Random numbers on a log scale."""
        u = self.generator.random(count)
        if bounds[0] == bounds[1]:
            return np.full(count, bounds[0])
        given = {"low": bounds[0], "high": bounds[1]}
        return np.asarray(self.parts.ask("log_uniform", u, **given)["values"])

    def _try_all(self, rates: Array, decays: Array) -> None:
        for rate, decay in zip(rates, decays):
            self._try(float(rate), float(decay))

    def _try(self, rate: float, decay: float) -> None:
        """Train one network, and note how well it does."""
        number = len(self.log["validation"])
        # Every trial has weights of its own, as in the book.
        seed = self.seed * 1000 + number
        network = Network(self.parts, Design(SIZES, weight_decay=decay), seed)
        few: list[float] = []

        def note(epoch: int) -> None:
            if epoch == FEW:
                few.append(network.accuracy(self.validation.x, self.validation.t))

        train_epochs(
            network,
            self.train,
            rate,
            seed,
            epochs=EPOCHS,
            batch=BATCH,
            after_epoch=note,
        )
        test = self.data.test
        for name, value in (
            ("learning_rate", rate),
            ("weight_decay", decay),
            ("validation", network.accuracy(self.validation.x, self.validation.t)),
            ("after few", few[0]),
            ("test", network.accuracy(test.x, test.t)),
        ):
            self.log[name].append(value)


def measure(trials: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """The best of each strategy, and what of the random trials tells why."""
    figures = {}
    for strategy, trial in trials.items():
        scores = np.array(trial["validation"])
        figures[f"{strategy}: best validation"] = float(scores.max())
        figures[f"{strategy}: test of the best"] = trial["test"][int(scores.argmax())]
    if "random" in trials:
        trial = trials["random"]
        rates, scores = np.array(trial["learning_rate"]), np.array(trial["validation"])
        figures["share of rates under 1e-4"] = float(np.mean(rates < 1e-4))
        small = scores[rates < 1e-3]
        figures["best with a rate under 1e-3"] = float(small.max()) if small.size else np.nan
        figures["correlation with log rate"] = _correlate(np.log(rates), scores)
        few = np.array(trial["after few"])
        figures["correlation of few epochs with all"] = _correlate(few, scores)
        overrated = scores.max() - trial["test"][int(scores.argmax())]
        figures["validation over test, best"] = float(overrated)
    if "narrowed" in trials:
        scores = np.array(trials["narrowed"]["validation"])
        figures["gain of the second round"] = float(scores[ROUND:].mean() - scores[:ROUND].mean())
    if {"bayesian", "random"} <= trials.keys():
        later = np.array(trials["bayesian"]["validation"])[ROUND // 2 :]
        gain = later.mean() - np.mean(trials["random"]["validation"])
        figures["gain of chosen over random trials"] = float(gain)
    return figures


def _correlate(one: Array, other: Array) -> float:
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])
