"""Holding figures against claims: `trials -> findings`."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from msgspec import Struct

from trainspec.conformance.effects.data import CLAIMED
from trainspec.conformance.effects.page import Claim, Effect, find_experiment
from trainspec.conformance.effects.trials import Record, Trial

Records = Mapping[Trial, Record]


class Measured(Struct, frozen=True):
    """A figure of every seed."""

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Their mean."""
        return float(np.mean(self.values)) if self.values else math.nan

    @property
    def least(self) -> float:
        """The smallest."""
        return min(self.values, default=math.nan)

    @property
    def most(self) -> float:
        """The largest."""
        return max(self.values, default=math.nan)


class JudgedClaim(Struct, frozen=True):
    """A claim and what was measured; `holds` is None where it could not be measured.

    Nor is it `judged` with other images than those that it is about.
    """

    claim: Claim
    measured: Measured | None
    judged: bool = True

    @property
    def holds(self) -> bool | None:
        """Whether the mean over the seeds satisfies the claim."""
        if self.measured is None or not self.judged:
            return None
        return self.claim.holds(self.measured.mean)


class JudgedEffect(Struct, frozen=True):
    """An effect with all its figures and findings."""

    effect: Effect
    seeds: int
    figures: Mapping[str, Measured]
    findings: tuple[JudgedClaim, ...]
    used: tuple[str, ...]
    lacking: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether no claim fails, and one was measured."""
        verdicts = [finding.holds for finding in self.findings]
        return False not in verdicts and (True in verdicts or not self.judged)

    @property
    def judged(self) -> bool:
        """Whether its claims are about these images."""
        return all(finding.judged for finding in self.findings)


def judge_effect(effect: Effect, records: Records, data: str = CLAIMED) -> JudgedEffect:
    """The figures of an effect over the seeds that are complete, and whether its claims hold.

    With other images than those that the claims are about nothing is judged.
    """
    judged = data == CLAIMED or not find_experiment(effect.name).NEEDS_IMAGES
    experiment = find_experiment(effect.name)
    own = {trial: record for trial, record in records.items() if trial.effect == effect.name}
    values: dict[str, list[float]] = {}
    seeds = 0
    for seed in sorted({trial.seed for trial in own}):
        by_setting = {t.setting: r.result for t, r in own.items() if t.seed == seed}
        if len(by_setting) < len(experiment.SETTINGS):
            continue
        seeds += 1
        for figure, value in experiment.measure(by_setting).items():
            values.setdefault(figure, []).append(value)
    figures = {figure: Measured(tuple(found)) for figure, found in values.items()}
    used = sorted({name for record in own.values() for name in record.used})
    lacking = {name for record in own.values() for name in record.lacking} - set(used)
    return JudgedEffect(
        effect,
        seeds,
        figures,
        tuple(JudgedClaim(claim, figures.get(claim.figure), judged) for claim in effect.claims),
        tuple(used),
        tuple(sorted(lacking)),
    )
