"""A training taken apart: `answers -> what the network and the update rules in it are`.

Every step starts from the parameters that the answer itself has, so that each can be judged alone.
With the network's gradients the parameters are steps of an update rule, which are compared with
the forms of its page. Steps of SGD show which gradients were used, and these are compared with the
forms of the network's page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from msgspec import Struct

from trainspec.conformance.basics.float_types import FloatArray
from trainspec.conformance.basics.paths import technique_of
from trainspec.conformance.cases.case import Case
from trainspec.conformance.diagnosis.evidence import Evidence
from trainspec.conformance.diagnosis.training_runs import (
    READINGS,
    Reading,
    TrainingRun,
    find_network,
    list_moved,
    list_runs,
    read_moved,
)
from trainspec.conformance.diagnosis.wording import describe_edit
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.page import Page
from trainspec.conformance.pages.parts import TRAINING
from trainspec.conformance.pages.rule import Rule

SGD = "sgd"


class WrongPart(Struct, frozen=True):
    """What a part of a training is: the operation, the form's name, and its description.

    The name is empty where no form is known. `lines` are those of the network's rule that are
    another.
    """

    operation: str
    name: str
    text: str
    lines: tuple[str, ...] = ()


class DiagnosisLike(Protocol):
    """A diagnosis: the form's name, "canonical" where it is right and "" where none is known."""

    @property
    def form(self) -> str: ...

    @property
    def text(self) -> str: ...

    @property
    def rule(self) -> Rule | None: ...

    @property
    def lines(self) -> Sequence[str]: ...


#: Explains the evidence of a part; with True it tries the simplest forms only.
Explain = Callable[[Evidence, bool], DiagnosisLike]


def explain_parts(evidence: Evidence, explain: Explain) -> list[WrongPart]:
    """What is wrong in the parts of a training; empty where they do not explain the answers."""
    if evidence.page.kind != TRAINING:
        return []
    runs = list(list_runs(evidence))
    if not runs:
        return []
    network = load_page(find_network(evidence.page))
    readings = (*READINGS, *list_moved(evidence.page))
    right = [r for r in readings if all(run.has_losses(network.rule, r) for run in runs)]
    # Update rules take long to explain where the gradients are wrong: the simplest forms first.
    for quick in (True, False):
        for reading in right:
            wrong = [WrongPart("training", reading.name, reading.text)] if reading.name else []
            rule = read_moved(network, runs[0].page, reading.moved)
            rules = _explain_rules(runs, rule, reading, explain, quick)
            if (wrong or rules) and (not quick or all(rule.name for rule in rules)):
                return [*wrong, *rules]
        if quick and not right and (found := _explain_losses(runs, network, explain)):
            return found
        if quick and (found := _explain_network(runs, network, explain)):
            return found
    return []


def _explain_losses(
    runs: Sequence[TrainingRun], network: Page, explain: Explain
) -> list[WrongPart]:
    """A known form of the network that has these losses, and what the update rules are with it."""
    for name in network.edits:
        rule = network.rule_of_form(name)
        if all(run.has_losses(rule, READINGS[0]) for run in runs):
            lines = network.rule.changed_names(network.changes[name])
            found = WrongPart(
                network.name, name, describe_edit(network, name), tuple(sorted(lines))
            )
            rules = _explain_rules(runs, rule, READINGS[0], explain, False)
            if all(rule.name for rule in rules):
                return [found, *rules]
    return []


def _explain_network(
    runs: Sequence[TrainingRun], network: Page, explain: Explain
) -> list[WrongPart]:
    """What the network is, by the gradients that steps of SGD show, and the update rules then.

    Where no form of the network is known, nothing can be said of the update rules.
    """
    shown = [run for run in runs if run.rule == SGD]
    cases = [step for run in shown for step in run.network_steps(network)]
    if not cases:
        return []
    is_it = explain(_gather(network, runs[0].kind, cases), False)
    if is_it.form == "canonical":
        return []
    found = [WrongPart(network.name, is_it.form, is_it.text, tuple(is_it.lines))]
    if is_it.rule:
        found += _explain_rules(runs, is_it.rule, READINGS[0], explain, False)
    return found


def _explain_rules(
    runs: Sequence[TrainingRun], network: Rule, reading: Reading, explain: Explain, quick: bool
) -> list[WrongPart]:
    """What the update rules are that are not as their pages say."""
    found = []
    for rule in dict.fromkeys(run.rule for run in runs):
        page = load_page(technique_of(rule))
        cases = [run.update_steps(page, network, reading) for run in runs if run.rule == rule]
        is_it = explain(_gather(page, runs[0].kind, cases), quick)
        if is_it.form != "canonical":
            found.append(WrongPart(rule, is_it.form, is_it.text))
    return found


def _gather(page: Page, kind: str, pairs: Sequence[tuple[Case, FloatArray]]) -> Evidence:
    """Evidence of a page's operation: cases and the answers to them, all to be explained."""
    cases, answers = zip(*pairs)
    return Evidence(page, kind, cases, answers, len(cases), frozenset())
