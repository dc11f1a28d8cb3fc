"""What an implementation is: `results of one operation -> diagnosis`.

Its answers are held against every form that the spec page knows, the simplest first: an edit
alone, faults of the adapter's own, a constant in place of what should be free, several variants
together, two changes, a combination with a fault or a constant, a narrower type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from trainspec.conformance import forms
from trainspec.conformance.cases import Case
from trainspec.conformance.compare import apart, first_off, place
from trainspec.conformance.evidence import NEAR, Evidence, gathered, values_of, widest
from trainspec.conformance.faults import FAULTS, MISREAD
from trainspec.conformance.forms import Form
from trainspec.conformance.nest import array, mapped
from trainspec.conformance.outcome import Result
from trainspec.conformance.page import Page
from trainspec.conformance.types import TYPES, FloatArray


@dataclass(frozen=True)
class Diagnosis:
    """What explains the answers: `form` names it, `text` says it to a person.

    `edits` and `constants` are what the form is made of, `departures` the edge cases that it does
    not explain, `distance` the largest distance of an explained answer, in tolerances. Where
    nothing explains them `form` is empty, and `nearest` names what comes nearest, if that is near.
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

    def __str__(self) -> str:
        return self.text


#: What a search gives: what to call it, its words, and the distance of every case from it.
Match = tuple[Form | None, str, str, list[float]]


def diagnosed(results: Sequence[Result], *, quick: bool = False) -> Diagnosis | None:
    """The diagnosis of one operation's results in one type, or None if there is nothing to say.

    `results` should hold the passing cases too: a form must explain them all. Where none does, one
    that explains all but edge cases is named, with those. A `quick` one combines nothing.
    """
    evidence = gathered(results)
    return explained(evidence, quick=quick) if evidence else None


def explained(evidence: Evidence, *, quick: bool = False) -> Diagnosis:
    """The diagnosis of the evidence."""
    with np.errstate(all="ignore"):
        return _explained(evidence, quick)


def _explained(evidence: Evidence, quick: bool) -> Diagnosis:
    partial: Match | None = None
    # Edges alone do not fix a constant or a combination: there the simple forms are asked.
    ordinary = any(evidence.ordinary(i) for i in evidence.answered if i < evidence.failing)
    simple = quick or (evidence.failing and not ordinary)
    for number, search in enumerate(SEARCHES[:SIMPLE] if simple else SEARCHES):
        if number == PUBLISHED and partial and _unexplained(partial) <= FEW:
            break  # a published form that parts at an edge says more than what errors can imitate
        matches = list(search(evidence))
        whole = [m for m in matches if max(m[3], default=0.0) <= NEAR]
        if whole:
            return _told(evidence, min(whole, key=lambda match: _complexity(evidence, match)))
        for match in matches:
            if partial is None or _unexplained(match) < _unexplained(partial):
                partial = match
    return _told(evidence, partial) if partial else _nearest(evidence)


def _unexplained(match: Match) -> int:
    return sum(not d <= NEAR for d in match[3])


def _complexity(evidence: Evidence, match: Match) -> tuple[int, int, int, float]:
    """Of forms that explain all: published ones, fewer constants, fewer edits, then the nearest."""
    form, _, _, distances = match
    if form is None:
        return 0, 0, 0, max(distances, default=0.0)
    errors = sum(name not in evidence.page.variants for name in form.edits)
    return errors, len(form.constants), len(form.edits), max(distances, default=0.0)


def _told(evidence: Evidence, match: Match) -> Diagnosis:
    form, name, text, distances = match
    off = [i for i, d in zip(evidence.answered, distances) if d > NEAR]
    departures = tuple(evidence.cases[i].label for i in off)
    if departures:
        text += f"; but not in {', '.join(departures)}"
    every = len(evidence.cases)
    return Diagnosis(
        name,
        text,
        every - len(off),
        every,
        form.edits if form else (),
        dict(form.constants) if form else {},
        departures,
        max((d for d in distances if d <= NEAR), default=0.0),
        found=form,
    )


def _distances(
    evidence: Evidence,
    values: Callable[[Case], FloatArray],
    names: Sequence[str] = (),
    form: Form | None = None,
) -> list[float] | None:
    """The distance of every answer from a form's values, or None where an ordinary one is far.

    A combination may round by more than any of its parts: how much shows when it is run in the
    type itself.
    """
    found: dict[int, float] = {}
    for index in evidence.shortest_first:
        exact = values(evidence.cases[index])
        distance = evidence.distance(index, exact, names)
        if distance > NEAR and form is not None and len(names) > 1:
            distance = min(distance, _as_rounded(evidence, index, exact, form))
        if not distance <= NEAR and evidence.ordinary(index):
            return None
        found[index] = distance
    only_edges = not any(evidence.ordinary(index) for index in evidence.answered)
    if only_edges and max(found.values(), default=0.0) > NEAR:
        return None
    return [found[index] for index in evidence.answered]


def _as_rounded(evidence: Evidence, index: int, exact: FloatArray, form: Form) -> float:
    """The distance of an answer from a form's values, in roundings that the form itself shows."""
    case, answer = evidence.cases[index], evidence.answers[index]
    if evidence.kind == "float64" or exact.shape != answer.shape:
        return np.inf  # nothing wider is there to see float64's roundings by
    inputs = mapped(lambda t: array(t, TYPES[evidence.kind].dtype), case.inputs)
    native = values_of(case, form.rule, form.more, inputs)
    if native.shape != answer.shape:
        return np.inf
    # Numbers that are all right set no scale, and one may be right by luck: the largest counts.
    lost = np.abs(native - exact) / np.abs(exact)
    scale = float(np.max(lost[np.isfinite(lost)], initial=0.0))
    if not scale < 2.0**-8:
        return np.inf
    same = (answer == exact) | (np.isnan(answer) & np.isnan(exact))
    off = np.where(same, 0.0, np.abs(answer - exact) / (scale * np.abs(exact)))
    return float(np.max(np.where(np.isnan(off), np.inf, off), initial=0.0))


def held(evidence: Evidence, form: Form) -> list[float] | None:
    """The distance of every answer from a form, or None where it explains not even the ordinary."""
    sample = evidence.sample
    if sample.judges(form.rule) and not (
        sample.distance(sample.values(form.rule, form.more)) <= NEAR
    ):
        return None
    return _distances(
        evidence, lambda case: values_of(case, form.rule, form.more), form.edits, form
    )


def _matches(
    evidence: Evidence, candidates: Iterable[tuple[str, ...]], *, constants: bool = False
) -> Iterator[Match]:
    """The candidates that explain the answers, where constants are missing with their values.

    With `constants` one of the implementation's own is looked for besides.
    """
    technique = evidence.page.technique
    for names in candidates:
        base = Form(names, forms.rule_of(technique, names))
        missing = evidence.page.extra(base.rule) - evidence.given
        tried: Iterator[Form] | list[Form] = []
        if constants:
            tried = (
                form
                for place in forms.places(evidence.page, base.rule, evidence.given)
                for form in forms.solved(evidence, base, place)
            )
        elif missing:
            tried = forms.solved(evidence, base, None)
        else:
            tried = [base]
        for form in tried:
            distances = held(evidence, form)
            if distances is not None and not _idle(evidence, form):
                yield form, form.name or "canonical", told(evidence.page, form), distances


def _idle(evidence: Evidence, form: Form) -> bool:
    """Whether a constant of the form does nothing: the answers are explained with another too."""
    return any(held(evidence, other) is not None for other in forms.otherwise(evidence, form))


def _canonical(evidence: Evidence) -> Iterator[Match]:
    return _matches(evidence, [()])


def _single(evidence: Evidence) -> Iterator[Match]:
    return _matches(evidence, forms.single(evidence.page.technique))


def _constants(evidence: Evidence) -> Iterator[Match]:
    return _matches(evidence, [()], constants=True)


def _several(evidence: Evidence) -> Iterator[Match]:
    return _matches(evidence, forms.several(evidence.page.technique))


def _variants_and_constant(evidence: Evidence) -> Iterator[Match]:
    return _matches(evidence, forms.published(evidence.page.technique)[1:], constants=True)


def _double(evidence: Evidence) -> Iterator[Match]:
    return _matches(evidence, forms.double(evidence.page.technique))


def _flawed(evidence: Evidence) -> Iterator[Match]:
    return _matches(evidence, forms.flawed(evidence.page.technique))


def _own_faults(evidence: Evidence) -> Iterator[Match]:
    """Faults of the adapter, not of the formula: stale arrays, an early snapshot."""
    pairs = [(evidence.cases[i], evidence.answers[i]) for i in evidence.answered]
    for name, text, fits in FAULTS:
        if not evidence.page.inputs and all(fits(c, a, evidence.kind) for c, a in pairs):
            yield None, name, text, [0.0] * len(pairs)


def _misreadings(evidence: Evidence) -> Iterator[Match]:
    """The rule, or a variant of it, over inputs that are misread: transposed, reversed …"""
    page = evidence.page
    if page.inputs:
        return  # these are misreadings of update rules' inputs
    declared = {case.variant for case in evidence.cases}
    for name in dict.fromkeys((*declared, "", *page.variants)):
        rule = page.whole_rule(name)
        if page.extra(rule) - evidence.given:
            continue
        for form, text, change, how in MISREAD:

            def values(case: Case, change: Any = change, how: Any = how) -> FloatArray:
                inputs = mapped(lambda t: array(t, np.float64), case.inputs)
                return values_of(case, rule, {}, change(inputs), **how)  # noqa: B023

            parts = tuple(filter(None, name.split("+")))
            distances = _distances(evidence, values, parts)
            if distances is not None:
                whose = "" if name in declared else f", and {told(page, _plain(page, parts))}"
                called = form if name in declared else "+".join((*parts, form))
                yield None, called, text + whose, distances


def _plain(page: Page, names: tuple[str, ...]) -> Form:
    return Form(names, forms.rule_of(page.technique, names))


def _complete(evidence: Evidence, sets: Iterable[tuple[str, ...]]) -> Iterator[Form]:
    """The forms of these edits that need no hyperparameter which nobody passes."""
    page = evidence.page
    for form in (_plain(page, names) for names in sets):
        if not page.extra(form.rule) - evidence.given:
            yield form


def _rounded_constants(evidence: Evidence) -> Iterator[Match]:
    """The rule, or a variant of it, with hyperparameters that went through float32."""
    if evidence.kind != "float64":
        return
    page = evidence.page
    for form in _complete(evidence, forms.published(page.technique)):
        own = [name for name in page.parameters if name in form.rule.free]
        held = [own, [name for name in own if name != "learning_rate"], *([name] for name in own)]
        for rounded in filter(None, held):

            def values(case: Case, rounded: Sequence[str] = rounded, form: Form = form) -> Any:
                given = {
                    name: _through_float32(value) if name in rounded else value
                    for name, value in case.numbers().items()
                }
                return values_of(replace(case, hyperparameters=given), form.rule)

            distances = _distances(evidence, values, form.edits)
            if distances is not None:
                text = f"{', '.join(rounded)} are held in float32; {told(page, form)}"
                yield form, "+".join([*form.edits, "constants-in-float32"]), text, distances
                return


def _through_float32(value: Any) -> Any:
    if isinstance(value, list):
        return [_through_float32(v) for v in value]
    return float(np.float32(value)) if isinstance(value, float) else value


def _narrower(evidence: Evidence) -> Iterator[Match]:
    """Whether a form is right but for the digits of a narrower type.

    Failing cases must serve that type; most numbers must be off, or none have more digits.
    """
    page = evidence.page
    failing = [i for i in evidence.answered if i < evidence.failing]
    for narrow, kind in TYPES.items():
        if kind.precision >= TYPES[evidence.kind].precision or not failing:
            continue
        if not any(narrow in evidence.cases[i].tolerance for i in failing):
            continue
        for form in _complete(evidence, forms.published(page.technique)):
            if _only_digits(evidence, failing, form, narrow):
                text = (
                    f"the formula is right but the digits are {narrow}'s: an input, a constant or "
                    f"a state is held in {narrow} on the way"
                )
                text += f"; {told(page, form)}" if form.edits else ""
                name = "+".join([*form.edits, f"computed-in-{narrow}"])
                yield form, name, text, [0.0] * len(evidence.answered)
                return


def _only_digits(evidence: Evidence, failing: Sequence[int], form: Form, narrow: str) -> bool:
    """Whether all answers are a form's in the narrow type, and the failing ones no nearer."""
    kind = TYPES[narrow]
    shares, exact, farthest = [], True, 0.0
    for index in evidence.answered:
        case, answer = evidence.cases[index], evidence.answers[index]
        if narrow not in case.tolerance or not (index in failing or evidence.ordinary(index)):
            continue
        values = values_of(case, form.rule)
        tolerance = widest(case, form.edits, narrow)
        distance = apart(answer, values, case.expected, tolerance, narrow)
        if distance > 1:
            return False
        if index not in failing:
            continue
        with np.errstate(all="ignore"):
            rounded = answer.astype(kind.dtype).astype(np.float64)
            off = np.abs(answer - values) > case.tolerance[evidence.kind]
        farthest = max(farthest, distance)
        exact = exact and np.array_equal(rounded, answer, equal_nan=True)
        judged = np.isfinite(case.tolerance[evidence.kind]) & (case.expected != 0)
        shares.append(float(off[judged].mean()) if judged.any() else 0.0)
    # Digits of the narrow type are lost, not a few of the wide one's last.
    lost = bool(shares) and max(shares) > 0 and farthest > 0.01
    # The shortest types are so coarse that only digits which are theirs prove them.
    return lost and (exact or (narrow == "float32" and min(shares) > 0.1))


#: Every search, the simplest explanation first.
SEARCHES: tuple[Callable[[Evidence], Iterator[Match]], ...] = (
    _canonical,
    _single,
    _own_faults,
    _misreadings,
    _constants,
    _several,
    _double,
    _variants_and_constant,
    _rounded_constants,
    _flawed,
    _narrower,
)


#: The first so many need no constant and combine nothing; so many combine no errors.
SIMPLE, PUBLISHED = 4, 6
#: At so many edge cases a published form may part and still be what is named.
FEW = 2


def told(page: Page, form: Form) -> str:
    """A form in words: its variants and errors, the lines that they change, its constants."""
    if len(form.edits) > 2:
        published = [name for name in form.edits if name in page.variants]
        parts = [f"the published variants {', '.join(published)} together"]
        parts += [_edit_told(page, name) for name in form.edits if name not in published]
    else:
        parts = [_edit_told(page, name) for name in form.edits]
    if len(form.edits) == 2:
        parts = ["two changes together: " + ", and ".join(parts)]
    parts += form.words
    return "; ".join(parts) or "this is the canonical form"


def _edit_told(page: Page, name: str) -> str:
    if name not in page.edits:
        change = forms.readings(page.technique)[name]
        return f"a hyperparameter is meant the other way round: {change}"
    edit = page.variants.get(name) or page.errors[name]
    lines = "; ".join(map(str, (*edit.change.start, *edit.change.body)))
    if name in page.variants:
        return f"this is the published variant {name}: {lines}"
    return f"this is the known error {name} ({edit.text}): {lines}"


def _nearest(evidence: Evidence) -> Diagnosis:
    """No form explains it: the one that explains most cases, and where it parts from that."""
    page, every = evidence.page, len(evidence.cases)
    asked = evidence.short
    best: tuple[Any, ...] = (-1,)
    sets = (*forms.published(page.technique), *forms.single(page.technique))
    for form in _complete(evidence, sets):
        names = form.edits
        distances = [
            evidence.distance(i, values_of(evidence.cases[i], form.rule), names) for i in asked
        ]
        agreeing = sum(d <= NEAR for d in distances)
        middle = float(np.median(np.minimum(np.nan_to_num(distances, nan=np.inf), 1e300)))
        best = max(best, (agreeing, -middle, -len(names), names, distances), key=lambda f: f[:3])
    if best[0] < 0:
        return Diagnosis("", NONE, 0, every)
    agreeing, middle, _, names, distances = best
    off = [i for i, d in zip(asked, distances) if not d <= NEAR]
    off = off or [i for i in evidence.answered if i < evidence.failing] or evidence.answered
    index = min(off, key=lambda i: (not evidence.ordinary(i), evidence.cases[i].steps or 0))
    values = values_of(evidence.cases[index], forms.rule_of(page.technique, names))
    nearest = "+".join(names) or "canonical"
    text = (
        f"{NONE}; the nearest is {nearest}, which explains {agreeing} of {len(asked)} cases "
        f"and from which it parts in {evidence.cases[index].label}, "
        f"{first_apart(evidence, index, values, names)}"
    )
    return Diagnosis("", text, agreeing, len(asked), nearest=nearest, distance=-middle)


NONE = "none of the known forms"


def first_apart(evidence: Evidence, index: int, values: FloatArray, names: Sequence[str]) -> str:
    """The place of the first number of an answer that is not what a form gives."""
    case, answer = evidence.cases[index], evidence.answers[index]
    if values.shape != answer.shape:
        return "whose shape differs"
    allowed = evidence.allowed(index, names)
    off = first_off(answer, values, case.expected, allowed, evidence.kind, NEAR)
    if off is None:
        return "throughout"
    there, got = float(values[off[0]]), float(answer[off[0]])
    return f"{place(case, off[0])}: {there!r} there, {got!r} here"
