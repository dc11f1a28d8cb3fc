"""The search for unknown constants: the values at which a form explains the answers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from trainspec.conformance.basics.float_types import FloatArray
from trainspec.conformance.diagnosis.evidence import NEAR, Evidence, Sample
from trainspec.conformance.pages.forms import ConstantSlot, Form
from trainspec.conformance.pages.rule import Rule, parse_rule

#: The name of the constant that is searched for; no rule uses it.
UNKNOWN = "unknown"


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


#: A factor may have either sign.
SIGNED = np.concatenate([-GRID[:0:-1], GRID])

COARSE = GRID[::3]


#: Of the numbers of digits that fit the sample, the most that are tried.
MOST_DIGITS = 6
DIGITS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 17)


def solve_constants(
    evidence: Evidence, base: Form, slot: ConstantSlot | None
) -> Iterator[Iterator[Form]]:
    """Forms with constants that meet the sample: one in `slot`, one for each missing name.

    A name is missing if the rule of `base` has it, only variants have it, and it is not passed.
    More than two unknown constants are not searched for. Every solution is a series of forms, with
    more digits in each: a sample may allow several, and other cases decide.
    """
    missing = sorted(evidence.page.variant_hyperparameters(base.rule) - evidence.given)
    unknown = [*missing, *([UNKNOWN] if slot else [])]
    sample = evidence.sample
    if not 1 <= len(unknown) <= 2 or not sample.judges(base.rule):
        return
    if sample.answer.shape != sample.tolerance.shape:
        return  # the shape is the mistake
    if missing and slot and slot.factor:
        return  # a constant of a variant's and a factor together are not searched for
    rule = base.rule
    if slot:
        rule = rule.with_edit(parse_rule(slot.line.format(UNKNOWN)), slot.name)
    grid = SIGNED if slot and slot.factor else GRID
    for values in _find_solutions(sample, rule, unknown, grid):
        yield _round_solution(sample, base, slot, missing, values)


def _round_solution(
    sample: Sample,
    base: Form,
    slot: ConstantSlot | None,
    missing: Sequence[str],
    values: Sequence[float],
) -> Iterator[Form]:
    """The forms with a solution rounded to ever more digits, and those held in float32."""
    seen: set[tuple[float, ...]] = set()
    fitting = 0
    for digits, narrow in itertools.product(DIGITS, (False, True)):
        short = [float(f"{v:.{digits}g}") for v in values]
        if any(abs(s - v) > 0.01 * abs(v) for s, v in zip(short, values)):
            continue
        if narrow:
            short = [float(np.float32(s)) for s in short]
        if not all(short[: len(missing)]):
            break  # a variant whose own constant is zero is no variant
        if tuple(short) in seen:
            continue
        seen.add(tuple(short))
        more = dict(zip(missing, short))
        words = tuple(
            f"{name} is {value!r} although nothing was passed" for name, value in more.items()
        )
        form = Form(base.edits, base.rule, more, more, words)
        form = slot.fill(form, short[-1]) if slot else form
        if sample.distance(sample.values(form.rule, form.more)) <= NEAR:
            yield form
            fitting += 1
            if fitting == MOST_DIGITS:
                break


def _find_solutions(
    sample: Sample, rule: Rule, unknown: Sequence[str], grid: FloatArray
) -> Iterator[list[float]]:
    if len(unknown) == 1:
        for value in _find_roots(sample, rule, unknown[0], grid):
            yield [value]
    elif sample.vectorised:
        yield from _find_two(sample, rule, unknown)


def _try_points(
    sample: Sample, rule: Rule, unknown: Sequence[str], points: FloatArray
) -> FloatArray:
    """What the rule returns for every row of `points`: a row of values each."""
    if sample.vectorised:
        columns = {name: points[:, [i]] for i, name in enumerate(unknown)}
        values = sample.values(rule, columns)
        return np.broadcast_to(values, (len(points), len(sample.answer)))
    rows = [sample.values(rule, dict(zip(unknown, point.tolist()))) for point in points]
    same = [
        r if r.shape == sample.answer.shape else np.full(sample.answer.shape, np.nan) for r in rows
    ]
    return np.stack(same)


def _find_roots(
    sample: Sample, rule: Rule, unknown: str, grid: FloatArray = GRID
) -> Iterator[float]:
    """Constants within the grid at which the rule meets the number that they move most."""
    tried = _try_points(sample, rule, [unknown], grid[:, None])
    scale = np.maximum(np.where(np.isnan(sample.tolerance), np.inf, sample.tolerance), 2.0**-1000)
    with np.errstate(all="ignore"):
        misses = np.where(np.isnan(tried) & np.isnan(sample.answer), 0.0, tried - sample.answer)
        low = np.min(np.where(np.isnan(misses), np.inf, misses), 0)
        high = np.max(np.where(np.isnan(misses), -np.inf, misses), 0)
        # No constant helps where an answer lies outside of all that the candidates return.
        if not ((low <= NEAR * scale) & (high >= -NEAR * scale)).all():
            return
        # The number that the constant moves most, in tolerances, fixes it best.
        spread = (high - low) / scale
        telling = np.where(np.isfinite(spread), spread, 0.0)
    index = int(np.argmax(telling))
    if not telling[index]:
        return
    column = misses[:, index]
    for k in range(len(grid) - 1):
        if column[k] == 0:
            yield float(grid[k])
        elif np.isfinite(column[k : k + 2]).all() and (column[k] < 0) != (column[k + 1] < 0):
            found = _narrow_bracket(
                sample, rule, unknown, index, (grid[k], grid[k + 1]), NEAR * scale
            )
            if found is not None:
                yield found


def _narrow_bracket(
    sample: Sample,
    rule: Rule,
    unknown: str,
    index: int,
    bracket: tuple[float, float],
    allowed: FloatArray,
) -> float | None:
    """Where one number's miss changes sign; None if another number is certainly missed there."""
    low, high = bracket
    for _ in range(9):
        points = np.geomspace(low, high, 64) if 0 < 2 * low < high else np.linspace(low, high, 64)
        misses = _try_points(sample, rule, [unknown], points[:, None]) - sample.answer
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


def _find_two(sample: Sample, rule: Rule, unknown: Sequence[str]) -> Iterator[list[float]]:
    """Two constants at which the rule meets all numbers, by Newton's method from several starts."""
    usable = np.isfinite(sample.tolerance) & np.isfinite(sample.answer)
    if not usable.any():
        return  # infinities determine nothing
    size = np.maximum(np.abs(sample.answer), 2.0**-100)

    def misses(points: FloatArray) -> FloatArray:
        with np.errstate(all="ignore"):
            found = (_try_points(sample, rule, unknown, points) - sample.answer) / size
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
