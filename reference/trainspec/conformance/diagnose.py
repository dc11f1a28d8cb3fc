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
from trainspec.conformance.compare import apart
from trainspec.conformance.evaluate import evaluated
from trainspec.conformance.faults import FAULTS, MISREAD
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
    """The answers of an implementation to the cases of one operation in one type.

    The first `failing` cases are those with wrong numbers; `extra` holds the hyperparameters that
    only the declared variant has.
    """

    page: Page
    kind: str
    cases: list[Case]
    answers: list[FloatArray]
    failing: int
    extra: Mapping[str, float]

    def distance(self, index: int, values: FloatArray) -> float:
        """Largest distance of an answer from `values`, in tolerances."""
        case = self.cases[index]
        return apart(
            self.answers[index], values, case.expected, case.tolerance[self.kind], self.kind
        )


def diagnosed(results: Sequence[Result]) -> Diagnosis | None:
    """The diagnosis of one operation's results in one type, or None if there is nothing to say.

    `results` should hold the passing cases too: a form must explain them all.
    """
    known = [r for r in results if r.answer is not None and not r.case.rejects]
    if not known:
        return None
    page = load(known[0].case.technique)
    extra = {k: v for r in known for k, v in r.case.numbers().items() if k not in page.parameters}
    # Failing cases of ordinary numbers first: they carry the evidence, the others confirm it.
    known.sort(key=lambda r: (not r.outcome.fails, r.case.level == "edge", r.case.steps or 0))
    evidence = Evidence(
        page,
        known[0].kind,
        [r.case for r in known],
        [r.answer for r in known],
        sum(r.divergence is not None for r in known),
        extra,
    )
    for search in (_single, _own_faults, _misreadings, _constants, _double, _narrower):
        found = search(evidence)
        if found is not None:
            return found
    return _nearest(evidence)


def values_of(case: Case, rule: Rule, extra: Mapping[str, float]) -> FloatArray:
    """What a rule gives on a case, in float64, flat."""
    inputs = mapped(lambda t: array(t, np.float64), case.inputs)
    return _run(case, rule, extra, inputs)


def _run(case: Case, rule: Rule, extra: Mapping[str, float], inputs: Any, **how: Any) -> FloatArray:
    given = {**dict.fromkeys(rule.free, 0.125), **extra, **case.numbers()}
    try:
        outputs = evaluated(
            case.technique, tuple(case.outputs), rule, inputs, given, numbers.FUNCTIONS, **how
        )
    except (ArithmeticError, ValueError, IndexError, TypeError):
        # Plain numbers may meet in a division by zero, shared states in shapes that do not fit.
        return np.full(case.expected.shape, np.nan)
    if case.keep:
        outputs = {name: [steps[t - 1] for t in case.keep] for name, steps in outputs.items()}
    flat = [np.asarray(leaf, dtype=np.float64).ravel() for _, leaf in leaves(outputs)]
    return np.concatenate(flat) if flat else np.empty(0)


def _explains(evidence: Evidence, values: Callable[[Case], FloatArray]) -> bool:
    """Whether a form's values are the answers of every case."""
    return all(
        evidence.distance(index, values(case)) <= NEAR
        for index, case in enumerate(evidence.cases)
        if len(evidence.answers[index])
    )


def _rule_explains(evidence: Evidence, rule: Rule) -> bool:
    return _explains(evidence, lambda case: values_of(case, rule, evidence.extra))


def _found(evidence: Evidence, form: str, text: str) -> Diagnosis:
    return Diagnosis(form, text, len(evidence.cases), len(evidence.cases))


def _own_faults(evidence: Evidence) -> Diagnosis | None:
    """Faults of the adapter, not of the formula: stale arrays, an early snapshot."""
    for form, text, fits in FAULTS:
        if not evidence.page.inputs and all(
            fits(case, answer, evidence.kind)
            for case, answer in zip(evidence.cases, evidence.answers)
            if len(answer)
        ):
            return _found(evidence, form, text)
    return None


def _narrower(evidence: Evidence) -> Diagnosis | None:
    """Whether the answers are right but for the digits of a narrower type.

    Every failing case must serve that type; most numbers must be off, or none have more digits.
    """
    for narrow, kind in TYPES.items():
        if kind.precision >= TYPES[evidence.kind].precision:
            continue
        failing = list(zip(evidence.cases, evidence.answers))[: evidence.failing]
        distances = [
            apart(answer, case.expected, case.expected, case.tolerance[narrow], narrow)
            if narrow in case.tolerance
            else math.inf
            for case, answer in failing
        ]
        exact = all(
            np.array_equal(answer.astype(kind.dtype).astype(np.float64), answer, equal_nan=True)
            for _, answer in failing
        )
        shares = [_off(case, answer, evidence.kind) for case, answer in failing]
        if distances and max(distances) <= 1 and (exact or min(shares) > 0.5):
            text = (
                f"the formula is right but the digits are {narrow}'s: an input, a constant or a "
                f"state is held in {narrow} on the way"
            )
            return _found(evidence, f"computed-in-{narrow}", text)
    return None


def _off(case: Case, answer: FloatArray, kind: str) -> float:
    """The share of the numbers that can be off at all which are."""
    judged = np.isfinite(case.tolerance[kind]) & (case.expected != 0)
    with np.errstate(all="ignore"):
        off = np.abs(answer - case.expected) > case.tolerance[kind]
    return float(off[judged].mean()) if judged.any() else 0.0


def _misreadings(evidence: Evidence) -> Diagnosis | None:
    """The right rule over inputs that are misread: transposed, reversed, mixed up."""
    if evidence.page.inputs:
        return None  # these are misreadings of update rules' inputs
    for form, text, change, how in MISREAD:

        def values(case: Case, change: Any = change, how: Any = how) -> FloatArray:
            inputs = mapped(lambda t: array(t, np.float64), case.inputs)
            rule = evidence.page.whole_rule(case.variant)
            return _run(case, rule, evidence.extra, change(inputs), **how)

        if _explains(evidence, values):
            return _found(evidence, form, text)
    return None


def _single(evidence: Evidence) -> Diagnosis | None:
    page = evidence.page
    for name, edit in page.edits.items():
        if _rule_explains(evidence, page.rule.edited(edit, name)):
            return _found(evidence, name, told(page, name))
    if _rule_explains(evidence, page.rule) and evidence.cases[0].variant:
        return _found(evidence, "canonical", "this is the canonical form")
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


def _double(evidence: Evidence) -> Diagnosis | None:
    page = evidence.page
    for names in compositions(page.rule, page.edits, 2):
        if _rule_explains(evidence, composed(page.rule, page.edits, names)):
            text = "two changes together: " + ", and ".join(told(page, name) for name in names)
            return _found(evidence, "+".join(names), text)
    return None


def _constants(evidence: Evidence) -> Diagnosis | None:
    """A constant of the implementation's own: in place of a hyperparameter or of a starting
    value, as a factor, or as a decay that nobody asked for.
    """
    page = evidence.page
    places = [
        (name, f"{name} = {{}}", f"{name} is taken as {{}}")
        for name in page.parameters
        if name in page.rule.free
    ]
    places += [
        (name, f"if t == 1: {name} = {{}}", f"{name} starts at {{}}") for name in page.rule.state
    ]
    places += [
        (f"{name}*", f"{name} = {{}} * {name}", f"{name} is multiplied by {{}}")
        for name in (*page.parameters, *(page.inputs or ("g",)))
        if name in page.rule.free
    ]
    if not page.inputs:
        places += [("decay", "g = g + {} * W", "a hidden weight decay of {}, coupled")]
    for name, line, words in places:
        for constant in _solutions(evidence, line):
            for digits in (1, 2, 3, 4, 5, 6, 8, 10, 12, 17):
                short = float(f"{constant:.{digits}g}")
                if abs(short - constant) > 0.01 * abs(constant):
                    continue
                rule = page.rule.edited(parse(line.format(repr(short))), name)
                if _rule_explains(evidence, rule):
                    text = words.format(repr(short)) + ", whatever is passed"
                    return _found(evidence, f"{name}={short!r}", text)
    return None


_GRID = sorted(
    {
        0.0,
        *np.geomspace(1e-12, 10.0, 40).tolist(),
        *np.linspace(0, 1, 21).tolist(),
        *(1 - np.geomspace(1e-5, 0.04, 12)).tolist(),
    }
)


def _solutions(evidence: Evidence, line: str) -> Iterator[float]:
    """Constants that make the rule meet the number that is most off in a failing case."""
    for case, answer in list(zip(evidence.cases, evidence.answers))[: min(evidence.failing, 2)]:
        with np.errstate(all="ignore"):
            off = np.abs(answer - case.expected) / np.maximum(
                case.tolerance[evidence.kind], TYPES[evidence.kind].smallest_normal
            )
        off = np.where(np.isfinite(off), off, 0.0)
        if not off.any():
            return
        index = int(np.argmax(off))

        def miss(constant: float, case: Case = case, answer: Any = answer, i: int = index) -> float:
            rule = evidence.page.rule.edited(parse(line.format(repr(constant))))
            return float(values_of(case, rule, evidence.extra)[i] - answer[i])

        misses = [miss(c) for c in _GRID]
        for (a, fa), (b, fb) in zip(zip(_GRID, misses), zip(_GRID[1:], misses[1:])):
            if fa == 0:
                yield a
            elif math.isfinite(fa) and math.isfinite(fb) and (fa < 0) != (fb < 0):
                yield _root(miss, a, b, fa)


def _root(f: Callable[[float], float], a: float, b: float, fa: float) -> float:
    """Where `f` changes its sign between `a` and `b`, by halving; of magnitudes where far apart."""
    for _ in range(80):
        middle = math.sqrt(a * b) if 0 < 2 * a < b else (a + b) / 2
        if (f(middle) < 0) == (fa < 0):
            a = middle
        else:
            b = middle
    return (a + b) / 2


#: Beyond so many tolerances a form is not near, and is not worth a word.
FAR = 1e3


def _nearest(evidence: Evidence) -> Diagnosis:
    """No form explains it: the one that comes nearest on the failing cases, if one is near."""
    page, every = evidence.page, len(evidence.cases)

    def miss(name: str) -> tuple[float, str]:
        rule = page.rule.edited(page.edits[name], name)
        return max(
            (evidence.distance(index, values_of(case, rule, evidence.extra)), case.id)
            for index, case in enumerate(evidence.cases)
            if len(evidence.answers[index])
        )

    worst = min(((*miss(name), name) for name in page.edits), default=(math.inf, "", ""))
    text = "none of the known forms"
    if worst[0] <= FAR:
        distance, case, name = worst
        text += (
            f"; the nearest is {name}, from which it parts by {distance:.3g} tolerances in {case}"
        )
    return Diagnosis("", text, 0, every)
