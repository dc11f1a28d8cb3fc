"""The pictures of the pages: `rules of the pages -> SVG`, for light pages and for dark ones.

Every curve is computed by running a page's rule; nothing is drawn by hand. Needs matplotlib, which
the extra `effects` brings.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from rich.console import Console
from rich.text import Text

from trainspec.conformance.arithmetic.float64 import FLOAT64_FUNCTIONS
from trainspec.conformance.arithmetic.run import run_rule
from trainspec.conformance.basics.names import display_form
from trainspec.conformance.basics.paths import technique_of
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.checking.check import check_cases
from trainspec.conformance.diagnosis.diagnose import diagnose
from trainspec.conformance.effects.themes import list_styles, save_by_theme
from trainspec.conformance.implementations.python_module import PythonModule
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.reporting.terminal import print_failures

Array = Any
#: The seed of whatever is drawn at random.
SEED = 6
#: How wide the terminal of the report's picture is, in characters.
COLUMNS = 124
#: The report is shown up to the line with these words.
LAST = "there the rule has"


def draw_pictures(folder: Path) -> list[Path]:
    """Draw every picture of the pages; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [path for name, draw in _DRAWN.items() for path in save_by_theme(folder / name, draw)]
    report = folder / "failure_report.svg"
    report.write_text(draw_report(), encoding="utf-8")
    return [*paths, report]


def _run(operation: str, form: str, inputs: Mapping[str, Any], **numbers: Any) -> dict[str, Any]:
    """The outputs of an operation in a form, in float64."""
    page = load_page(technique_of(operation))
    return run_rule(page, page.rule_of_form(form), inputs, numbers, FLOAT64_FUNCTIONS)


def _walk(operation: str, form: str, gradients: Array, **numbers: Any) -> Array:
    """The path of one parameter that starts at 0, under gradients known beforehand."""
    inputs = {"params": [np.zeros(1)], "grads": [[np.array([g])] for g in gradients]}
    rates = [numbers.pop("learning_rate")] * len(gradients)
    after = _run(operation, form, inputs, learning_rate=rates, **numbers)["params"]
    return np.array([0.0, *(tensors[0][0] for tensors in after)])


def _draw_bias_correction() -> Any:
    """The length of the first steps under a constant gradient, with and without correction."""
    figure, axis = plt.subplots(figsize=(6.4, 3.4))
    usual = {"learning_rate": 1.0, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
    forms = {
        "": "corrected",
        "no-bias-correction": "neither moment corrected",
        "no-correction-of-m": "only v corrected",
        "no-correction-of-v": "only m corrected",
    }
    for (form, label), (colour, dash) in zip(forms.items(), list_styles()):
        steps = -np.diff(_walk("adam", form, np.ones(60), **usual))
        axis.plot(np.arange(1, 61), steps, linestyle=dash, color=colour, label=label)
    axis.set_yscale("log")
    axis.set_xlabel("step")
    axis.set_ylabel("length of the step, in learning rates")
    axis.legend()
    return figure


def _draw_adam_variants() -> Any:
    """Published variants of Adam under one sequence of gradients, and the sequence."""
    figure, (top, bottom) = plt.subplots(
        2, 1, figsize=(6.4, 4.6), sharex=True, height_ratios=[1, 2.4]
    )
    draws = np.random.default_rng(SEED)
    steady = np.where(np.arange(80) < 45, 0.02, -0.004)
    gradients = steady + 0.01 * draws.standard_normal(80)
    gradients[12:16] += 0.12  # a few steep steps, which AMSGrad does not forget
    usual = {"learning_rate": 0.01, "beta1": 0.9, "beta2": 0.95, "epsilon": 0.01}
    top.bar(np.arange(1, 81), gradients, color=plt.rcParams["text.color"], alpha=0.5)
    top.set_ylabel("gradient")
    forms = ("", "eps-hat", "epsilon-in-root", "no-bias-correction", "amsgrad")
    for form, (colour, dash) in zip(forms, list_styles()):
        path = _walk("adam", form, gradients, **usual)
        bottom.plot(path, linestyle=dash, color=colour, label=display_form(form))
    bottom.set_xlabel("step")
    bottom.set_ylabel("parameter")
    bottom.legend()
    return figure


def _draw_normalization() -> Any:
    """What batch normalisation does to three channels: before, and after with γ and β."""
    draws = np.random.default_rng(SEED)
    x = draws.standard_normal((4000, 3)) * [0.5, 1.5, 4.0] + [-6.0, 0.0, 7.0]
    figure, axes = plt.subplots(1, 3, figsize=(9, 2.9))
    plain = (np.ones(3), np.zeros(3))
    learnt = (np.array([1.0, 0.5, 1.5]), np.array([-2.0, 0.0, 3.0]))
    shown = [("before", x)]
    for title, (gamma, beta) in (("γ = 1, β = 0", plain), ("γ and β learnt", learnt)):
        inputs = {"x": x, "gamma": gamma, "beta": beta, "dy": x}
        shown.append((title, _run("batch_normalization", "", inputs, epsilon=1e-5)["y"]))
    for axis, (title, values) in zip(axes, shown):
        for channel, (colour, dash) in enumerate(list_styles()[:3]):
            counts, edges = np.histogram(values[:, channel], 60, density=True)
            middle = (edges[1:] + edges[:-1]) / 2
            axis.plot(middle, counts, linestyle=dash, color=colour, label=f"channel {channel + 1}")
        axis.set_title(title)
        axis.set_yticks([])
    axes[0].legend(fontsize=7)
    return figure


def _draw_dropout() -> Any:
    """Units before dropout, under three masks, and at test time, for both scalings."""
    draws = np.random.default_rng(SEED)
    x = np.linspace(0.2, 1.0, 64).reshape(8, 8)
    masks = [draws.random((8, 8)) for _ in range(3)]
    figure, axes = plt.subplots(2, 4, figsize=(8, 4.2))
    for row, form in zip(axes, ("", "inverted")):
        found = [_run("dropout", form, {"x": x, "u": u, "dy": x}, ratio=0.5) for u in masks]
        shown = [*(outputs["y"] for outputs in found), found[0]["test"]]
        titles = ["step 1", "step 2", "step 3", "at test time"]
        for axis, values, title in zip(row, shown, titles):
            axis.imshow(np.where(values, values, np.nan), vmin=0, vmax=2)
            axis.set_xticks([])
            axis.set_yticks([])
            axis.grid(False)
            axis.set_title(f"{title}: mean {values.mean():.2f}", fontsize=8)
        row[0].set_ylabel(display_form(form))
    return figure


def _draw_search_space() -> Any:
    """Where 40 trials fall between 1e-6 and 1e-2: uniform, uniform in the logarithm, a grid."""
    draws = np.random.default_rng(SEED)
    u, low, high = draws.random(40), 1e-6, 1e-2
    places = {
        "uniform": low + u * (high - low),
        "log-uniform": _run("log_uniform", "", {"u": u}, low=low, high=high)["values"],
        "a grid of 8": np.repeat(
            _run("grid", "", {"index": np.arange(8.0)}, low=low, high=high, points=8)["values"], 5
        ),
    }
    figure, axis = plt.subplots(figsize=(7.2, 2.4))
    for height, ((name, values), (colour, _)) in enumerate(zip(places.items(), list_styles())):
        noise = 0.25 * (draws.random(len(values)) - 0.5)
        axis.plot(values, height + noise, "o^s"[height], color=colour, markersize=4, label=name)
    axis.set_xscale("log")
    axis.set_yticks(range(3), list(places))
    axis.set_xlabel("learning rate")
    axis.invert_yaxis()
    return figure


def _draw_activations() -> Any:
    """The three activations and their derivatives."""
    x = np.linspace(-5, 5, 401)
    figure, axes = plt.subplots(1, 2, figsize=(8, 3), sharex=True)
    for name, (colour, dash) in zip(("sigmoid", "tanh", "relu"), list_styles()):
        outputs = _run(name, "", {"x": x, "dy": np.ones_like(x)})
        axes[0].plot(x, outputs["y"], linestyle=dash, color=colour, label=name)
        axes[1].plot(x, outputs["dx"], linestyle=dash, color=colour, label=name)
    axes[0].set_ylim(-1.2, 2.2)
    axes[0].set_title("outputs")
    axes[1].set_title("derivatives")
    axes[0].legend()
    return figure


_DRAWN: Mapping[str, Callable[[], Any]] = {
    "activations": _draw_activations,
    "adam_first_steps": _draw_bias_correction,
    "adam_variants": _draw_adam_variants,
    "batch_normalization": _draw_normalization,
    "dropout": _draw_dropout,
    "search_space": _draw_search_space,
}


def draw_report() -> str:
    """The report of a failure, in colour: an Adam that adds ε before the bias correction."""
    page = load_page(technique_of("adam"))

    def adam(params: Any, grads: Any, **numbers: Any) -> Any:
        inputs = {"params": params, "grads": grads}
        rule = page.rule_of_form("eps-hat")
        return run_rule(page, rule, inputs, numbers, FLOAT64_FUNCTIONS)["params"]

    module: Any = type("my_adapter", (), {"adam": staticmethod(adam), "types": ("float64",)})
    results = list(check_cases(PythonModule(module, "my_adapter"), load_cases(["adam"])))
    diagnosis = diagnose([r for r in results if r.kind])
    printed = io.StringIO()
    terminal = Console(file=printed, force_terminal=True, width=COLUMNS, highlight=False)
    print_failures(terminal, results, diagnosis, [])
    lines = itertools.takewhile(lambda line: LAST not in line, printed.getvalue().splitlines())
    console = Console(record=True, file=io.StringIO(), width=COLUMNS)
    console.print("[bold]$ trainspec check my_adapter.py[/bold]")
    for line in lines:
        console.print(Text.from_ansi(line))
    console.print()
    # Rich's own frame loads a font from another host; this one does not.
    frame = files(__package__).joinpath("templates/terminal.svg").read_text("utf-8")
    return console.export_svg(code_format=frame, unique_id="report")
