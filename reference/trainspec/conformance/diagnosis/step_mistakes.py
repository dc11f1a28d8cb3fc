"""What is wrong with runs that are asked step by step: `results -> mistake`.

Every mistake is a driver that plays the case's script on the rule: a state that is not saved whole,
a gradient that is missing and counts as 0, parts of a gradient that are added. The one whose
numbers are the answers' is named.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct

from trainspec.conformance.arithmetic.float64 import FLOAT64_FUNCTIONS
from trainspec.conformance.basics.float_types import TYPES, FloatArray
from trainspec.conformance.basics.tensors import iterate_tensors, map_tensors, to_array
from trainspec.conformance.cases.case import Case
from trainspec.conformance.cases.result import CallError, Outcome, Result
from trainspec.conformance.checking.distance import measure_distance
from trainspec.conformance.diagnosis.diagnose import Diagnosis
from trainspec.conformance.diagnosis.evidence import NEAR
from trainspec.conformance.implementations.stepwise import run_script
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.page import Page
from trainspec.conformance.pages.rule import Rule, execute_lines

#: The number of gradients that are accumulated, among a run's hyperparameters.
PARTS = "accumulation_steps"
#: What `Mistake.lost` says of the count of steps, and of gradients that are kept though they should
#: not be; the other names are those of states.
COUNT, GRADIENT = "t", "gradient"


class Mistake(Struct, frozen=True):
    """A mistake around the formula, in words, and what it changes.

    `lost` are the names that a saved state lacks, `rounded` is what its numbers become; `live`
    says that what is saved changes with the run, apart from `apart`; `shared` that all runs have
    one state. `missing` is what a missing gradient does, `parts` what gradients do that are passed
    in parts. `own_count` says that every parameter counts its own steps, which is right too.
    """

    words: str
    lost: tuple[str, ...] = ()
    rounded: Callable[[Any], Any] | None = None
    live: bool = False
    apart: tuple[str, ...] = ()
    shared: bool = False
    missing: str = ""
    parts: str = "mean"
    own_count: bool = False


#: What a missing gradient may do.
MISSING = {
    "zero": "a missing gradient counts as a gradient of 0",
    "reset": "a missing gradient makes the parameter's state anew",
    "again": "where a gradient is missing, the one of before is used again",
    "state": "a missing gradient leaves the parameter as it is, and its state moves on as with 0",
    "stays": "where a gradient is missing, no parameter moves",
    "shift": "a missing gradient gives the parameters after it the states of those before them",
}
#: What gradients may do that are passed in parts.
ACCUMULATED = {
    "sum": "gradients that are accumulated are added, and their mean is not taken",
    "last": "of gradients that are accumulated only the last one counts",
    "first": "of gradients that are accumulated only the first one counts",
    "each": "every part of a gradient makes a step of its own",
    "never cleared": "accumulated gradients are not set to 0 after a step",
}


def _round_to(kind: str) -> Callable[[Any], Any]:
    return lambda value: np.asarray(value).astype(TYPES[kind].dtype).astype(np.float64)


def _write_with(template: str) -> Callable[[Any], Any]:
    """What numbers become that are written as text, and read again."""
    return np.vectorize(lambda value: float(template.format(value)), otypes=[np.float64])


#: What the numbers of a saved state may become.
ROUNDED: Mapping[str, Callable[[Any], Any]] = {
    **{f"is held in {kind}": _round_to(kind) for kind in ("float32", "float16", "bfloat16")},
    **{
        f"is written with {digits} significant digits": _write_with(f"{{:.{digits - 1}e}}")
        for digits in range(3, 13)
    },
    **{
        f"is written with {digits} decimals": _write_with(f"{{:.{digits}f}}")
        for digits in range(3, 13)
    },
}


def diagnose_steps(results: Sequence[Result]) -> Diagnosis | None:
    """The mistake that explains one offering's results step by step, or None.

    The widest type with a wrong answer is looked at.
    """
    wrong = [r for r in results if r.outcome is Outcome.WRONG and r.answer is not None]
    if not wrong:
        return None
    kind = next(kind for kind in TYPES if any(r.kind == kind for r in wrong))
    known = [r for r in results if r.kind == kind and r.answer is not None and r.case.script]
    page = load_page(known[0].case.technique)
    rule = page.rule_of_form(known[0].case.form)
    known.sort(key=lambda r: not r.outcome.fails)
    with np.errstate(all="ignore"):
        for mistake in _list_mistakes(page, rule):
            if all(_explains(mistake, page, rule, result) for result in known):
                return Diagnosis(mistake.words, mistake.words, len(known), len(known))
    return None


def _list_mistakes(page: Page, rule: Rule) -> Iterator[Mistake]:
    """Every mistake, and with it that parameters count their own steps."""
    for own in (False, True) if page.is_update_rule else (False,):
        yield Mistake("nothing of the state is saved", (*rule.state, COUNT), own_count=own)
        yield Mistake("the count of steps is not saved", (COUNT,), own_count=own)
        for name in rule.state:
            yield Mistake(f"{name} is not saved", (name,), own_count=own)
        yield Mistake(f"{', '.join(rule.state)} are not saved", rule.state, own_count=own)
        for apart in ((), (COUNT,)):
            words = "a saved state goes on changing with its run: save must return a copy"
            yield Mistake(words, live=True, apart=apart, own_count=own)
        for words, rounded in ROUNDED.items():
            yield Mistake(f"a saved state {words}", rounded=rounded, own_count=own)
        yield Mistake("all runs share one state", shared=True, own_count=own)
        if page.is_update_rule:
            for name, words in MISSING.items():
                yield Mistake(words, missing=name, own_count=own)
                yield Mistake(words, (GRADIENT,), missing=name, own_count=own)
            for name, words in ACCUMULATED.items():
                yield Mistake(words, parts=name, own_count=own)


def _explains(mistake: Mistake, page: Page, rule: Rule, result: Result) -> bool:
    """Whether the answer is what the rule returns with the mistake."""
    case = result.case
    values = _play(mistake, page, rule, case)
    allowed = case.tolerance[result.kind]
    if values is None or values.shape != result.answer.shape:
        return False
    distance = measure_distance(result.answer, values, case.expected, allowed, result.kind)
    # What is exact where it is right, a parameter that does not move, rounds where it moves.
    near = np.abs(result.answer - values) <= NEAR * np.maximum(
        allowed, np.max(allowed) + TYPES[result.kind].roundoff * np.abs(values)
    )
    return bool(distance <= NEAR or near.all())


def _play(mistake: Mistake, page: Page, rule: Rule, case: Case) -> FloatArray | None:
    """The numbers of a case's script, played with the mistake, flat."""
    assert case.script is not None
    inputs = map_tensors(lambda t: to_array(t, np.float64), case.inputs)
    try:
        outputs = run_script(case.script, inputs, case.numbers(), _Runs(mistake, page, rule))
    except (CallError, ArithmeticError, LookupError, NameError, TypeError, ValueError):
        return None
    leaves = [np.ravel(leaf) for _, leaf in iterate_tensors(outputs)]
    return np.concatenate(leaves).astype(np.float64) if leaves else None


class _State:
    """What a run remembers: of every parameter its states, the steps, and gradients so far."""

    def __init__(self, tensors: int) -> None:
        self.states: list[dict[str, Any]] = [{} for _ in range(tensors)]
        self.t = 0
        self.made = [0] * tensors
        self.parts: list[list[Any]] = []
        self.before: list[Any] = [None] * tensors


class _Runs:
    """A driver of `run_script` that computes the rule in float64, with a mistake."""

    def __init__(self, mistake: Mistake, page: Page, rule: Rule) -> None:
        self.mistake, self.page, self.rule = mistake, page, rule
        self.given: dict[str, dict[str, Any]] = {}
        self.params: dict[str, list[Any]] = {}
        self.held: dict[str, _State] = {}

    def start(self, run: str, inputs: Mapping[str, Any], numbers: Mapping[str, Any]) -> None:
        params = list(inputs["params"]) if self.page.is_update_rule else [None]
        self.given[run] = {**FLOAT64_FUNCTIONS, **inputs, **numbers, "tensors": len(params)}
        self.params[run] = params
        fresh = _State(len(params))
        self.held[run] = self.held.get("shared", fresh) if self.mistake.shared else fresh
        if self.mistake.shared:
            self.held["shared"] = self.held[run]

    def step(self, run: str, inputs: Mapping[str, Any], numbers: Mapping[str, Any]) -> Any:
        names = {**self.given[run], **numbers}
        if not self.page.is_update_rule:
            return self._step_once(self.held[run], {**names, **inputs})
        state, (grads,) = self.held[run], inputs.values()
        whole = self._accumulate(state, list(grads), int(names.get(PARTS, 1)))
        if whole is not None:
            self._update(run, state, whole, names)
        return list(self.params[run])

    def save(self, run: str) -> Any:
        state = self.held[run]
        if not self.mistake.live:
            return copy.deepcopy(state)
        if not self.mistake.apart:
            return state
        saved = copy.copy(state)  # its arrays are the run's, and its count is not
        saved.made = [*state.made]
        return saved

    def restore(self, run: str, state: Any) -> None:
        held, lost = self.held[run], self.mistake.lost
        saved = copy.deepcopy(state)
        round_all = self.mistake.rounded or np.asarray
        held.states = [
            {name: round_all(value) for name, value in one.items() if name not in lost}
            for one in saved.states
        ]
        if GRADIENT not in lost:
            held.before = saved.before
        if COUNT not in lost:
            held.t, held.made = saved.t, saved.made

    def end(self, run: str) -> None:
        """Nothing is held elsewhere."""

    def _step_once(self, state: _State, names: dict[str, Any]) -> dict[str, Any]:
        """A step of a sequence."""
        state.t += 1
        after = self._compute(state.states[0], {**names, "t": state.t})
        return {name: after[name] for name in self.page.outputs}

    def _compute(self, own: dict[str, Any], names: dict[str, Any]) -> dict[str, Any]:
        """Run the lines; what is not known of the state has its first value."""
        start, body = self.rule.code
        execute_lines(start, names)
        names.update(own)
        execute_lines(body, names)
        own.update({name: names[name] for name in self.rule.state})
        return names

    def _accumulate(self, state: _State, grads: list[Any], count: int) -> list[Any] | None:
        """The gradients that a step is made with, or None while they are collected."""
        if count == 1 or self.mistake.parts == "each":
            return grads
        state.parts.append(grads)
        if len(state.parts) % count:
            return None
        parts = state.parts
        if self.mistake.parts != "never cleared":
            state.parts = []
        chosen = {"last": parts[-1:], "first": parts[:1]}.get(self.mistake.parts, parts)
        divisor = 1 if self.mistake.parts in ("sum", "last", "first") else count
        return [sum(each) / divisor for each in zip(*chosen)]

    def _update(self, run: str, state: _State, grads: list[Any], given: Mapping[str, Any]) -> None:
        """One step of every parameter."""
        state.t += 1
        kind = self.mistake.missing
        if kind == "stays" and any(g is None for g in grads):
            return
        present = [k for k, g in enumerate(grads) if g is not None]
        for k, gradient in enumerate(grads):
            W, g = self.params[run][k], gradient
            if gradient is None:
                if kind == "reset":
                    state.states[k] = {}
                g = state.before[k] if kind == "again" else np.zeros_like(W)
                if kind not in ("zero", "state", "again") or g is None:
                    continue
            state.made[k] += 1
            t = state.made[k] if self.mistake.own_count else state.t
            names = {**given, "t": t, "tensor": k, "W": W, "g": g}
            own = present.index(k) if kind == "shift" and k in present else k
            after = self._compute(state.states[own], names)
            if not (gradient is None and kind == "state"):
                self.params[run][k] = after["W"]
            state.before[k] = g
