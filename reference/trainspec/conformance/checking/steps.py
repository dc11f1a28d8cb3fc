"""Asking an implementation step by step, as a training loop does: `implementation -> results`.

An implementation that offers ``adam_start``, or the like for any update rule or sequence, is asked
for the golden cases one step at a time, for a run that is saved and restored, for two runs at
once, for steps in which gradients are missing, and, where it takes ``accumulation_steps``, for
gradients that are accumulated. Each expects numbers of the golden file, in another order.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from msgspec.structs import replace

from trainspec.conformance.basics.float_types import FloatArray
from trainspec.conformance.basics.names import (
    Subject,
    make_case_id,
    operation_of,
    start_function,
    steps_case,
)
from trainspec.conformance.basics.tensors import iterate_tensors, list_shapes, to_array
from trainspec.conformance.cases.case import STEPS, Case
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.cases.result import CallError, Outcome, Result
from trainspec.conformance.cases.script import (
    RESTORE,
    SAVE,
    START,
    STEP,
    Action,
    make_script,
    play_once,
)
from trainspec.conformance.checking.answer import flatten_answer, judge_answer
from trainspec.conformance.checking.declarations import as_declared
from trainspec.conformance.implementations.implementation import Implementation, list_offerings
from trainspec.conformance.pages.load import load_page

#: How many gradients are accumulated into one step.
MICRO_STEPS = 2
#: What each of them is of the whole gradient, step after step: exact, and with the right mean.
SHARES = ((2.0, 0.0), (0.0, 2.0), (1.0, 1.0))
OWN = "own"
#: A state may have been saved in this type.
NARROWER = {"float64": np.float32, "float32": np.float16}
OWN_COUNT = "where gradients are missing, every parameter counts its own steps"
WHY_SAVED = "A run that is resumed from a checkpoint must go on as if it had never stopped."
WHY_TWO = "Two models that are trained side by side must not share their optimizer's state."
WHY_ACCUMULATED = (
    "A large batch that is passed in parts must make the same step as when it is passed whole."
)


def list_step_cases(
    implementation: Implementation,
    techniques: Sequence[str],
    kinds: Sequence[str],
    declared: Mapping[str, str],
) -> Iterator[tuple[Case, str]]:
    """Yield every step-by-step case, with its type, of each technique and form that is offered so.

    Where an operation is offered as a whole only, one case without a type says so. `declared`
    (operation -> form) says which form the main function is.
    """
    for technique in techniques:
        operation = operation_of(technique)
        if not load_page(technique).stepwise:
            continue
        starter = start_function(operation)
        form = declared.get(starter, declared.get(operation, ""))
        if implementation.offers(starter):
            yield from _list_form(implementation, technique, kinds, "", form)
        elif implementation.offers(operation):
            yield _play(load_cases([technique])[0], "whole", ()), ""
        for one in list_offerings(implementation, starter):
            yield from _list_form(implementation, technique, kinds, one.form, one.form)


def check_step_case(implementation: Implementation, case: Case, kind: str) -> Result:
    """The result of one such case: its numbers, equal bits after restoring, who counts steps."""
    if not kind:
        return Result(case, "", Outcome.UNSUPPORTED, "not offered step by step")
    try:
        answer = implementation.call(case, kind)
        result = judge_answer(case, kind, answer)
        if result.outcome is Outcome.PASS:
            return _compare_restored(case, result, flatten_answer(case, kind, answer)[0])
        own = _count_own_steps(case)
        if own is not None:
            other = judge_answer(own, kind, answer)
            if other.outcome is Outcome.PASS:
                return Result(case, kind, Outcome.PASS, OWN_COUNT)
            if other.divergence is None:  # the numbers are right: it is something else
                return replace(other, case=case)
    except CallError as error:
        return Result(case, kind, error.outcome, str(error), fault=error.fault)
    return replace(result, message=result.message or _name_action(case, result))


def _name_action(case: Case, result: Result) -> str:
    """Which step of which run the first wrong number belongs to; empty if there is no doubt."""
    place = result.divergence.place if result.divergence else None
    if case.script is None or place is None or place.step is None:
        return ""
    asked = [action for action in case.script.actions if action.verb == STEP]
    action = asked[place.step - 1]
    if [one.step for one in asked] == [*range(1, len(asked) + 1)]:
        return ""
    part = f", with {action.scale:g} of its gradient" if case.script.more else ""
    return f"request {place.step} is step {action.step} of run {action.run!r}{part}"


def _list_form(
    implementation: Implementation, technique: str, kinds: Sequence[str], offered: str, form: str
) -> Iterator[tuple[Case, str]]:
    """What is asked of one form, type after type."""
    cases = [
        replace(as_declared(case, form), offered=offered)
        for case in load_cases([technique], ["core", "numerics", STEPS])
        if not case.rejects and case.count != OWN and not case.keep
    ]
    for kind in kinds:
        whole = [
            case
            for case in cases
            if case.level == "core" and case.steps and not case.is_long and kind in case.types
        ]
        digits = [case for case in cases if case.steps and _has_all_digits(case, kind)]
        if whole:
            for case in _list_scripts(implementation, whole, digits):
                yield case, kind
            for case in cases:
                if case.level == STEPS and kind in case.types:
                    for name, actions in _list_ways(case):
                        yield _play(case, name, actions, clauses=case.clauses), kind


def _list_ways(case: Case) -> list[tuple[str, list[Action]]]:
    """A case that is only asked step by step, played once, and saved and restored."""
    steps = case.steps or 0
    return [(case.name, play_once(steps)), (f"{case.name}-saved", _save_and_restore(steps))]


def _has_all_digits(case: Case, kind: str) -> bool:
    """Whether a case has inputs that the next narrower type does not hold, and is served."""
    narrower = NARROWER.get(kind)
    if kind not in case.types or narrower is None or case.steps in (None, 1) or case.level == STEPS:
        return False
    with np.errstate(all="ignore"):
        arrays = [to_array(leaf, np.float64) for _, leaf in iterate_tensors(case.inputs)]
        return any((a != a.astype(narrower)).any() for a in arrays if np.isfinite(a).all())


def _list_scripts(
    implementation: Implementation, cases: Sequence[Case], digits: Sequence[Case]
) -> Iterator[Case]:
    """Every golden case one step at a time, and the longest in the ways of a training loop."""
    for case in cases:
        why = f"{case.id}, asked one step at a time."
        yield _play(case, case.name, play_once(case.steps or 0), why=why)
    # The case with the most steps and tensors shows most.
    longest = max(cases, key=lambda case: len(case.expected))
    steps = longest.steps or 0
    yield _play(longest, "saved", _save_and_restore(steps), why=WHY_SAVED)
    if digits:
        # A state that is saved in a narrower type shows only where it has digits to lose.
        full = max(digits, key=lambda case: (not case.is_long, len(case.expected)))
        script = _save_and_restore(full.steps or 0)
        yield _play(full, "saved-with-all-digits", script, why=WHY_SAVED)
    yield _play(longest, "two-at-once", _alternate(steps), why=WHY_TWO)
    if "accumulation_steps" in implementation.accepts(longest.offering.starter):
        yield _accumulate(longest)


def _play(
    case: Case,
    what: str,
    actions: Sequence[Action],
    *,
    why: str = "",
    clauses: tuple[str, ...] = (),
    **more: Any,
) -> Case:
    """The case as a script; its expected numbers are those of the steps that are played."""
    name = steps_case(what)
    played = [action.step for action in actions if action.verb == STEP]
    order = _find_rows(case, played)
    return replace(
        case,
        id=make_case_id(case.operation, name),
        name=name,
        level=STEPS,
        requirement="MUST",
        clauses=clauses or (load_page(case.technique).stepwise,),
        why=why or case.why,
        steps=len(played),
        expected=case.expected[order],
        tolerance={kind: allowed[order] for kind, allowed in case.tolerance.items()},
        script=make_script(case.technique, case.inputs, actions, **more),
        subject=Subject.STEPS,
    )


def _find_rows(case: Case, steps: Sequence[int]) -> Any:
    """Where the numbers of the given steps, from 1, lie among those that a case expects."""
    order, start = [], 0
    for size in _measure_outputs(case):
        rows = np.arange(start, start + size * (case.steps or 0)).reshape(case.steps or 0, size)
        order.append(rows[[t - 1 for t in steps]].ravel())
        start += rows.size
    return np.concatenate(order)


def _measure_outputs(case: Case) -> list[int]:
    """How many numbers every output has at one step."""
    return [sum(map(math.prod, list_shapes(shape))) for shape in case.outputs.values()]


def _alternate(steps: int) -> list[Action]:
    """Two runs at once, the second a step behind the first."""
    actions = [Action(START, "a"), Action(START, "b")]
    for t in range(1, steps + 2):
        actions += [Action(STEP, "a", t)] if t <= steps else []
        actions += [Action(STEP, "b", t - 1)] if t > 1 else []
    return actions


def _save_and_restore(steps: int) -> list[Action]:
    """A run that is saved in the middle and goes on, and another that continues from there."""
    middle = max(1, steps // 2)
    before = [Action(STEP, "a", t) for t in range(1, middle + 1)]
    after = [Action(STEP, "a", t) for t in range(middle + 1, steps + 1)]
    start = [Action(START, "b", source="a"), Action(RESTORE, "b", source="a")]
    again = [replace(action, run="b") for action in after]
    return [Action(START, "a"), *before, Action(SAVE, "a"), *after, *start, *again]


def _accumulate(case: Case) -> Case:
    """The case with every gradient in parts, of which only the mean moves the parameters."""
    actions = [Action(START, "a")]
    for t in range(1, (case.steps or 0) + 1):
        actions += [Action(STEP, "a", t, scale=share) for share in SHARES[t % len(SHARES)]]
    asked = _play(case, "accumulated", actions, why=WHY_ACCUMULATED, accumulation_steps=MICRO_STEPS)
    params = [number for tensor in case.inputs["params"] for number in tensor["data"]]

    def repeat_each(numbers: FloatArray, first: FloatArray) -> FloatArray:
        after = numbers.reshape(case.steps or 0, -1)
        return np.stack([np.vstack([first[None], after[:-1]]), after], axis=1).ravel()

    exact = np.zeros(len(params))
    return replace(
        asked,
        expected=repeat_each(case.expected, np.array(params, dtype=np.float64)),
        tolerance={kind: repeat_each(own, exact) for kind, own in case.tolerance.items()},
    )


def _count_own_steps(case: Case) -> Case | None:
    """The case with missing gradients as where every parameter counts its own steps."""
    if not case.count or case.script is None:
        return None
    for own in load_cases([case.technique], [STEPS]):
        if own.count == OWN:
            return _play(as_declared(own, case.form), case.name, case.script.actions)
    return None


def _compare_restored(case: Case, result: Result, numbers: FloatArray) -> Result:
    """The result, unless a run that was restored differs from the one that was saved."""
    steps = [action for action in case.script.actions if action.verb == STEP] if case.script else []
    first = {action.step: row for row, action in reversed([*enumerate(steps)])}
    start = 0
    for size in _measure_outputs(case):
        rows = numbers[start : start + size * len(steps)].reshape(len(steps), size)
        for row, action in zip(rows, steps):
            went_on = rows[first[action.step]]
            other = steps[first[action.step]].run != action.run
            if other and not np.array_equal(went_on, row, equal_nan=True):
                message = (
                    f"run {action.run!r} does not return the same bits at step {action.step} as "
                    f"run {steps[first[action.step]].run!r}"
                )
                return replace(result, outcome=Outcome.WRONG, message=message)
        start += rows.size
    return result
