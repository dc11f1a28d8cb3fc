"""The pages of the effects: what each claims, and what the reference measured over 20 seeds."""

from __future__ import annotations

import importlib
import math
from collections.abc import Mapping
from functools import cache
from typing import Any, Protocol

from msgspec import Struct

from trainspec.conformance.basics.errors import UserError
from trainspec.conformance.basics.paths import find_folder
from trainspec.conformance.effects.parts import Parts
from trainspec.conformance.pages.markdown import read_sections

FOLDER = "effects"


class Experiment(Protocol):
    """What a module of `experiments/` has."""

    SETTINGS: tuple[str, ...]
    NEEDS_IMAGES: bool
    RANDOM: bool

    def run(self, setting: str, seed: int, parts: Parts, data: Any) -> dict[str, Any]:
        """One trial, as numbers, texts and lists of numbers."""

    def measure(self, trials: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
        """The figures of one seed's trials."""


class Claim(Struct, frozen=True):
    """That the mean of a figure over the seeds lies from `low` to `high`.

    `book` is what the book's own code gives, `alarms` how often one seed of a right implementation
    is outside, from the spread over 20 seeds.
    """

    figure: str
    low: float
    high: float
    text: str
    book: str
    alarms: str

    def holds(self, value: float) -> bool:
        """Whether a mean satisfies the claim; NaN does not."""
        return self.low <= value <= self.high

    @property
    def interval(self) -> str:
        """The bounds in words."""
        if self.low == -math.inf:
            return f"at most {self.high:g}"
        if self.high == math.inf:
            return f"at least {self.low:g}"
        return f"{self.low:g} to {self.high:g}" if self.low != self.high else f"{self.low:g}"


class Effect(Struct, frozen=True):
    """A page: its title, the operations that it is about, and its claims."""

    name: str
    title: str
    about: tuple[str, ...]
    claims: tuple[Claim, ...]

    @property
    def experiment(self) -> Experiment:
        """The module that measures it."""
        return find_experiment(self.name)


def find_experiment(name: str) -> Experiment:
    """The experiment of a page."""
    module: Any = importlib.import_module(f"trainspec.conformance.effects.experiments.{name}")
    experiment: Experiment = module
    return experiment


def list_effects() -> tuple[str, ...]:
    """The names of all effects, in the order of their pages' numbers."""
    pages = (p for p in (find_folder("spec") / FOLDER).glob("*.md") if p.stem != "README")
    return tuple(sorted((p.stem for p in pages), key=lambda name: (load_effect(name).title, name)))


@cache
def load_effect(name: str) -> Effect:
    """The page of an effect. Raises `UserError` where there is none, or it cannot be read."""
    path = find_folder("spec") / FOLDER / f"{name}.md"
    if not path.is_file():
        raise UserError(f"no effect {name!r}; there are {', '.join(list_effects())}")
    return read_effect(path.read_text("utf-8"), name)


def read_effect(text: str, name: str) -> Effect:
    """Read the text of a page."""
    sections = {section.title: section for section in read_sections(text)}
    title = next((s.title for s in sections.values() if s.level == 1), name)
    if "Claims" not in sections or "At a glance" not in sections:
        raise UserError(f"effects/{name}: the page needs the tables “At a glance” and “Claims”")
    glance = {row["property"]: row["value"] for row in sections["At a glance"].rows}
    claims = tuple(
        Claim(
            row["figure"],
            float(row["from"] or -math.inf),
            float(row["to"] or math.inf),
            row["claim"],
            row["the book"],
            row["false alarms"],
        )
        for row in sections["Claims"].rows
    )
    about = tuple(word.strip(" `") for word in glance["operations"].split(","))
    return Effect(name, title, about, claims)
