"""What an implementation is instead: `results of one operation -> diagnosis`.

An answer that is wrong is held against every form that the spec page knows: its variants, its
named errors, two of them together, an unknown constant in place of one that should be free, and
a few faults of the adapter's own. Rules are run here in float64: that explains a verdict, it
does not make one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainspec.conformance import numbers
from trainspec.conformance.cases import Case
from trainspec.conformance.evaluate import FAMILIES
from trainspec.conformance.nest import array, leaves, mapped
from trainspec.conformance.outcome import Result
from trainspec.conformance.page import Page, load
from trainspec.conformance.rule import Rule, composed, compositions, parse
from trainspec.conformance.types import TYPES, FloatArray

#: A form explains an answer that is within so many tolerances of what it gives: the rule's own
#: rounding in float64, and tolerances that were derived for the canonical form, add to the one.
NEAR = 4.0


@dataclass(frozen=True)
class Diagnosis:
    """What explains the answers: `form` names it, `text` says it to a person."""

    form: str
    text: str
    explained: int
    cases: int

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Evidence:
    """The answers of an implementation to the cases of one operation in one type."""

    page: Page
    kind: str
    cases: list[Case]
    answers: list[FloatArray]
    decay: Mapping[str, float]

    def distance(self, index: int, values: FloatArray) -> float:
        """Largest distance of an answer from `values`, in tolerances."""
        case = self.cases[index]
        return apart(self.answers[index], values, case.expected, case.tolerance[self.kind], self.kind)


def apart(
    got: FloatArray, values: FloatArray, expected: FloatArray, tolerance: FloatArray, kind: str
) -> float:
    """The largest distance of `got` from `values` in tolerances, scaled with the values."""
    with np.errstate(all="ignore"):
        # A form whose values are larger than the rule's may err by so much more.
        larger = np.maximum(1.0, np.abs(values) / np.where(expected == 0, 1.0, np.abs(expected)))
        floor = 4 * TYPES[kind].roundoff * np.abs(values) + TYPES[kind].smallest_normal
        allowed = np.maximum(tolerance, floor) * np.where(np.isfinite(larger), larger, 1.0)
        error = np.abs(got - values) / allowed
        same = (got == values) | (np.isnan(got) & np.isnan(values))
        error = np.where(same, 0.0, np.where(np.isnan(error), np.inf, error))
    return float(np.max(error, initial=0.0))


def diagnosed(results: Sequence[Result]) -> Diagnosis | None:
    """The diagnosis of one operation's results in one type, or None if there is nothing to say.

    `results` should hold the passing cases too: a form must explain them all.
    """
    known = [r for r in results if r.answer is not None and not r.case.rejects]
    if not known:
        return None
    case = known[0].case
    page = load(case.technique)
    extra = {k: v for r in known for k, v in r.case.numbers().items() if k not in page.parameters}
    # Cases of ordinary numbers first: they carry the evidence, edge cases confirm it.
    known.sort(key=lambda r: (r.case.level == "edge", len(r.answer) > 500))
    evidence = Evidence(
        page, known[0].kind, [r.case for r in known], [r.answer for r in known], extra
    )
    failing = next((i for i, r in enumerate(known) if r.divergence is not None), 0)
    for search in (_own_faults, _single, _constants, _double):
        found = search(evidence, failing)
        if found is not None:
            return found
    return _nearest(evidence, failing)


def values_of(case: Case, rule: Rule, decay: Mapping[str, float]) -> FloatArray:
    """What a rule gives on a case, in float64, flat."""
    inputs = mapped(lambda t: array(t, np.float64), case.inputs)
    given = {**{name: 0.125 for name in rule.free}, **decay, **case.numbers()}
    with np.errstate(all="ignore"):
        outputs = FAMILIES[case.family](rule, inputs, given, numbers.FUNCTIONS)
    if case.keep:
        outputs = {name: [steps[t - 1] for t in case.keep] for name, steps in outputs.items()}
    flat = [np.asarray(leaf, dtype=np.float64).ravel() for _, leaf in leaves(outputs)]
    return np.concatenate(flat) if flat else np.empty(0)


def _explains(evidence: Evidence, rule: Rule, failing: int) -> bool:
    """Whether a rule gives the answers of the failing case, and then of all others."""
    order = [failing, *(i for i in range(len(evidence.cases)) if i != failing)]
    for index in order:
        case = evidence.cases[index]
        if len(evidence.answers[index]) and not (
            evidence.distance(index, values_of(case, rule, evidence.decay)) <= NEAR
        ):
            return False
    return True


def _own_faults(evidence: Evidence, failing: int) -> Diagnosis | None:
    """Faults that are not of the formula: stale arrays, an early snapshot, a narrower type."""
    every = len(evidence.cases)
    for form, text, fits in _FAULTS:
        if all(
            fits(case, answer, evidence.kind)
            for case, answer in zip(evidence.cases, evidence.answers)
            if len(answer)
        ):
            return Diagnosis(form, text, every, every)
    return None


def _single(evidence: Evidence, failing: int) -> Diagnosis | None:
    page, every = evidence.page, len(evidence.cases)
    for name, edit in page.edits.items():
        if _explains(evidence, page.rule.edited(edit, name), failing):
            return Diagnosis(name, told(page, name), every, every)
    return None


def told(page: Page, name: str) -> str:
    """A form in words: the variant or the error, and the line that it changes."""
    if not name:
        return "the canonical form"
    edit = page.variants.get(name) or page.errors[name]
    lines = "; ".join(map(str, (*edit.change.start, *edit.change.body)))
    if name in page.variants:
        return f"this is the published variant {name}: {lines}"
    return f"this is the known error {name} ({edit.text}): {lines}"


def _double(evidence: Evidence, failing: int) -> Diagnosis | None:
    page, every = evidence.page, len(evidence.cases)
    for names in compositions(page.rule, page.edits, 2):
        if _explains(evidence, composed(page.rule, page.edits, names), failing):
            text = "two changes together: " + ", and ".join(told(page, name) for name in names)
            return Diagnosis("+".join(names), text, every, every)
    return None


def _constants(evidence: Evidence, failing: int) -> Diagnosis | None:
    """A hyperparameter or a starting value that is some constant of the implementation's own."""
    page, every = evidence.page, len(evidence.cases)
    places = [(name, f"{name} = {{}}") for name in page.parameters]
    places += [(f"start of {name}", f"if t == 1: {name} = {{}}") for name in page.rule.state]
    for name, line in places:
        for constant in _solutions(evidence, failing, line):
            rule = page.rule.edited(parse(line.format(repr(constant))), name)
            if _explains(evidence, rule, failing):
                short = next(
                    float(f"{constant:.{digits}g}")
                    for digits in range(1, 18)
                    if _explains(
                        evidence,
                        page.rule.edited(parse(line.format(f"{constant:.{digits}g}")), name),
                        failing,
                    )
                )
                what = "starts at" if name.startswith("start") else "is taken as"
                text = f"{name.removeprefix('start of ')} {what} {short!r}, whatever is passed"
                return Diagnosis(f"{name}={short!r}", text, every, every)
    return None


def _solutions(evidence: Evidence, failing: int, line: str) -> Iterator[float]:
    """Constants that make the rule meet the first number that is off in the failing case."""
    case, answer = evidence.cases[failing], evidence.answers[failing]
    with np.errstate(all="ignore"):
        off = ~(np.abs(answer - case.expected) <= case.tolerance[evidence.kind])
    if not off.any() or not np.isfinite(answer[off][0]):
        return
    index = int(np.argmax(off))

    def miss(constant: float) -> float:
        rule = evidence.page.rule.edited(parse(line.format(repr(constant))))
        return float(values_of(case, rule, evidence.decay)[index] - answer[index])

    grid = sorted({0.0, *np.geomspace(1e-12, 10.0, 40).tolist(), *np.linspace(0, 1, 21).tolist()})
    misses = [miss(c) for c in grid]
    for (a, fa), (b, fb) in zip(zip(grid, misses), zip(grid[1:], misses[1:])):
        if fa == 0:
            yield a
        elif math.isfinite(fa) and math.isfinite(fb) and (fa < 0) != (fb < 0):
            yield _root(miss, a, b, fa)


def _root(f: Callable[[float], float], a: float, b: float, fa: float) -> float:
    for _ in range(80):
        middle = math.sqrt(a * b) if a > 0 else b / 4 if b > 1e-300 else (a + b) / 2
        if not a < middle < b:
            middle = (a + b) / 2
        fm = f(middle)
        if (fm < 0) == (fa < 0):
            a = middle
        else:
            b = middle
    return (a + b) / 2


def _nearest(evidence: Evidence, failing: int) -> Diagnosis:
    """No form explains it: the one that comes nearest on the failing case."""
    page, case = evidence.page, evidence.cases[failing]

    def miss(name: str) -> float:
        rule = page.rule.edited(page.edits[name], name)
        return evidence.distance(failing, values_of(case, rule, evidence.decay))

    if not page.edits:
        return Diagnosis("", "none of the known forms", 0, len(evidence.cases))
    name = min(page.edits, key=miss)
    text = (
        f"none of the known forms; the nearest is {name}, "
        f"{miss(name):.3g} tolerances away on {case.id}"
    )
    return Diagnosis("", text, 0, len(evidence.cases))


def _rows(case: Case, values: FloatArray) -> Any:
    steps = len(case.keep) if case.keep else case.steps
    return values.reshape(steps, -1) if steps else values.reshape(1, -1)


def _stale(case: Case, answer: FloatArray, kind: str) -> bool:
    rows, right = _rows(case, answer), _rows(case, case.expected)
    last = apart(rows[-1], right[-1], right[-1], _rows(case, case.tolerance[kind])[-1], kind)
    return last <= 1 and bool((rows == rows[-1]).all() or np.isnan(rows).any())


def _early(case: Case, answer: FloatArray, kind: str) -> bool:
    if case.keep:
        return True
    rows, right = _rows(case, answer), _rows(case, case.expected)
    tolerance = _rows(case, case.tolerance[kind])
    start = [v for name, v in case.inputs.items() if name == "params"]
    if not start:
        return False
    first = np.concatenate([array(t, np.float64).ravel() for _, t in leaves(start)])
    shifted = np.vstack([first[None], right[:-1]])
    return apart(rows, shifted, shifted, np.vstack([tolerance[:1], tolerance[:-1]]), kind) <= 1


def _narrow(narrow: str) -> Callable[[Case, FloatArray, str], bool]:
    def fits(case: Case, answer: FloatArray, kind: str) -> bool:
        if TYPES[narrow].precision >= TYPES[kind].precision or narrow not in case.tolerance:
            return TYPES[narrow].precision < TYPES[kind].precision
        return apart(answer, case.expected, case.expected, case.tolerance[narrow], narrow) <= 1

    return fits


_FAULTS: tuple[tuple[str, str, Callable[[Case, FloatArray, str], bool]], ...] = (
    (
        "stale-arrays",
        "every step shows the last step's values: the adapter returns one array that later steps "
        "change; return a copy after each step",
        _stale,
    ),
    (
        "before-the-step",
        "every step shows the values before it: append the parameters after the update",
        _early,
    ),
    (
        "computed-in-float32",
        "the formula is right but the digits are float32's: a constant or a state is kept in "
        "float32, or the answer went through it",
        _narrow("float32"),
    ),
    (
        "computed-in-float16",
        "the formula is right but the digits are float16's",
        _narrow("float16"),
    ),
    (
        "computed-in-bfloat16",
        "the formula is right but the digits are bfloat16's",
        _narrow("bfloat16"),
    ),
)
