"""Explanations held to every number of a trace, their constants fitted again where they miss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

import numpy as np
from msgspec.structs import replace

from trainspec.conformance.basics.tensors import spell_number
from trainspec.conformance.traces.explanation import Explanation
from trainspec.conformance.traces.misses import measure_misses
from trainspec.conformance.traces.solve import Solution, solve
from trainspec.conformance.traces.trace import NUMBERS, STEPS, Trace, choose_sample

#: How the steps of a tensor are numbered that lacks a gradient at some, in words; and whether that
#: number is its own.
COUNTING = {"each tensor counts its own": True, "all tensors share one count": False}
EITHER = "the count does not show"
#: A trace of more numbers than this, over all steps, is large.
LARGE = 200_000
#: At most this many explanations are checked against every number of a large trace.
MOST = 8
#: How often constants are fitted again to the numbers that they miss most.
ROUNDS = 4


def judge_explanations(
    trace: Trace, found: Sequence[Explanation], constant_rate: bool
) -> list[Explanation]:
    """The explanations held to the trace; of a large one, to a part of it before."""
    if trace.size * trace.steps <= LARGE:
        return [_judge_parts(trace, _refine(trace, e, constant_rate)) for e in found]
    part = trace.take(slice(None, None, -(-trace.size * trace.steps // LARGE)))
    refined = [_refine(part, e, constant_rate) for e in found]
    kept = [e for e in refined if e.whole] or refined[:1]
    best = sorted(kept, key=attrgetter("simplicity"))[:MOST]
    return [_judge_parts(trace, _judge(trace, e)[0]) for e in best]


def _judge_parts(trace: Trace, explanation: Explanation) -> Explanation:
    """The explanation held to the tensors that lack a gradient at some steps, too.

    A tensor that is not touched may still count such a step, or not: the way that explains more
    of them is taken.
    """
    if not trace.parts:
        return explanation
    rates = _find_rates(trace, explanation)
    parts = [part for part in trace.parts if all(place in rates for place in part.places)]
    counted = {
        words: [_judge_part(part, explanation, own, rates) for part in parts]
        for words, own in COUNTING.items()
        # A trace that is a part itself is counted in one way already.
        if not trace.numbers or trace.numbers == number_steps(trace, own)
    }
    explained = {words: sum(e.explained for e in judged) for words, judged in counted.items()}
    most = max(explained.values())
    best = [words for words in counted if explained[words] == most]
    judged = counted[best[0]]
    return replace(
        explanation,
        explained=explanation.explained + most,
        judged=explanation.judged + sum(e.judged for e in judged),
        largest=max([explanation.largest, *(e.largest for e in judged)]),
        first_miss=next((e.first_miss for e in (explanation, *judged) if e.first_miss), ""),
        counting=best[0] if len(best) == 1 else EITHER,
    )


def number_steps(part: Trace, own: bool) -> list[int]:
    """The numbers of the steps of a part, whose tensors count their `own`, or those of the run."""
    return [part.first_step + (i if own else place) for i, place in enumerate(part.places)]


def _find_rates(trace: Trace, explanation: Explanation) -> Mapping[int, float]:
    """The learning rate at every place of the recording where it is known."""
    rates = explanation.solution.rates
    if not trace.places:
        return dict(enumerate(rates))
    known = dict(zip(trace.places, rates))
    if len(set(rates)) == 1:
        last = max((place for part in trace.parts for place in part.places), default=0)
        known = dict.fromkeys(range(last + 1), rates[0]) | known
    return known


def _judge_part(
    part: Trace, explanation: Explanation, own: bool, rates: Mapping[int, float]
) -> Explanation:
    """Judge an explanation on a part whose tensors count their `own` steps, or those of the run."""
    here = replace(
        part, numbers=number_steps(part, own), rates=[rates[place] for place in part.places]
    )
    return _judge(here, explanation)[0]


def _refine(trace: Trace, explanation: Explanation, constant_rate: bool) -> Explanation:
    """The explanation, with constants that also fit the numbers which it misses most.

    A few numbers may allow constants that others rule out.
    """
    chosen, steps = choose_sample(trace), STEPS
    judged, misses = _judge(trace, explanation)
    for _ in range(ROUNDS):
        if judged.whole:
            break
        known = np.nan_to_num(misses)
        worst = np.argsort(known.max(0))[-NUMBERS // 4 :]
        steps = max(steps, int(known.max(1).argmax()) + 1)
        chosen = np.union1d(chosen, worst)
        sample = trace.take(chosen, steps)
        solution = solve(sample, judged.page, judged.rule, constant_rate=constant_rate)
        if solution is None:
            break
        judged, misses = _judge(trace, replace(explanation, solution=solution))
    return judged


def _judge(trace: Trace, explanation: Explanation) -> tuple[Explanation, Any]:
    """The explanation held to every number of the trace, and how far each is from it."""
    solution = _extend_rates(trace, explanation)
    given = {**trace.hyperparameters, **solution.constants}
    misses = measure_misses(trace, explanation.rule, given, solution.rates)
    judged = ~np.isnan(misses)
    good = judged & (misses <= 1)
    first = ""
    if (judged & ~good).any():
        step, index = (int(i) for i in np.argwhere(judged & ~good)[0])
        far = spell_number(float(misses[step, index]))
        far = far if isinstance(far, str) else f"{far:.3g}"
        number = trace.first_step + trace.place(step)
        first = f"step {number}, {trace.locate(index)}: {far} tolerances off"
    return replace(
        explanation,
        solution=solution,
        explained=int(good.sum()),
        judged=int(judged.sum()),
        largest=float(np.max(misses, initial=0.0, where=good)),
        first_miss=first,
    ), misses


def _extend_rates(trace: Trace, explanation: Explanation) -> Solution:
    """The solution with a rate for every step of the whole trace."""
    solution = explanation.solution
    if trace.rates is not None:
        return replace(solution, rates=trace.rates)
    if len(set(solution.rates)) == 1:
        return replace(solution, rates=[solution.rates[0]] * trace.steps)
    # Rates differ from step to step: those after the sample are fitted to a few numbers.
    longer = trace.take(choose_sample(trace))
    fixed = replace(longer, hyperparameters={**trace.hyperparameters, **solution.constants})
    found = solve(fixed, explanation.page, explanation.rule, constant_rate=False)
    if found is not None:
        return replace(solution, rates=found.rates)
    missing = trace.steps - len(solution.rates)
    return replace(solution, rates=[*solution.rates, *[solution.rates[-1]] * missing])
