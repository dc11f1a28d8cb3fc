"""What an implementation is: `results of one operation -> diagnosis`.

Its answers are compared with every form that the spec page knows, the simplest first: an edit
alone, mistakes of the adapter's own, a constant in place of what should be free, several variants
together, two changes, a combination with a mistake or a constant, a narrower type.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace

from trainspec.conformance.basics.names import display_form, join_form
from trainspec.conformance.basics.records import describe_record
from trainspec.conformance.cases.result import Result
from trainspec.conformance.diagnosis.broken_clauses import (
    find_clauses_of_lines,
    find_clauses_of_outputs,
)
from trainspec.conformance.diagnosis.departure import describe_departure, find_closest
from trainspec.conformance.diagnosis.evidence import NEAR, Evidence, gather_evidence
from trainspec.conformance.diagnosis.matching import Match
from trainspec.conformance.diagnosis.searches import SEARCHES, Tier
from trainspec.conformance.diagnosis.some_places import list_restricted
from trainspec.conformance.diagnosis.training_parts import WrongPart, explain_parts
from trainspec.conformance.diagnosis.wording import NO_FORM
from trainspec.conformance.pages.forms import Form, list_edits
from trainspec.conformance.pages.page import Page
from trainspec.conformance.pages.rule import Rule

#: A published form may disagree with this number of edge cases and still be what is named.
FEW = 2
#: A constant in one place that fits with so many values is not known.
UNDETERMINED = 3


class Diagnosis(Struct, frozen=True):
    """What explains the answers: `form` names it, `text` describes it.

    `edits` and `constants` are what the form is made of, `departures` the edge cases that it does
    not explain, `clauses` those that it breaks beside those of its edits, `distance` the largest
    distance of an explained answer, in tolerances. Where nothing explains them `form` is empty, and
    `nearest` names what comes closest, if anything is close. `exact` says that the answers are the
    form's, with nothing changed besides; `rule` is the whole rule, where it is known, and `lines`
    are those that are another.
    """

    form: str
    text: str
    explained: int
    cases: int
    edits: tuple[str, ...] = ()
    constants: dict[str, float] = field(default_factory=dict)
    departures: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()
    distance: float = 0.0
    nearest: str = ""
    found: Form | None = None
    exact: bool = False
    rule: Rule | None = None
    lines: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return describe_record(self, "found", "rule", "lines")


def diagnose(results: Sequence[Result], *, quick: bool = False) -> Diagnosis | None:
    """The diagnosis of one operation's results in one type, or None if there is nothing to say.

    `results` should hold the passing cases too: a form must explain them all. If no form explains
    all of them, one that explains all but edge cases is named, with those. A `quick` diagnosis
    tries no combinations of edits.
    """
    evidence = gather_evidence(results)
    return explain(evidence, quick=quick) if evidence else None


def explain(evidence: Evidence, *, quick: bool = False) -> Diagnosis:
    """The diagnosis of the evidence."""
    with np.errstate(all="ignore"):
        return _explain(evidence, quick)


def _explain(evidence: Evidence, quick: bool) -> Diagnosis:
    return _search(evidence, quick) or _find_nearest(evidence, quick)


def _search(evidence: Evidence, quick: bool) -> Diagnosis | None:
    """The simplest form that explains the answers, if there is one."""
    # Edge cases alone do not determine a constant or a combination.
    ordinary = any(evidence.ordinary(i) for i in evidence.answered if i < evidence.failing)
    most = Tier.SIMPLE if quick or (evidence.failing and not ordinary) else Tier.COMBINED
    partial: Match | None = None
    for tier in Tier:
        if tier > most:
            break
        if tier is Tier.COMBINED and partial and partial.unexplained <= FEW:
            break  # a published form that differs at an edge says more than errors that imitate it
        if tier is Tier.PUBLISHED and (of_parts := _explain_parts(evidence)):
            return of_parts
        for search in (search for search in SEARCHES if search.tier is tier):
            matches = _drop_undetermined(list(search.find(evidence)))
            whole = [match for match in matches if not match.unexplained]
            if whole:
                best = min(whole, key=lambda m: _rate(evidence, m))
                return _describe_match(evidence, best, whole)
            found = (partial, *matches) if partial else tuple(matches)
            partial = min(found, key=lambda match: match.unexplained, default=None)
    return _describe_match(evidence, partial) if partial else None


def _explain_parts(evidence: Evidence) -> Diagnosis | None:
    """What the parts of a training are, where one of them explains the answers."""
    parts = explain_parts(evidence, _explain)
    if not parts:
        return None
    # Update rules with the same known mistake are named together.
    alike: dict[Any, list[WrongPart]] = {}
    for part in parts:
        same = part.name if part.name and "change" not in part.name else part
        alike.setdefault(same, []).append(part)
    text = "; ".join(
        f"in {', '.join(part.operation for part in found)}, {found[0].text}"
        for found in alike.values()
    )
    known = [f"{part.operation}:{part.name}" for part in parts if part.name]
    every = len(evidence.cases)
    return Diagnosis(
        ", ".join(known),
        text if known else f"{NO_FORM}; {text}",
        every if len(known) == len(parts) else 0,
        every,
        clauses=_find_clauses_of_parts(evidence.page, [n for part in parts for n in part.lines]),
    )


def _find_clauses_of_parts(page: Page, lines: Sequence[str]) -> tuple[str, ...]:
    """The clauses of a training page that a network with these lines changed breaks."""
    every = {line.name for line in page.rule.body} if lines else ()
    return find_clauses_of_lines(page, lines) or find_clauses_of_lines(page, every)


def _drop_undetermined(matches: Sequence[Match]) -> list[Match]:
    """The matches without those of a constant that may be anything: the answers do not show it."""
    values: dict[tuple[Any, ...], set[float]] = {}
    for match in matches:
        if match.form and match.form.slot:
            place = match.form.slot, match.form.edits
            values.setdefault(place, set()).add(match.form.constants[match.form.slot.name])
    return [
        match
        for match in matches
        if not (match.form and match.form.slot)
        or len(values[match.form.slot, match.form.edits]) < UNDETERMINED
    ]


def _rate(evidence: Evidence, match: Match) -> tuple[int, int, int, float]:
    """Of forms that explain all: published ones, fewer constants, fewer edits, then the nearest."""
    if match.form is None:
        return 0, 0, 0, match.largest
    errors = sum(name not in evidence.page.variants for name in match.form.edits)
    return errors, len(match.form.constants), len(match.form.edits), match.largest


def _describe_match(evidence: Evidence, match: Match, others: Sequence[Match] = ()) -> Diagnosis:
    """The diagnosis that a match is; `others` explain the answers as well."""
    form, text = match.form, match.text
    alike = [
        "; ".join(other.form.words) if other.form and other.form.words else other.name
        for other in others
        if other.name != match.name and _rate(evidence, other)[:3] == _rate(evidence, match)[:3]
    ]
    if alike:
        text += f"; these answers cannot tell it from {', '.join(dict.fromkeys(alike))}"
    inexact = [d for d in match.distances if 1 < d <= NEAR]
    if inexact:
        text += f"; within {max(inexact):.3g} tolerances, which is more than the one allowed"
    off = [i for i, d in zip(evidence.answered, match.distances) if d > NEAR]
    departures = tuple(evidence.cases[i].label for i in off)
    if departures:
        text += f"; but not in {', '.join(departures)}"
    every = len(evidence.cases)
    lines = match.lines or _list_lines_of_constant(evidence, form)
    return Diagnosis(
        match.name,
        text,
        every - len(off),
        every,
        form.edits if form else match.edits,
        dict(form.constants) if form else {},
        departures,
        find_clauses_of_lines(evidence.page, lines),
        max((d for d in match.distances if d <= NEAR), default=0.0),
        found=form,
        exact=form is not None and match.name == form.display,
        rule=form.rule if form else match.rule,
        lines=lines or _list_changed_lines(evidence, form),
    )


def _list_changed_lines(evidence: Evidence, form: Form | None) -> tuple[str, ...]:
    """The lines that the edits of a form change."""
    page = evidence.page
    edits = list_edits(page.technique)
    changed = [page.rule.changed_names(edits[name]) for name in form.edits] if form else []
    return tuple(sorted(frozenset[str]().union(*changed)))


def _list_lines_of_constant(evidence: Evidence, form: Form | None) -> tuple[str, ...]:
    """The lines that a constant of the form's own changes: its own line, or all that read it."""
    if form is None or form.slot is None:
        return ()
    name, rule = form.slot.name.removesuffix("*"), evidence.page.rule
    if name in rule.assigns:
        return (name,)
    return tuple(line.name for line in rule.body if name in line.reads)


def _find_nearest(evidence: Evidence, quick: bool) -> Diagnosis:
    """No form explains it all: one that does in some places, or how the answers differ."""
    every = len(evidence.cases)
    closest = find_closest(evidence)
    if closest is None:
        return Diagnosis("", NO_FORM, 0, every)
    for where, restricted, few in list_restricted(evidence, closest[1]) if not quick else ():
        found = _search(restricted, quick=few)
        if found and found.form and len(found.departures) <= FEW:
            name = display_form(join_form(closest[0]))
            text = f"{where}, {found.text}; everywhere else, this is {name}"
            return replace(found, form=f"{found.form} {where}", text=text, cases=every, exact=False)
    name, text, outputs = describe_departure(evidence, *closest)
    clauses = find_clauses_of_outputs(evidence.page, outputs)
    return Diagnosis("", f"{NO_FORM}; {text}", 0, every, nearest=name, clauses=clauses)
