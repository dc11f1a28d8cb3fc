"""The constants of a form that a trace leaves open: `trace, rule -> values, and which are sure`."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainspec.conformance.pages.page import Page
from trainspec.conformance.pages.rule import Rule
from trainspec.conformance.traces.replay import RATE, make_columns, measure_misses, replay
from trainspec.conformance.traces.trace import Trace

Array = Any

#: Values that people give, by the kind of domain: where the search starts, and what is tried first.
FRACTIONS = (0.9, 0.99, 0.999, 0.95, 0.5, 0.0)
POSITIVE = (1e-8, 1e-7, 1e-6, 1e-5, 1e-3, 0.1)
DECAYS = (0.01, 0.1, 1e-4, 5e-4, 0.001)
RATES = (0.001, 0.01, 0.1, 1e-4, 3e-4, 0.02, 0.05, 0.5, 1.0)
#: Constants are shortened to one of these numbers of digits, the fewest first.
DIGITS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 17)
#: The largest constants that are looked for: beyond them a rule turns into a simpler one.
LARGEST, LARGEST_RATE = 10.0, 1e4
#: How close to 1 a fraction may come, for the same reason.
FROM_ONE = 1e-5
#: The part of a trace that an explanation must be judged on.
MOST = 0.5
#: How many of the best starts are followed to where they fit, and for how many turns.
STARTS, TURNS = 2, 25
#: How many of the best starts are tried as they are, where a type is coarse.
GUESSES = 4
#: After `HOPE` turns a start is left if its misses are still `FAR` rough tolerances.
HOPE, FAR = 4, 1000.0


@dataclass(frozen=True)
class Solution:
    """Constants by name, and the learning rates; `open` are constants that other values fit too."""

    constants: Mapping[str, float]
    rates: Sequence[float]
    open: tuple[str, ...] = ()


def solve(trace: Trace, page: Page, rule: Rule, *, constant_rate: bool = True) -> Solution | None:
    """Constants with which the rule explains every number of a (small) trace, if there are any.

    The learning rate, where it is not known, is one constant more, or with `constant_rate` unset
    another one at every step.
    """
    unknown = find_unknown(trace, page, rule)
    rated = trace.rates is None and constant_rate
    names = [*unknown, RATE] if rated else unknown
    if not names and trace.rates is not None:
        found = Solution({}, trace.rates)
        return found if explains(trace, rule, found) else None
    search = _Search(trace, page, rule, tuple(names), rated)
    settled = (search.settle(point) for point in search.find_points())
    return next((solution for solution in settled if solution is not None), None)


def find_unknown(trace: Trace, page: Page, rule: Rule) -> list[str]:
    """The constants of a rule that a trace does not give."""
    read = rule.free - page.free_names - {RATE, "tensor", "tensors"}
    return sorted(read - trace.hyperparameters.keys())


def explains(trace: Trace, rule: Rule, solution: Solution) -> bool:
    """Whether every number of a trace is within its tolerance; some must be judged."""
    given = {**trace.hyperparameters, **solution.constants}
    try:
        misses = measure_misses(trace, rule, given, solution.rates)
    except TypeError:
        return False  # a rule of whole tensors, such as one that clips by a norm
    judged = ~np.isnan(misses)
    return bool(judged.mean() >= MOST) and bool((misses[judged] <= 1).all())


def list_usual(page: Page, name: str) -> tuple[float, ...]:
    """The values that people give to a hyperparameter, the page's default first."""
    if name == RATE:
        return RATES
    parameter = page.parameters.get(name)
    if parameter is None:
        return DECAYS
    usual = FRACTIONS if parameter.is_fraction else POSITIVE
    return tuple(dict.fromkeys((float(parameter.default), *usual)))


class _Search:
    """Follows constants to where the rule fits a trace, and then shortens them."""

    def __init__(
        self, trace: Trace, page: Page, rule: Rule, names: tuple[str, ...], rated: bool
    ) -> None:
        self.trace, self.page, self.rule = trace, page, rule
        self.names, self.rated = names, rated
        self.usual = {name: list_usual(page, name) for name in names}
        # What a number may be off, roughly: it weighs them against each other.
        moves = np.abs(np.diff(trace.params, axis=0))
        size = np.abs(trace.params[1:])
        self.scale = trace.roundoff * (size + 8 * moves) + 1e-300

    def find_points(self) -> Iterator[Array]:
        """Values at which the misses are least, from the best starts."""
        free = [name for name in self.names if name != RATE]
        grid = list(itertools.product(*(self.usual[name] for name in free)))
        rows = np.array(grid, np.float64).reshape(len(grid), len(free))
        predicted, rates = self._replay(free, rows)
        if self.rated:
            each = [np.broadcast_to(rate, (len(rows), 1)) for rate in rates]
            rows = np.column_stack([rows, np.median(np.concatenate(each, axis=1), axis=1)])
            predicted, _ = self._replay(self.names, rows)
        if not rows.shape[1]:
            yield np.empty(0)
            return
        order = np.argsort(self._badness(predicted))
        for start in rows[order[:STARTS]]:
            yield self._follow(start, np.ones(len(start), bool))
        # Where a type is so coarse that nothing can be followed, usual values may fit as they are.
        for start in rows[order[:GUESSES]] if self.rated and self.trace.coarse else ():
            for digits in (1, 2):
                yield np.array([*start[:-1], float(f"{start[-1]:.{digits}g}")])

    def _replay(self, names: Sequence[str], rows: Array) -> tuple[Array, list[Any]]:
        """Predictions for every candidate, and the rates: known, a column, or fitted."""
        given = {**self.trace.hyperparameters, **make_columns(names, rows)}
        rates = self.trace.rates
        if RATE in names:
            rates = [given.pop(RATE)] * self.trace.steps
        predicted, found = replay(self.trace, self.rule, given, rates)
        return np.broadcast_to(predicted, (max(len(rows), 1), *predicted.shape[-2:])), found

    def _misses(self, rows: Array) -> Array:
        """The misses of every candidate, in rough tolerances, one row each."""
        predicted, _ = self._replay(self.names, rows)
        return self._weigh(predicted)

    def _weigh(self, predicted: Array) -> Array:
        with np.errstate(all="ignore"):
            misses = (predicted - self.trace.params[1:]) / self.scale
        usable = np.isfinite(self.trace.params[1:])
        kept = np.where(usable, np.where(np.isfinite(misses), misses, 1e12), 0.0)
        return kept.reshape(len(kept), -1)

    def _badness(self, predicted: Array) -> Array:
        return np.sum(np.log1p(np.abs(self._weigh(predicted))), axis=1)

    def _follow(self, start: Array, moving: Array) -> Array:
        """Where the misses are least from a start on, by damped Gauss-Newton steps.

        Only `moving` values change. A fraction is followed by its distance from 1, everything by
        its logarithm, so that none leaves its domain.
        """
        point, damping = start.astype(np.float64), 1e-3
        free = [int(i) for i in np.flatnonzero(moving & (start != 0))]
        if not free:
            return point
        best = self._misses(point[None])[0]
        for turn in range(TURNS):
            step = 1e-6
            rows = np.stack([self._shift(point, i, step) for i in free])
            slopes = (self._misses(rows) - best) / step
            square = slopes @ slopes.T
            pull = -slopes @ best
            ridge = damping * np.diag(np.diag(square) + 1e-12)
            try:
                move = np.linalg.solve(square + ridge, pull)
            except np.linalg.LinAlgError:
                break
            move = np.clip(np.nan_to_num(move), -1.5, 1.5)
            tried = point
            for i, part in zip(free, move):
                tried = self._shift(tried, i, float(part))
            misses = self._misses(tried[None])[0]
            before, after = np.square(best).sum(), np.square(misses).sum()
            if after < before:
                point, best, damping = tried, misses, damping / 10
                hopeless = turn > HOPE and after > before / 4 and np.abs(misses).max() > FAR
                if hopeless or np.abs(move).max() < 1e-13:
                    break
            else:
                damping *= 10
                if damping > 1e8:
                    break
        return point

    def _shift(self, point: Array, index: int, by: float) -> Array:
        moved = point.copy()
        if self._is_fraction(index):
            moved[index] = 1 - (1 - point[index]) * math.exp(by)
            if moved[index] < 0:
                moved[index] = point[index] / 2
        else:
            moved[index] = point[index] * math.exp(by)
        return moved

    def settle(self, point: Array) -> Solution | None:
        """The shortest values near a point that explain the trace, or None where none do."""
        plausible = all(self._in_domain(i, float(v)) for i, v in enumerate(point))
        plausible = plausible and bool(np.abs(self._misses(point[None])).max() < FAR)
        if not plausible or not explains(self.trace, self.rule, self._solution(point)):
            return None
        fixed = np.zeros(len(point), bool)
        # The learning rate last: it follows from the others.
        for index in range(len(point)):
            shorter = self._shorten(point, index, fixed)
            fixed[index] = True
            point = point if shorter is None else shorter
        unsure = tuple(name for index, name in enumerate(self.names) if self._is_open(point, index))
        return self._solution(point, unsure)

    def _shorten(self, point: Array, index: int, fixed: Array) -> Array | None:
        value = float(point[index])
        usual = [u for u in self.usual[self.names[index]] if abs(u - value) <= 0.5 * abs(value)]
        rounded = [float(f"{value:.{digits}g}") for digits in DIGITS]
        tried = [*usual, *self.usual[self.names[index]], *rounded]
        for short in dict.fromkeys(tried):
            if not self._in_domain(index, short):
                continue
            other = point.copy()
            other[index] = short
            moving = ~fixed
            moving[index] = False
            if explains(self.trace, self.rule, self._solution(other)):
                return other
            if abs(short - value) > 1e-3 * abs(value):
                followed = self._follow(other, moving)
                if explains(self.trace, self.rule, self._solution(followed)):
                    return followed
        return None

    def _in_domain(self, index: int, value: float) -> bool:
        name = self.names[index]
        if self._is_fraction(index):
            return 0 <= value <= 1 - FROM_ONE
        if value == 0:
            return name in self.page.parameters
        return 0 < value <= (LARGEST_RATE if name == RATE else LARGEST)

    def _is_fraction(self, index: int) -> bool:
        parameter = self.page.parameters.get(self.names[index])
        return parameter is not None and parameter.is_fraction

    def _is_open(self, point: Array, index: int) -> bool:
        """Whether a value twice as large, or half as far from 1, explains the trace as well."""
        other = self._shift(point, index, math.log(2.0) if point[index] else 0.0)
        if other[index] == point[index]:
            return False
        return explains(self.trace, self.rule, self._solution(other))

    def _solution(self, point: Array, unsure: tuple[str, ...] = ()) -> Solution:
        found = dict(zip(self.names, map(float, point)))
        if self.rated:
            rates = [found.pop(RATE)] * self.trace.steps
        elif self.trace.rates is not None:
            rates = list(self.trace.rates)
        else:
            rates = self._fit_rates(found)
        return Solution(found, rates, unsure)

    def _fit_rates(self, constants: Mapping[str, float]) -> list[float]:
        """The rate of every step, to the fewest digits that make no difference."""
        given = {**self.trace.hyperparameters, **constants}
        _, rates = replay(self.trace, self.rule, given, None)
        exact = [float(np.ravel(rate)[0]) for rate in rates]
        shift = max(self.trace.roundoff * 8, 1e-15)
        return [_shorten_number(rate, shift) for rate in exact]


def _shorten_number(value: float, relative: float) -> float:
    """The number with the fewest digits that is so close."""
    for digits in DIGITS:
        short = float(f"{value:.{digits}g}")
        if abs(short - value) <= relative * abs(value):
            return short
    return value
