"""What explains a trace, as records: a form, its constants, and how many numbers it explains."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from msgspec import Struct

from trainspec.conformance.basics.names import Offering, join_form, operation_of
from trainspec.conformance.derivation.separating_case import find_separating_case
from trainspec.conformance.pages.forms import compose_rule
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.page import Page
from trainspec.conformance.pages.rule import Rule
from trainspec.conformance.traces.schedule import describe_rates
from trainspec.conformance.traces.solve import Solution
from trainspec.conformance.traces.trace import Trace


class Explanation(Struct, frozen=True, dict=True):
    """A form that explains a trace: constants, learning rates, and which of them are open.

    `explained` of `judged` numbers are within their tolerance; `largest` is the largest miss of
    those, in tolerances, and `first_miss` says where the first other one is. `counting` says how
    steps are counted for tensors that lack a gradient at some.
    """

    technique: str
    edits: tuple[str, ...]
    solution: Solution
    explained: int = 0
    judged: int = 0
    largest: float = 0.0
    first_miss: str = ""
    counting: str = ""

    @property
    def form(self) -> str:
        """The form by name: ``adam:eps-hat``."""
        return str(Offering(operation_of(self.technique), join_form(self.edits)))

    @property
    def whole(self) -> bool:
        """Whether it explains every number that is judged."""
        return self.explained == self.judged

    @property
    def published(self) -> bool:
        """Whether it is made of published variants alone."""
        return all(edit in self.page.variants for edit in self.edits)

    @cached_property
    def page(self) -> Page:
        """The page of its technique."""
        return load_page(self.technique)

    @property
    def rule(self) -> Rule:
        """Its rule."""
        return compose_rule(self.technique, self.edits)

    @property
    def simplicity(self) -> tuple[int, int, int]:
        """What comes first when explanations are sorted: whole ones, then those that say least."""
        edits = len(self.edits)
        return not self.whole, edits + len(self.solution.constants), edits

    @property
    def rates(self) -> str:
        """The learning rates in words."""
        return describe_rates(self.solution.rates)


class Explained(Struct, frozen=True):
    """All explanations of a trace, and what could not be asked of it."""

    trace: Trace
    explanations: Sequence[Explanation]
    notes: Sequence[str]

    @property
    def known(self) -> bool:
        """Whether a published form explains all of it."""
        return any(e.whole and e.published for e in self.explanations)


def explained_data(found: Explained) -> dict[str, Any]:
    """What a trace was found to be, as JSON data."""
    return {
        "steps": found.trace.steps,
        "numbers": found.trace.size,
        "type": found.trace.kind,
        "known": found.known,
        "notes": list(found.notes),
        "explanations": [
            {
                "form": e.form,
                "published": e.published,
                "constants": dict(e.solution.constants),
                "open": list(e.solution.open),
                "learning_rates": list(e.solution.rates),
                "explained": e.explained,
                "judged": e.judged,
                "largest_in_tolerances": e.largest,
                "first_miss": e.first_miss,
                "counting": e.counting,
            }
            for e in found.explanations
        ],
    }


def find_separator(one: Explanation, other: Explanation) -> str:
    """A golden case whose answers differ between two explanations, and why it exists."""
    if one.technique != other.technique:
        return ""
    case = find_separating_case(one.page, one.rule, other.rule)
    return f"{case.label}: {case.why}" if case else ""
