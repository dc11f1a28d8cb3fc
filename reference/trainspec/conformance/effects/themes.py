"""How pictures look: for light pages and for dark ones.

Colours are those of Okabe and Ito, which the colour-blind can tell apart; lines also differ in
their dashes, so that they can be told apart in print.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from cycler import cycler

mpl.use("Agg")
from matplotlib import pyplot as plt  # the backend is chosen first

#: The dashes of the first, second … line.
DASHES = ("-", "--", "-.", ":", (0, (3, 1, 1, 1)))
THEMES: Mapping[str, dict[str, Any]] = {
    "light": {
        "ink": "#1f2328",
        "paper": "#ffffff",
        "grid": "#d8dee4",
        "lines": ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00"),
    },
    "dark": {
        "ink": "#e6edf3",
        "paper": "#0d1117",
        "grid": "#30363d",
        "lines": ("#56B4E9", "#E6803C", "#2DB591", "#CC79A7", "#E69F00"),
    },
}


def save_by_theme(
    path: Path, draw: Callable[[], Any], endings: Sequence[str] = ("svg",)
) -> list[Path]:
    """Draw a figure once for each theme; returns the files, ``path-light.svg`` and the like."""
    paths = []
    for theme, colours in THEMES.items():
        with mpl.rc_context(make_style(colours)):
            figure = draw()
            for kind in endings:
                file = path.with_name(f"{path.name}-{theme}.{kind}")
                metadata = {"Date": None} if kind == "svg" else {}
                figure.savefig(file, dpi=144, bbox_inches="tight", metadata=metadata)
                paths.append(file)
            plt.close(figure)
    return paths


def make_style(colours: Mapping[str, Any]) -> dict[str, Any]:
    """What matplotlib is told for a theme."""
    ink, paper, grid = colours["ink"], colours["paper"], colours["grid"]
    return {
        "figure.facecolor": paper, "axes.facecolor": paper, "savefig.facecolor": paper,
        "text.color": ink, "axes.labelcolor": ink, "xtick.color": ink, "ytick.color": ink,
        "axes.edgecolor": grid, "axes.grid": True, "grid.color": grid, "grid.linewidth": 0.6,
        "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True,
        "axes.titlesize": "medium", "axes.titlelocation": "left", "legend.frameon": False,
        "legend.labelcolor": ink, "font.size": 9, "lines.linewidth": 1.6,
        "svg.hashsalt": "trainspec", "svg.fonttype": "none", "image.cmap": "cividis",
        "figure.constrained_layout.use": True,
        "axes.prop_cycle": cycler(color=colours["lines"], linestyle=DASHES),
    }  # fmt: skip


def list_styles() -> list[tuple[str, Any]]:
    """Colour and dashes of the first, second … line."""
    return [(style["color"], style["linestyle"]) for style in plt.rcParams["axes.prop_cycle"]]
