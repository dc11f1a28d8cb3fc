"""What an implementation is: `results of one operation -> diagnosis`.

Its answers are compared with every form that the spec page knows, the simplest first: an edit
alone, mistakes of the adapter's own, a constant in place of what should be free, several variants
together, two changes, a combination with a mistake or a constant, a narrower type.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trainspec.conformance.basics.names import display_form, join_form
from trainspec.conformance.cases.result import Result
from trainspec.conformance.diagnosis.evidence import (
    NEAR,
    Evidence,
    compute_values,
    gather_evidence,
)
from trainspec.conformance.diagnosis.forms import Form, compose_rule, list_published, list_single
from trainspec.conformance.diagnosis.matching import Match, list_complete
from trainspec.conformance.diagnosis.searches import SEARCHES, Tier
from trainspec.conformance.diagnosis.wording import NO_FORM, describe_first_difference

#: A published form may disagree with so many edge cases and still be what is named.
FEW = 2


@dataclass(frozen=True)
class Diagnosis:
    """What explains the answers: `form` names it, `text` describes it.

    `edits` and `constants` are what the form is made of, `departures` the edge cases that it does
    not explain, `distance` the largest distance of an explained answer, in tolerances. Where
    nothing explains them `form` is empty, and `nearest` names what comes closest, if anything is
    close. `exact` says that the answers are the form's, with nothing changed besides.
    """

    form: str
    text: str
    explained: int
    cases: int
    edits: tuple[str, ...] = ()
    constants: dict[str, float] = field(default_factory=dict)
    departures: tuple[str, ...] = ()
    distance: float = 0.0
    nearest: str = ""
    found: Form | None = field(default=None, repr=False)
    exact: bool = False

    def __str__(self) -> str:
        return self.text


def diagnose(results: Sequence[Result], *, quick: bool = False) -> Diagnosis | None:
    """The diagnosis of one operation's results in one type, or None if there is nothing to say.

    `results` should hold the passing cases too: a form must explain them all. Where none does, one
    that explains all but edge cases is named, with those. A `quick` one combines nothing.
    """
    evidence = gather_evidence(results)
    return explain(evidence, quick=quick) if evidence else None


def explain(evidence: Evidence, *, quick: bool = False) -> Diagnosis:
    """The diagnosis of the evidence."""
    with np.errstate(all="ignore"):
        return _explain(evidence, quick)


def _explain(evidence: Evidence, quick: bool) -> Diagnosis:
    # Edge cases alone do not determine a constant or a combination.
    ordinary = any(evidence.ordinary(i) for i in evidence.answered if i < evidence.failing)
    most = Tier.SIMPLE if quick or (evidence.failing and not ordinary) else Tier.COMBINED
    partial: Match | None = None
    for tier in Tier:
        if tier > most:
            break
        if tier is Tier.COMBINED and partial and partial.unexplained <= FEW:
            break  # a published form that differs at an edge says more than errors that imitate it
        for search in (search for search in SEARCHES if search.tier is tier):
            matches = list(search.find(evidence))
            whole = [match for match in matches if not match.unexplained]
            if whole:
                return _describe_match(evidence, min(whole, key=lambda m: _rate(evidence, m)))
            found = (partial, *matches) if partial else tuple(matches)
            partial = min(found, key=lambda match: match.unexplained, default=None)
    return _describe_match(evidence, partial) if partial else _find_nearest(evidence)


def _rate(evidence: Evidence, match: Match) -> tuple[int, int, int, float]:
    """Of forms that explain all: published ones, fewer constants, fewer edits, then the nearest."""
    if match.form is None:
        return 0, 0, 0, match.largest
    errors = sum(name not in evidence.page.variants for name in match.form.edits)
    return errors, len(match.form.constants), len(match.form.edits), match.largest


def _describe_match(evidence: Evidence, match: Match) -> Diagnosis:
    form, text = match.form, match.text
    off = [i for i, d in zip(evidence.answered, match.distances) if d > NEAR]
    departures = tuple(evidence.cases[i].label for i in off)
    if departures:
        text += f"; but not in {', '.join(departures)}"
    every = len(evidence.cases)
    return Diagnosis(
        match.name,
        text,
        every - len(off),
        every,
        form.edits if form else match.edits,
        dict(form.constants) if form else {},
        departures,
        max((d for d in match.distances if d <= NEAR), default=0.0),
        found=form,
        exact=form is not None and match.name == form.display,
    )


def _find_nearest(evidence: Evidence) -> Diagnosis:
    """No form explains it: the one that explains most cases, and where it differs from that."""
    page, every = evidence.page, len(evidence.cases)
    asked = evidence.short
    best: tuple[Any, ...] = (-1,)
    sets = (*list_published(page.technique), *list_single(page.technique))
    for form in list_complete(evidence, sets):
        edits = form.edits
        distances = [
            evidence.distance(i, compute_values(evidence.cases[i], form.rule), edits) for i in asked
        ]
        agreeing = sum(d <= NEAR for d in distances)
        middle = float(np.median(np.minimum(np.nan_to_num(distances, nan=np.inf), 1e300)))
        best = max(best, (agreeing, -middle, -len(edits), edits, distances), key=lambda f: f[:3])
    if best[0] < 0:
        return Diagnosis("", NO_FORM, 0, every)
    agreeing, middle, _, edits, distances = best
    off = [i for i, d in zip(asked, distances) if not d <= NEAR]
    off = off or [i for i in evidence.answered if i < evidence.failing] or evidence.answered
    index = min(off, key=lambda i: (not evidence.ordinary(i), evidence.cases[i].steps or 0))
    values = compute_values(evidence.cases[index], compose_rule(page.technique, edits))
    nearest = display_form(join_form(edits))
    text = (
        f"{NO_FORM}; the closest is {nearest}, which explains {agreeing} of {len(asked)} cases; "
        f"it differs in {evidence.cases[index].label}, "
        f"{describe_first_difference(evidence, index, values, edits)}"
    )
    return Diagnosis("", text, agreeing, len(asked), nearest=nearest, distance=-middle)
