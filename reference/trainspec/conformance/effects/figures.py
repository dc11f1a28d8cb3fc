"""The pictures of the effects, for light pages and for dark ones, as SVG and PNG."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import pyplot as plt

from trainspec.conformance.effects.experiments import (
    activation_spread,
    hyperparameter_search,
    normalization_scales,
    update_paths,
)
from trainspec.conformance.effects.judge import JudgedEffect, Records
from trainspec.conformance.effects.themes import list_styles, save_by_theme
from trainspec.conformance.effects.trials import Trial

NAMES = {
    "sgd": "SGD",
    "momentum": "Momentum",
    "adagrad": "AdaGrad",
    "rmsprop": "RMSProp",
    "adam": "Adam",
}
#: Losses are smoothed over WINDOW iterations, and one in EVERY is drawn.
WINDOW, EVERY = 50, 10
#: A trial of each setting and seed, by setting.
Trials = Mapping[str, Sequence[Mapping[str, Any]]]


def draw_effects(folder: Path, found: Sequence[JudgedEffect], records: Records) -> list[Path]:
    """Draw the picture of every effect; returns the paths of the files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for effect in found:
        name = effect.effect.name
        results = {t: r.result for t, r in records.items() if t.effect == name}
        trials = _by_setting(results, effect.effect.experiment.SETTINGS)
        paths += save_by_theme(folder / name, partial(_DRAWN[name], trials), ("svg", "png"))
    return paths


def _by_setting(results: Mapping[Trial, Mapping[str, Any]], settings: Sequence[str]) -> Trials:
    """The trials of each setting, in the order of settings and seeds."""
    return {
        setting: [
            results[trial]
            for trial in sorted(results, key=lambda trial: trial.seed)
            if trial.setting == setting
        ]
        for setting in settings
    }


def _draw_paths(trials: Trials) -> Any:
    """Every update rule's path on the contours of f."""
    figure, axes = plt.subplots(2, 3, figsize=(9, 5.2), sharex=True, sharey=True)
    x, y = np.meshgrid(np.linspace(-8.5, 4, 200), np.linspace(-3.4, 3.4, 200))
    for axis, (rule, (path, *_)), (colour, _) in zip(axes.flat, trials.items(), list_styles()):
        axis.contour(x, y, x**2 / 20 + y**2, np.geomspace(0.05, 10, 9), linewidths=0.6, alpha=0.6)
        axis.plot(path["x"], path["y"], "o-", color=colour, markersize=2.5, linewidth=1.2)
        axis.plot(*update_paths.START, "s", color=colour, markersize=5)
        axis.plot(0, 0, "+", color=plt.rcParams["text.color"], markersize=9)
        axis.set_title(NAMES[rule])
        axis.grid(False)
    for axis in axes.flat[len(trials) :]:
        axis.set_axis_off()
    figure.supxlabel("x")
    figure.supylabel("y")
    return figure


def _draw_losses(trials: Trials) -> Any:
    """Loss curves: the mean over seeds, in a band from the smallest to the largest."""
    figure, axis = plt.subplots(figsize=(6.4, 3.8))
    for (setting, runs), (colour, dash) in zip(trials.items(), list_styles()):
        if len(runs[0]["loss"]) < 2 * WINDOW:
            continue  # equal weights are shown by their figures
        losses = np.array([_smooth(run["loss"]) for run in runs])[:, ::EVERY]
        iterations = np.arange(losses.shape[1]) * EVERY + WINDOW
        axis.fill_between(iterations, losses.min(0), losses.max(0), color=colour, alpha=0.18, lw=0)
        label = NAMES.get(setting, setting)
        axis.plot(iterations, losses.mean(0), linestyle=dash, color=colour, label=label)
    axis.set_yscale("log")
    axis.set_xlabel("iteration")
    axis.set_ylabel(f"training loss, mean of {WINDOW}")
    axis.legend()
    return figure


def _smooth(losses: Sequence[float]) -> Any:
    return np.convolve(losses, np.ones(WINDOW) / WINDOW, "valid")


def _draw_histograms(trials: Trials) -> Any:
    """The outputs of five layers, for every activation and scale."""
    scales, names = list(activation_spread.SCALES), activation_spread.ACTIVATIONS
    layers = activation_spread.LAYERS
    rows = len(names) * len(scales)
    figure, axes = plt.subplots(rows, layers, figsize=(8.5, 1.05 * rows))
    order = [f"{name}, {scale}" for name in names for scale in scales]
    for row, setting in zip(axes, order):
        trial = trials[setting][0]
        low, high = trial["limits"]
        edges = np.linspace(low, high, activation_spread.BINS + 1)
        colour, _ = list_styles()[names.index(setting.split(", ")[0])]
        for layer, (axis, counts) in enumerate(zip(row, trial["histogram"]), 1):
            axis.stairs(counts, edges, fill=True, color=colour)
            axis.set_yticks([])
            axis.tick_params(labelsize=6)
            axis.grid(False)
            if setting == order[0]:
                axis.set_title(f"layer {layer}")
            if setting.startswith("relu") and max(counts[1:]):
                # The many zeros of ReLU would hide the rest.
                axis.set_ylim(0, 1.3 * max(counts[1:]))
        row[0].set_ylabel(setting.replace(", ", "\n"), rotation=0, ha="right", va="center")
    return figure


def _draw_scales(trials: Trials) -> Any:
    """Sixteen panels: the accuracy by epoch with batch normalisation and without."""
    figure, axes = plt.subplots(4, 4, figsize=(8.5, 6.4), sharex=True, sharey=True)
    for axis, scale in zip(axes.flat, normalization_scales.SCALES):
        for how, (colour, dash) in zip(("with", "without"), list_styles()):
            runs = np.array([run["accuracy"] for run in trials[f"{scale:.3g}, {how}"]])
            epochs = np.arange(1, runs.shape[1] + 1)
            axis.fill_between(epochs, runs.min(0), runs.max(0), color=colour, alpha=0.18, lw=0)
            axis.plot(epochs, runs.mean(0), linestyle=dash, color=colour, label=how)
        axis.set_title(f"weights of {scale:.3g}")
        axis.set_ylim(0, 1.03)
    axes[0, 0].legend(title="batch normalisation", loc="upper left", fontsize=7)
    figure.supxlabel("epoch")
    figure.supylabel("accuracy on the training images")
    return figure


def _draw_gaps(trials: Trials) -> Any:
    """Accuracies of training and testing, a panel for each setting."""
    figure, axes = plt.subplots(1, len(trials), figsize=(8, 3.4), sharey=True)
    titles = {"none": "without", "decay": "with weight decay", "dropout": "with dropout"}
    for axis, (setting, runs) in zip(axes, trials.items()):
        for part, (colour, dash) in zip(("train", "test"), list_styles()):
            lines = np.array([run[part] for run in runs])
            epochs = np.arange(1, lines.shape[1] + 1) * 10
            axis.fill_between(epochs, lines.min(0), lines.max(0), color=colour, alpha=0.18, lw=0)
            axis.plot(epochs, lines.mean(0), linestyle=dash, color=colour, label=part)
        axis.set_title(titles[setting])
        axis.set_xlabel("epoch")
    axes[0].set_ylabel("accuracy")
    axes[0].set_ylim(0, 1.03)
    axes[0].legend(loc="lower right")
    return figure


def _draw_search(trials: Trials) -> Any:
    """Every trial by its learning rate, and the best so far of each strategy."""
    figure, (points, curves) = plt.subplots(1, 2, figsize=(8.5, 3.6), sharey=True)
    for (strategy, runs), (colour, dash) in zip(trials.items(), list_styles()):
        if strategy != "narrowed":
            first = runs[0]
            marker = {"random": "o", "grid": "s", "bayesian": "^"}[strategy]
            points.plot(
                first["learning_rate"], first["validation"], marker, color=colour, markersize=4,
                label=strategy,
            )  # fmt: skip
        best = np.array([np.maximum.accumulate(run["validation"]) for run in runs])
        tried = np.arange(1, best.shape[1] + 1)
        curves.plot(tried, best.mean(0), linestyle=dash, color=colour, label=strategy)
    points.set_xscale("log")
    points.set_xlim(*hyperparameter_search.RATES)
    points.set_xlabel("learning rate")
    points.set_ylabel("accuracy on the validation images")
    curves.set_xlabel("networks trained")
    curves.set_title("the best so far, mean over seeds")
    points.set_title("every trial of one seed")
    points.legend()
    curves.legend(loc="lower right")
    return figure


_DRAWN: Mapping[str, Callable[[Trials], Any]] = {
    "update_paths": _draw_paths,
    "optimizer_comparison": _draw_losses,
    "activation_spread": _draw_histograms,
    "initialization": _draw_losses,
    "normalization_scales": _draw_scales,
    "weight_decay": _draw_gaps,
    "dropout_gap": _draw_gaps,
    "hyperparameter_search": _draw_search,
}
