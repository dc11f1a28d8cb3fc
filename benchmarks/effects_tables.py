"""Write the measured tables of the pages under spec/effects/.

    trainspec effects -s 20 --json > right.json
    trainspec effects weight_decay -s 20 --mistake l2_penalty:gradient-left-out --json > broken.json
    python benchmarks/effects_tables.py right.json broken.json …

A claim with two bounds is an interval: it is set so wide that one seed of a right implementation
lies outside once in 10,000 times, by Student's distribution of a further value beside those of
the 20 seeds. A claim with one bound keeps it. The
rates of false alarms are those of one seed.
"""

from __future__ import annotations

import json
import math
import re
import sys
from pathlib import Path

import numpy as np
from scipy import special, stats

from trainspec.conformance.effects.page import load_effect

PAGES = Path(__file__).parent.parent / "spec" / "effects"
#: One seed of a right implementation is outside an interval this often.
RATE = 1e-4


def main(right_path: str, *broken_paths: str) -> None:
    right = json.loads(Path(right_path).read_text())
    broken = [json.loads(Path(path).read_text()) for path in broken_paths]
    for name, found in right["effects"].items():
        if found["seeds"] == 1:
            continue  # nothing is random
        page = PAGES / f"{name}.md"
        text = page.read_text("utf-8")
        claims = load_effect(name).claims
        figures = {figure: np.array(values, float) for figure, values in found["figures"].items()}
        rows = [write_claim(claim, figures) for claim in claims]
        header = (
            "| claim | figure | from | to | the book | false alarms |\n|---|---|---|---|---|---|\n"
        )
        text = replace_section(text, "Claims", header + "".join(rows))
        if found["seeds"] > 1:
            text = replace_section(
                text, f"Over {found['seeds']} seeds", write_spread(claims, figures)
            )
        page.write_text(text, "utf-8")
        load_effect.cache_clear()
        tables = [
            (one["implementation"], one["effects"][name])
            for one in broken
            if name in one["effects"]
        ]
        if tables:
            whole = write_broken(name, [(right["implementation"], found), *tables])
            page.write_text(replace_section(text, "Broken techniques", whole), "utf-8")


class Model:
    """A further value beside those of the seeds: on a scale where they are near to normal.

    Accuracies are taken as logits, other positive figures as logarithms; where there is one bound
    only ratios are.
    """

    def __init__(self, figure: str, values: np.ndarray, bounds: tuple[float, float]) -> None:
        two_sided = all(map(math.isfinite, bounds))
        positive = (values > 0).all() and (two_sided or bounds[0] >= 1)
        self.forth, self.back = (np.log, np.exp) if positive else (float, float)
        shares = (": train", ": test", "best validation", "under 1e-4")
        if figure.endswith(shares) and (values < 1).all():
            self.forth, self.back = special.logit, special.expit
        taken = np.array([self.forth(value) for value in values])
        self.mean, self.freedom = taken.mean(), len(values) - 1
        self.deviation = taken.std(ddof=1) * math.sqrt(1 + 1 / len(values))

    def interval(self) -> tuple[float, float]:
        """Where a further value lies but for the rate."""
        reach = stats.t.isf(RATE / 2, self.freedom) * self.deviation
        return float(self.back(self.mean - reach)), float(self.back(self.mean + reach))

    def outside(self, low: float, high: float) -> float:
        """How often a further value lies outside."""
        chance = 0.0
        for bound, side in ((low, -1), (high, 1)):
            with np.errstate(all="ignore"):
                at = self.forth(bound)
            if math.isfinite(at):
                chance += stats.t.sf(side * (at - self.mean) / self.deviation, self.freedom)
        return chance


def write_claim(claim, figures) -> str:
    values = figures[claim.figure]
    low, high, rate = claim.low, claim.high, "never"
    if len(values) > 1 and np.ptp(values):
        model = Model(claim.figure, values, (low, high))
        if math.isfinite(low) and math.isfinite(high):
            low, high = model.interval()
            low, high = round_away(low, -1), round_away(high, 1)
        rate = f"{model.outside(low, high):.0e}"
    bounds = " | ".join(f"{bound:g}" if math.isfinite(bound) else "" for bound in (low, high))
    return f"| {claim.text} | {claim.figure} | {bounds} | {claim.book} | {rate} |\n"


def round_away(value: float, side: int) -> float:
    """To three significant digits, outwards."""
    if not value:
        return 0.0
    unit = 10.0 ** (math.floor(math.log10(abs(value))) - 2)
    rounded = math.floor(value / unit) if side < 0 else math.ceil(value / unit)
    return float(f"{rounded * unit:.6g}")


def write_spread(claims, figures) -> str:
    text = "| figure | mean | deviation | least | most |\n|---|---|---|---|---|\n"
    for figure in dict.fromkeys(claim.figure for claim in claims):
        v = figures[figure]
        text += (
            f"| {figure} | {v.mean():.4g} | {v.std(ddof=1):.2g} | {v.min():.4g} | {v.max():.4g} |\n"
        )
    return text


def write_broken(name, tables) -> str:
    claims = load_effect(name).claims
    text = "Each seed judged by itself:\n\n| parts | fails in | claims that fail |\n|---|---|---|\n"
    for label, found in tables:
        seeds, failing = found["seeds"], {}
        failed = set()
        for claim in claims:
            values = found["figures"].get(claim.figure, [])
            bad = {i for i, v in enumerate(values) if not claim.low <= float(v) <= claim.high}
            failed |= bad
            if bad:
                failing[claim.figure] = len(bad)
        told = ", ".join(f"{figure} ({n})" for figure, n in failing.items()) or "none"
        parts = re.sub(r"^trainspec reference, (.*)", r"`\1`", label)
        text += f"| {parts} | {len(failed)} of {seeds} | {told} |\n"
    return text


def replace_section(text: str, title: str, body: str) -> str:
    """The page with another body under a heading, which is added at the end where it is new."""
    found = re.search(rf"^## {title}\n.*?(?=^## |\Z)", text, re.M | re.S)
    section = f"## {title}\n\n{body}"
    if found is None:
        return f"{text.rstrip()}\n\n{section}"
    rest = text[found.end() :]
    return text[: found.start()] + section + ("\n" + rest if rest else "")


if __name__ == "__main__":
    main(*sys.argv[1:])
