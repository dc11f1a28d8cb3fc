"""What a trace is of: `trace -> every form that explains it, with constants and learning rates`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from trainspec.conformance.basics.names import Offering, join_form, operation_of
from trainspec.conformance.basics.tensors import spell_number
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.diagnosis.evidence import LONG, compute_values
from trainspec.conformance.diagnosis.forms import compose_rule, list_published, list_single
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.page import VARIANT_HYPERPARAMETER, Page
from trainspec.conformance.pages.rule import Rule
from trainspec.conformance.traces.replay import measure_misses
from trainspec.conformance.traces.schedule import describe_rates
from trainspec.conformance.traces.solve import Solution, find_unknown, solve
from trainspec.conformance.traces.trace import Trace

#: Constants are searched on so many numbers and steps; the whole trace then judges.
NUMBERS, STEPS = 24, 6
#: Which numbers those are.
SEED = 20
#: Where many forms explain a trace, so many of them are held to all of it.
MOST = 8
#: So many times constants are fitted again to the numbers that they miss most.
ROUNDS = 4
#: In a coarse type the search ends when so many explain it.
ENOUGH = 10
#: A trace of more numbers than this, over all steps, is large.
LARGE = 200_000


@dataclass(frozen=True)
class Explanation:
    """A form that explains a trace: constants, learning rates, and which of them are open.

    `explained` of `judged` numbers are within their tolerance; `largest` is the largest miss of
    those, in tolerances, and `first_miss` says where the first other one is.
    """

    technique: str
    edits: tuple[str, ...]
    solution: Solution
    explained: int
    judged: int
    largest: float
    first_miss: str = ""

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
    def rates(self) -> str:
        """The learning rates in words."""
        return describe_rates(self.solution.rates)


@dataclass(frozen=True)
class Explained:
    """All explanations of a trace, and what could not be asked of it."""

    trace: Trace
    explanations: Sequence[Explanation]
    notes: Sequence[str]

    @property
    def known(self) -> bool:
        """Whether a published form explains all of it."""
        return any(e.whole and e.published for e in self.explanations)


def explain_trace(
    trace: Trace, techniques: Sequence[str], tick: Callable[[], None] = lambda: None
) -> Explained:
    """Every form of the update rules `techniques` that explains a trace.

    Published forms with one learning rate are tried first, then with another one at every step,
    then named mistakes; the first kind that explains anything is what is returned.
    """
    pages = [load_page(t) for t in techniques if load_page(t).is_update_rule]
    notes = list(_list_notes(trace))
    fitting = [page for page in pages if _may_ask(trace, page, notes)]
    sample = trace.take(choose_sample(trace), STEPS)
    for rated, published in ((True, True), (False, True), (True, False)):
        if trace.rates is not None and not rated:
            continue
        found = []
        for page in fitting:
            for explanation in _try_forms(sample, page, published, rated):
                found.append(explanation)
                if trace.coarse and len(found) >= ENOUGH:
                    break
            tick()
        judged = _judge_all(trace, _drop_idle(found), rated)
        whole = [e for e in judged if e.whole]
        if whole or judged:
            kept = whole or judged
            return Explained(trace, sorted(kept, key=_simplicity), notes)
    return Explained(trace, [], notes)


def choose_sample(trace: Trace) -> Any:
    """The places of a few numbers that move; which ones is decided by a seed."""
    usable = np.isfinite(trace.params).all(0) & np.isfinite(trace.grads).all(0)
    lively = np.flatnonzero(usable & (trace.grads[0] != 0))
    chosen = lively if len(lively) else np.flatnonzero(usable)
    if len(chosen) > NUMBERS:
        chosen = np.sort(np.random.default_rng(SEED).choice(chosen, NUMBERS, replace=False))
    return chosen


def _list_notes(trace: Trace) -> Iterator[str]:
    if trace.coarse:
        yield (
            f"in {trace.kind} many rules look alike: each of those listed explains the trace, and "
            "others may; record the run in float32 or float64 to tell them apart"
        )
    if trace.left_out:
        yield (f"left out, since they lack a gradient at some step: {', '.join(trace.left_out)}")
    if trace.first_step > 1 and not trace.state:
        yield (
            f"the trace starts at step {trace.first_step} and does not give the state before it: "
            "only rules without state are asked; add the state to the trace (spec/traces.md)"
        )


def _may_ask(trace: Trace, page: Page, notes: list[str]) -> bool:
    """Whether a page's forms can be replayed from where the trace begins."""
    state = set(page.rule.state)
    if trace.state is not None and not state <= trace.state.keys():
        if state & trace.state.keys():
            notes.append(
                f"{page.name} was not asked: its state is {', '.join(page.rule.state)}, the trace "
                f"gives {', '.join(trace.state)}"
            )
        return False
    return trace.state is not None or trace.first_step == 1 or not state


def _try_forms(sample: Trace, page: Page, published: bool, rated: bool) -> Iterator[Explanation]:
    sets = list_published(page.technique) if published else list_single(page.technique)
    found: list[tuple[str, ...]] = []
    for edits in sets:
        rule = compose_rule(page.technique, edits)
        needed = set(rule.state) - (sample.state or {}).keys()
        if rule.free & {"tensor", "tensors"} or (sample.state is not None and needed):
            continue
        extra = set(find_unknown(sample, page, rule)) - page.parameters.keys()
        # A constant more explains what is explained without it.
        if extra and any(set(simpler) <= set(edits) for simpler in found):
            continue
        for solution in solve(sample, page, rule, constant_rate=rated):
            found.append(edits)
            yield Explanation(page.technique, edits, solution, 0, 0, 0.0)


def _drop_idle(found: Sequence[Explanation]) -> list[Explanation]:
    """Without those that are a simpler one with a constant that is 0, or may be anything."""
    plain = [e for e in found if 0.0 not in e.solution.constants.values() and not _is_idle(e)]
    return sorted(plain or found, key=_simplicity)


def _is_idle(explanation: Explanation) -> bool:
    """Whether a constant that only variants have does not show."""
    return any(name not in explanation.page.parameters for name in explanation.solution.open)


def _simplicity(explanation: Explanation) -> tuple[int, int, int]:
    return (
        not explanation.whole,
        len(explanation.edits) + len(explanation.solution.constants),
        len(explanation.edits),
    )


def _judge_all(trace: Trace, found: Sequence[Explanation], rated: bool) -> list[Explanation]:
    """The explanations held to the trace; of a large one, to a part of it before."""
    if trace.size * trace.steps <= LARGE:
        return [_refine(trace, e, rated) for e in found]
    part = trace.take(slice(None, None, -(-trace.size * trace.steps // LARGE)))
    refined = [_refine(part, e, rated) for e in found]
    kept = [e for e in refined if e.whole] or refined[:1]
    return [_judge(trace, e) for e in sorted(kept, key=_simplicity)[:MOST]]


def _refine(trace: Trace, explanation: Explanation, rated: bool) -> Explanation:
    """The explanation with constants that fit the numbers too which it misses most.

    A few numbers may allow constants that others rule out.
    """
    chosen, steps = choose_sample(trace), STEPS
    judged = _judge(trace, explanation)
    for _ in range(ROUNDS):
        if judged.whole:
            break
        misses = np.nan_to_num(_measure_misses(trace, judged))
        worst = np.argsort(misses.max(0))[-NUMBERS // 4 :]
        steps = max(steps, int(misses.max(1).argmax()) + 1)
        chosen = np.union1d(chosen, worst)
        sample = trace.take(chosen, steps)
        rule = explanation.rule
        for solution in solve(sample, explanation.page, rule, constant_rate=rated):
            other = Explanation(explanation.technique, explanation.edits, solution, 0, 0, 0.0)
            judged = _judge(trace, other)
            break
        else:
            break
    return judged


def _measure_misses(trace: Trace, explanation: Explanation) -> Any:
    """How far every number of a trace is from an explanation, in tolerances."""
    solution = explanation.solution
    given = {**trace.hyperparameters, **solution.constants}
    return measure_misses(trace, explanation.rule, given, solution.rates)


def _judge(trace: Trace, explanation: Explanation) -> Explanation:
    """The explanation held to every number of the trace."""
    solution = _extend_rates(trace, explanation)
    misses = _measure_misses(trace, replace(explanation, solution=solution))
    judged = ~np.isnan(misses)
    good = judged & (misses <= 1)
    first = ""
    if (judged & ~good).any():
        step, index = (int(i) for i in np.argwhere(judged & ~good)[0])
        far = spell_number(float(misses[step, index]))
        far = far if isinstance(far, str) else f"{far:.3g}"
        first = f"step {trace.first_step + step}, {trace.locate(index)}: {far} tolerances off"
    largest = float(np.max(misses, initial=0.0, where=good))
    return Explanation(
        explanation.technique, explanation.edits, solution,
        int(good.sum()), int(judged.sum()), largest, first,
    )  # fmt: skip


def _extend_rates(trace: Trace, explanation: Explanation) -> Solution:
    """The solution with a rate for every step of the whole trace."""
    solution = explanation.solution
    if trace.rates is not None:
        return Solution(solution.constants, trace.rates, solution.open)
    if len(set(solution.rates)) == 1:
        return Solution(solution.constants, [solution.rates[0]] * trace.steps, solution.open)
    # Rates differ from step to step: those after the sample are fitted to a few numbers.
    longer = trace.take(choose_sample(trace))
    fixed = replace(longer, hyperparameters={**trace.hyperparameters, **solution.constants})
    for found in solve(fixed, explanation.page, explanation.rule, constant_rate=False):
        return Solution(solution.constants, found.rates, solution.open)
    rates = [*solution.rates, *[solution.rates[-1]] * trace.steps]
    return Solution(solution.constants, rates[: trace.steps], solution.open)


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
            }
            for e in found.explanations
        ],
    }


def find_separator(one: Explanation, other: Explanation) -> str:
    """The golden case whose answers differ most between two explanations, and why it exists."""
    if one.technique != other.technique:
        return ""
    best, words = 0.0, ""
    for case in load_cases([one.technique]):
        if case.rejects or (case.steps or 0) > LONG or case.level == "edge":
            continue
        values = []
        for e in (one, other):
            missing = e.page.variant_hyperparameters(e.rule)
            more = dict.fromkeys(missing, VARIANT_HYPERPARAMETER)
            values.append(compute_values(case, e.rule, more))
        size = np.maximum(np.abs(values[0]), 1e-300)
        apart = float(np.max(np.abs(values[0] - values[1]) / size, initial=0.0))
        if apart > best:
            best, words = apart, f"{case.label}: {case.why}"
    return words
