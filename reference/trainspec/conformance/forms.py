"""Forms that an implementation may have: `page -> candidates`, and constants that make one fit.

A form is a set of the page's edits, variants and named errors alike, together with constants of
the implementation's own. Nobody lists the combinations: edits that change different lines compose.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np

from trainspec.conformance.evidence import NEAR, Evidence, Sample
from trainspec.conformance.page import Page, load
from trainspec.conformance.rule import Rule, composed, compositions, parse
from trainspec.conformance.types import FloatArray


@dataclass(frozen=True)
class Form:
    """Edits of a page's rule, and constants: `rule` is what they make of it.

    `words` says the constants to a person, `more` gives the rule's hyperparameters that nobody
    passes, `place` is where a constant of its own stands in the form `base`.
    """

    edits: tuple[str, ...]
    rule: Rule
    constants: Mapping[str, float] = field(default_factory=dict)
    more: Mapping[str, float] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    base: Form | None = None
    place: Place | None = None

    @property
    def name(self) -> str:
        """The form's name: ``eps-hat+amsgrad``, with constants ``eps-hat, epsilon=1e-05``."""
        parts = ["+".join(self.edits)] if self.edits else []
        return ", ".join(parts + [f"{k}={v!r}" for k, v in self.constants.items()])


#: How a hyperparameter between 0 and 1 may be meant the other way round.
COMPLEMENT = "{0} = 1 - {0}"


@cache
def readings(technique: str) -> Mapping[str, Rule]:
    """Hyperparameters that may be read in the other sense, as edits: ``momentum-complement``."""
    page = load(technique)
    return {
        f"{p.name.replace('_', '-')}-complement": parse(COMPLEMENT.format(p.name))
        for p in page.parameters.values()
        if p.numeric and p.bounds[0] == 0 and p.bounds[2] == 1 and p.name in page.rule.free
    }


@cache
def edits(technique: str) -> Mapping[str, Rule]:
    """Every edit of a page: variants, errors, and readings of its hyperparameters."""
    page = load(technique)
    return {**page.edits, **readings(technique)}


@cache
def rule_of(technique: str, names: tuple[str, ...]) -> Rule:
    """The page's rule with the named edits."""
    return composed(load(technique).rule, edits(technique), names)


@cache
def published(technique: str) -> tuple[tuple[str, ...], ...]:
    """Every set of variants that compose, the smallest first; the first is empty.

    Where two sets make the same rule, the first of them stands for both.
    """
    page = load(technique)
    changes = {name: edit.change for name, edit in page.variants.items()}
    sets: dict[str, tuple[str, ...]] = {}
    for size in range(len(changes) + 1):
        for names in compositions(page.rule, changes, size):
            sets.setdefault(str(rule_of(technique, names)), names)
    return tuple(sets.values())


@cache
def single(technique: str) -> tuple[tuple[str, ...], ...]:
    """Every edit alone."""
    return tuple((name,) for name in edits(technique))


@cache
def several(technique: str) -> tuple[tuple[str, ...], ...]:
    """Every set of two variants or more."""
    return tuple(names for names in published(technique) if len(names) > 1)


@cache
def double(technique: str) -> tuple[tuple[str, ...], ...]:
    """Every two edits that compose and are not both published."""
    every = set(several(technique))
    page = load(technique)
    pairs = compositions(page.rule, edits(technique), 2)
    return tuple(names for names in pairs if names not in every)


@cache
def flawed(technique: str) -> tuple[tuple[str, ...], ...]:
    """Every set of two variants or more with one error or reading."""
    page = load(technique)
    touched = {name: page.rule.touches(edit) for name, edit in edits(technique).items()}
    faults = [name for name in touched if name not in page.variants]
    return tuple(
        (*names, fault)
        for names in several(technique)
        for fault in faults
        if all(touched[fault].isdisjoint(touched[name]) for name in names)
    )


def neighbours(page: Page, form: Form) -> Iterator[Form]:
    """The forms that differ from one by an edit left out, added or exchanged."""
    touched = {name: page.rule.touches(edit) for name, edit in edits(page.technique).items()}
    shorter = [tuple(n for n in form.edits if n != left) for left in form.edits]
    sets = dict.fromkeys(shorter)
    for kept in (form.edits, *shorter):
        for name, lines in touched.items():
            if name not in form.edits and all(lines.isdisjoint(touched[k]) for k in kept):
                sets[(*kept, name)] = None
    if form.base:
        yield replace(form.base, constants={}, words=())
    for names in sets:
        other = Form(names, rule_of(page.technique, names), form.more, form.more)
        if form.place:
            other = form.place.form(other, form.constants[form.place.name])
        yield other


@dataclass(frozen=True)
class Place:
    """Where a constant of the implementation's own may stand: an edit, and the words for it."""

    name: str
    line: str
    words: str
    factor: bool = False

    def form(self, base: Form, value: float) -> Form:
        """The form `base` with the constant there."""
        edit = parse(self.line.format(repr(value)))
        constants = {**base.constants, self.name: value}
        words = (*base.words, self.words.format(repr(value)) + ", whatever is passed")
        rule = base.rule.edited(edit, self.name)
        return Form(base.edits, rule, constants, base.more, words, base, self)


def otherwise(evidence: Evidence, form: Form) -> Iterator[Form]:
    """The form with another constant in place of each of its own."""

    def other(value: float) -> float:
        return value * 1.5 if value else 0.5

    if form.place and form.base:
        yield form.place.form(form.base, other(form.constants[form.place.name]))
    for name, value in form.more.items():
        yield replace(form, more={**form.more, name: other(value)})


#: Names the constant that is looked for: no rule has it.
UNKNOWN = "unknown"


def places(page: Page, rule: Rule, given: Iterable[str] = ()) -> list[Place]:
    """The places of a rule in which a constant may stand; `given` are variants' hyperparameters."""
    found = [
        Place(name, f"{name} = {{}}", f"{name} is taken as {{}}")
        for name in page.parameters
        if name in rule.free and page.parameters[name].numeric
    ]
    found += [
        Place(name, f"if t == 1: {name} = {{}}", f"{name} starts at {{}}") for name in rule.state
    ]
    found += [
        Place(f"{name}*", f"{name} = {{}} * {name}", f"{name} is multiplied by {{}}", True)
        for name in (*page.parameters, *sorted(given), *(page.inputs or ("g",)))
        if name in rule.free and (name not in page.parameters or page.parameters[name].numeric)
    ]
    return found


GRID = np.array(
    sorted(
        {
            0.0,
            *np.geomspace(1e-12, 10.0, 40).tolist(),
            *np.linspace(0, 1, 21).tolist(),
            *(1 - np.geomspace(1e-5, 0.04, 12)).tolist(),
        }
    )
)
COARSE = GRID[::3]
DIGITS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 17)


def solved(evidence: Evidence, base: Form, place: Place | None) -> Iterator[Form]:
    """Forms with constants that meet the sample: one in `place`, one for each missing name.

    Missing are hyperparameters of the base's rule that only variants have and nobody passes. More
    than two unknown constants are not looked for.
    """
    missing = sorted(evidence.page.extra(base.rule) - evidence.given)
    unknown = [*missing, *([UNKNOWN] if place else [])]
    sample = evidence.sample
    if not 1 <= len(unknown) <= 2 or not sample.judges(base.rule):
        return
    if missing and place and place.factor:
        return  # a constant of a variant's and a factor together are not looked for
    rule = base.rule
    if place:
        rule = rule.edited(parse(place.line.format(UNKNOWN)), place.name)
    for values in _solutions(sample, rule, unknown):
        for digits in DIGITS:
            short = [float(f"{v:.{digits}g}") for v in values]
            if any(abs(s - v) > 0.01 * abs(v) for s, v in zip(short, values)):
                continue
            if not all(short[: len(missing)]):
                break  # a variant whose own constant is zero is none
            more = dict(zip(missing, short))
            words = tuple(f"{name} is {value!r} unasked" for name, value in more.items())
            form = Form(base.edits, base.rule, more, more, words)
            form = place.form(form, short[-1]) if place else form
            if sample.distance(sample.values(form.rule, form.more)) <= NEAR:
                yield form
                break


def _solutions(sample: Sample, rule: Rule, unknown: Sequence[str]) -> Iterator[list[float]]:
    if len(unknown) == 1:
        for value in _roots(sample, rule, unknown[0]):
            yield [value]
    elif sample.vectorised:
        yield from _least(sample, rule, unknown)


def _tried(sample: Sample, rule: Rule, unknown: Sequence[str], points: FloatArray) -> FloatArray:
    """What the rule gives for every row of `points`: a row of values each."""
    if sample.vectorised:
        columns = {name: points[:, [i]] for i, name in enumerate(unknown)}
        values = sample.values(rule, columns)
        return np.broadcast_to(values, (len(points), len(sample.answer)))
    rows = [sample.values(rule, dict(zip(unknown, point.tolist()))) for point in points]
    same = [
        r if r.shape == sample.answer.shape else np.full(sample.answer.shape, np.nan) for r in rows
    ]
    return np.stack(same)


def _roots(sample: Sample, rule: Rule, unknown: str) -> Iterator[float]:
    """Constants at which the rule meets the number that is most off."""
    tried = _tried(sample, rule, [unknown], GRID[:, None])
    scale = np.maximum(np.where(np.isnan(sample.tolerance), np.inf, sample.tolerance), 2.0**-1000)
    with np.errstate(all="ignore"):
        misses = np.where(np.isnan(tried) & np.isnan(sample.answer), 0.0, tried - sample.answer)
        low = np.min(np.where(np.isnan(misses), np.inf, misses), 0)
        high = np.max(np.where(np.isnan(misses), -np.inf, misses), 0)
        # No constant helps where an answer lies outside of all that the candidates give.
        if not ((low <= NEAR * scale) & (high >= -NEAR * scale)).all():
            return
        # The number that the constant moves most, in tolerances, fixes it best.
        spread = (high - low) / scale
        telling = np.where(np.isfinite(spread), spread, 0.0)
    index = int(np.argmax(telling))
    if not telling[index]:
        return
    column = misses[:, index]
    for k in range(len(GRID) - 1):
        if column[k] == 0:
            yield float(GRID[k])
        elif np.isfinite(column[k : k + 2]).all() and (column[k] < 0) != (column[k + 1] < 0):
            found = _narrowed(sample, rule, unknown, index, (GRID[k], GRID[k + 1]), NEAR * scale)
            if found is not None:
                yield found


def _narrowed(
    sample: Sample,
    rule: Rule,
    unknown: str,
    index: int,
    bracket: tuple[float, float],
    allowed: FloatArray,
) -> float | None:
    """Where one number's miss changes its sign, unless another number is then missed for sure."""
    low, high = bracket
    for _ in range(9):
        points = np.geomspace(low, high, 64) if 0 < 2 * low < high else np.linspace(low, high, 64)
        misses = _tried(sample, rule, [unknown], points[:, None]) - sample.answer
        signs = np.flatnonzero((misses[:-1, index] < 0) != (misses[1:, index] < 0))
        if not len(signs):
            break
        ends = misses[signs[0] : signs[0] + 2]
        with np.errstate(all="ignore"):
            # Within a narrow bracket a number moves by no more than between its ends, twice over.
            moves = np.abs(ends[1] - ends[0])
            seen = np.abs(ends[:, index]).max() > allowed[index]  # else it is rounding that moves
            if seen and (np.abs(ends).min(0) > 2 * moves + allowed).any():
                return None
            # The number that moves most here fixes the constant best from here on.
            crossing = ((ends[0] < 0) != (ends[1] < 0)) & np.isfinite(moves / allowed)
            index = int(np.argmax(np.where(crossing, moves / allowed, -1.0)))
        low, high = float(points[signs[0]]), float(points[signs[0] + 1])
    return (low + high) / 2


def _least(sample: Sample, rule: Rule, unknown: Sequence[str]) -> Iterator[list[float]]:
    """Two constants at which the rule meets all numbers, by Newton's method from several starts."""
    usable = np.isfinite(sample.tolerance) & np.isfinite(sample.answer)
    size = np.maximum(np.abs(sample.answer), 2.0**-100)

    def misses(points: FloatArray) -> FloatArray:
        with np.errstate(all="ignore"):
            found = (_tried(sample, rule, unknown, points) - sample.answer) / size
        return np.where(np.isfinite(found), found, 1e6)[:, usable]

    grid = np.array(list(itertools.product(COARSE, repeat=2)))
    first = misses(grid)
    scale = NEAR * np.where(np.isfinite(sample.tolerance), sample.tolerance, np.inf) / size
    if (first.min(0) > scale[usable]).any() or (first.max(0) < -scale[usable]).any():
        return
    order = np.argsort(np.square(first).sum(1))[:2]
    for start in grid[order]:
        point, left = start.astype(np.float64), np.inf
        for turn in range(20):
            step = np.maximum(np.abs(point) * 1e-6, 1e-13)
            here, one, two = misses(np.vstack([point, point + np.diag(step)]))
            before, left = left, float(np.abs(here).max())
            if turn > 2 and left > max(before / 2, 1e-9):
                break  # this start leads nowhere
            slopes = np.stack([(one - here) / step[0], (two - here) / step[1]], axis=1)
            move = np.linalg.lstsq(slopes, -here, rcond=None)[0]
            # A constant stays positive: it is at most divided by ten in one go.
            point = np.maximum(point + move, point / 10)
            if (np.abs(move) <= 1e-13 * np.abs(point)).all():
                break
        if np.abs(misses(point[None])).max() < 1e-3:
            yield point.tolist()
