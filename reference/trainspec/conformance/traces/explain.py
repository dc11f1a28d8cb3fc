"""What a trace is of: `trace -> every form that explains it, with constants and learning rates`."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from operator import attrgetter

from msgspec.structs import replace

from trainspec.conformance.pages.forms import compose_rule, list_published, list_single
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.page import Page
from trainspec.conformance.traces.explanation import Explained, Explanation
from trainspec.conformance.traces.judge import (
    COUNTING,
    EITHER,
    judge_explanations,
    number_steps,
)
from trainspec.conformance.traces.solve import Solution, find_unknown, solve
from trainspec.conformance.traces.state import list_unknown_slots
from trainspec.conformance.traces.trace import STEPS, Trace, choose_sample, count_finite_steps

#: In a coarse type the search of a page ends when this many forms explain the trace.
ENOUGH = 10
#: Where the state was not recorded, forms of more edits than this are not tried: it takes long.
MOST_EDITS = 2
#: The most numbers of a trace that are judged, over all steps, unless all are asked for.
JUDGED = 250_000


def explain_trace(
    trace: Trace,
    techniques: Sequence[str],
    tick: Callable[[], None] = lambda: None,
    *,
    whole: bool = False,
) -> Explained:
    """Every form of the update rules `techniques` that explains a trace.

    Of a large trace a sample is judged, chosen by a seed, unless `whole` is set. Published forms
    with one learning rate are tried first, then with another one at every step, then named
    mistakes; the first kind that explains anything is what is returned.
    """
    if trace.places and not trace.numbers:
        return _explain_either_count(trace, techniques, tick, whole)
    pages = [load_page(t) for t in techniques if load_page(t).is_update_rule]
    finite = count_finite_steps(trace)
    notes = list(_list_notes(trace, finite))
    if not finite:
        return Explained(trace, [], notes)
    judgeable = trace
    if finite < trace.steps:
        judgeable = replace(trace.take(slice(None), finite), parts=())
    held = judgeable if whole else judgeable.sample(JUDGED)
    if held.size < trace.size:
        notes.append(
            f"a sample of {held.size * held.steps:,} of {trace.size * trace.steps:,} numbers was "
            "judged, chosen by a seed; --whole judges all of them"
        )
    fitting = [page for page in pages if _may_ask(judgeable, page, notes)]
    sample = judgeable.take(choose_sample(judgeable), STEPS)
    lost = trace.first_step > 1 and not trace.state
    for rated, published in ((True, True), (False, True), (True, False)):
        if not rated and (trace.rates is not None or lost):
            continue
        judged = _find_whole(held, sample, fitting, published, rated, tick)
        if judged:
            kept = [e for e in judged if e.whole] or judged
            return Explained(trace, sorted(kept, key=attrgetter("simplicity")), notes)
    return Explained(trace, [], notes)


def _find_whole(
    held: Trace,
    sample: Trace,
    pages: Sequence[Page],
    published: bool,
    rated: bool,
    tick: Callable[[], None],
) -> list[Explanation]:
    """The forms that explain a sample, held to the whole trace.

    A constant more explains what is explained without it. Forms that have one are tried where no
    other explains the whole trace, which shows more than the sample does.
    """

    @cache
    def solve_form(page: Page, edits: tuple[str, ...]) -> Solution | None:
        rule = compose_rule(page.technique, edits)
        return solve(sample, page, rule, constant_rate=rated)

    judged: list[Explanation] = []
    for richer in (False, True):
        found: list[Explanation] = []
        for page in pages:
            forms = _try_forms(sample, page, published, solve_form, richer)
            found += itertools.islice(forms, ENOUGH if held.coarse else None)
            tick()
        judged += judge_explanations(held, _drop_idle(found), rated)
        if not judged or any(e.whole for e in judged):
            break
    return judged


def _explain_either_count(
    trace: Trace, techniques: Sequence[str], tick: Callable[[], None], whole: bool
) -> Explained:
    """A trace of which every tensor lacks a gradient at some step, its steps counted either way."""
    found = {}
    for words, own in COUNTING.items():
        numbers = number_steps(trace, own)
        explained = explain_trace(replace(trace, numbers=numbers), techniques, tick, whole=whole)
        kept = [replace(e, counting=words) for e in explained.explanations]
        found[words] = replace(explained, explanations=kept)
    one, other = found.values()
    if not (one.explanations and other.explanations):
        return one if one.explanations else other
    if one.explanations[0].whole != other.explanations[0].whole:
        return one if one.explanations[0].whole else other
    # What does not read the count is explained either way.
    names = {e.form for e in other.explanations}
    both = [replace(e, counting=EITHER) if e.form in names else e for e in one.explanations]
    forms = {e.form for e in both}
    more = [e for e in other.explanations if e.form not in forms]
    return replace(one, explanations=sorted((*both, *more), key=attrgetter("simplicity")))


def _list_notes(trace: Trace, finite: int) -> Iterator[str]:
    if finite < trace.steps:
        number = trace.first_step + finite
        yield f"from step {number} on no number is finite: the {finite} steps before it are judged"
    if trace.coarse:
        yield (
            f"in {trace.kind} many rules look alike: each of those listed explains the trace, and "
            "others may, such as the same with a small weight decay; record the run in float32 or "
            "float64 to tell them apart"
        )
    if trace.left_out:
        yield f"not judged, since they move without a gradient: {', '.join(trace.left_out)}"
    if trace.first_step > 1 and not trace.state:
        yield (
            f"the trace starts at step {trace.first_step} and does not give the state before it: "
            "a state that fits is inferred, which explains more than a recorded one would; "
            "add the state to the trace (spec/traces.md)"
        )


def _may_ask(trace: Trace, page: Page, notes: list[str]) -> bool:
    """Whether a page's forms can be told apart by a trace."""
    state = set(page.rule.state)
    if trace.state is not None and not state <= trace.state.keys():
        if state & trace.state.keys():
            notes.append(
                f"{page.name} was not tried: its state is {', '.join(page.rule.state)}, the trace "
                f"gives {', '.join(trace.state)}"
            )
        return False
    unknown = list_unknown_slots(trace, page.rule)
    if len(unknown) < trace.steps:
        return True
    notes.append(
        f"{page.name} was not tried: {trace.steps} steps do not tell it, since any of them fits "
        f"some state ({', '.join(unknown)} is not in the trace)"
    )
    return False


def _try_forms(
    sample: Trace,
    page: Page,
    published: bool,
    solve_form: Callable[[Page, tuple[str, ...]], Solution | None],
    richer: bool,
) -> Iterator[Explanation]:
    """The forms of a page that explain a sample.

    A form with a constant of its own beside one that explains the sample without it is left out,
    or with `richer` set, tried alone.
    """
    sets = list_published(page.technique) if published else list_single(page.technique)
    found: list[tuple[str, ...]] = []
    for edits in sets:
        rule = compose_rule(page.technique, edits)
        needed = set(rule.state) - (sample.state or {}).keys()
        if rule.free & {"tensor", "tensors"} or (sample.state is not None and needed):
            continue
        unknown = list_unknown_slots(sample, rule)
        if len(unknown) >= sample.steps:
            continue  # some state explains any steps
        if unknown and len(edits) > MOST_EDITS:
            continue
        extra = set(find_unknown(sample, page, rule)) - page.parameters.keys()
        beside = bool(extra) and any(set(simpler) <= set(edits) for simpler in found)
        if beside and not richer:
            continue
        solution = solve_form(page, edits)
        if solution is None:
            continue
        found.append(edits)
        if beside or not richer:
            yield Explanation(page.technique, edits, solution)


def _drop_idle(found: Sequence[Explanation]) -> list[Explanation]:
    """Leave out explanations with a constant that is 0 or may be anything: a simpler one says as
    much.
    """
    plain = [e for e in found if 0.0 not in e.solution.constants.values() and not _is_idle(e)]
    return sorted(plain or found, key=attrgetter("simplicity"))


def _is_idle(explanation: Explanation) -> bool:
    """Whether a constant that only variants have does not show."""
    return any(name not in explanation.page.parameters for name in explanation.solution.open)
