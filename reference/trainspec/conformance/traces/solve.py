"""The constants of a form that a trace leaves open: `trace, rule -> values, and which are sure`."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct

from trainspec.conformance.arithmetic.float64 import FLOAT64_FUNCTIONS
from trainspec.conformance.pages.page import Page
from trainspec.conformance.pages.rule import Rule
from trainspec.conformance.traces.misses import fit_rates, make_columns, measure_misses
from trainspec.conformance.traces.state import (
    SHIFT,
    Slots,
    infer_state,
    list_unknown_slots,
    solve_together,
    weigh,
)
from trainspec.conformance.traces.trace import Trace
from trainspec.conformance.traces.walk import RATE, Names, predict

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
#: Where the state was not recorded, so many starts are taken of each constant, and compared by so
#: many numbers: every one of them has a state of its own, which is inferred.
FEW = 4
#: How many usual values are tried as they are, where a type is coarse.
#: Those within so many rough tolerances come in the order of the values.
GUESSES, CLOSE = 12, 2.0
#: After `HOPE` turns a start is left if its misses are still `FAR` rough tolerances.
HOPE, FAR = 4, 1000.0


class Solution(Struct, frozen=True):
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


def explains(trace: Trace, rule: Rule, solution: Solution, guess: Slots | None = None) -> bool:
    """Whether every number of a trace is within its tolerance; some must be judged."""
    given = {**trace.hyperparameters, **solution.constants}
    try:
        misses = measure_misses(trace, rule, given, solution.rates, guess)
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
    """Searches for constants with which the rule fits a trace, then rounds them to few digits."""

    def __init__(
        self, trace: Trace, page: Page, rule: Rule, names: tuple[str, ...], rated: bool
    ) -> None:
        self.trace, self.page, self.rule = trace, page, rule
        self.names, self.rated = names, rated
        self.unknown_state = bool(list_unknown_slots(trace, rule))
        self.usual = {name: list_usual(page, name) for name in names}
        #: The state that was inferred last, where it was not recorded.
        self.guess: Slots | None = None

    def find_points(self) -> Iterator[Array]:
        """Values at which the misses are least, from the best starts."""
        # A rate can be fitted to each start where the state is known, and is tried otherwise.
        fitted = self.rated and not self.unknown_state
        free = [name for name in self.names if name != RATE or not fitted]
        most = FEW if self.unknown_state else None
        grid = list(itertools.product(*(self.usual[name][:most] for name in free)))
        rows = np.array(grid, np.float64).reshape(len(grid), len(free))
        if fitted:
            given = {**self.trace.hyperparameters, **make_columns(free, rows)}
            rates = fit_rates(self.trace, self.rule, given)
            each = [np.broadcast_to(rate, (len(rows), 1)) for rate in rates]
            rows = np.column_stack([rows, np.median(np.concatenate(each, axis=1), axis=1)])
        if not rows.shape[1]:
            yield np.empty(0)
            return
        if self.trace.coarse:
            yield from self._find_usual(rows)
        few = self.trace.take(slice(FEW)) if self.unknown_state else self.trace
        order = np.argsort(self._badness(few, rows))
        for start in rows[order[:STARTS]]:
            self.guess = None
            yield self._follow(start, np.ones(len(start), bool))

    def _find_usual(self, rows: Array) -> Iterator[Array]:
        """The usual values that come closest as they are, with rates near those that fit.

        A type may be so coarse that misses are steps, which nothing can be followed on.
        """
        if self.rated:
            near = [_list_near_rates(rate) for rate in rows[:, -1]]
            rates = np.concatenate(near)[:, None]
            rows = np.hstack([np.repeat(rows[:, :-1], [len(n) for n in near], axis=0), rates])
        far = np.abs(self._misses(rows, self._infer(rows, self.trace))).max(axis=(1, 2))
        # Of those that may fit, the page's defaults come first. Where a constant does not show,
        # all its values are equally far off, and one is enough.
        order = np.argsort(np.maximum(far, CLOSE), kind="stable")
        different: dict[str, int] = {}
        for index in order:
            different.setdefault(f"{far[index]:.2g}", int(index))
        for index in itertools.islice(different.values(), GUESSES):
            self.guess = None
            yield rows[index]

    def _give(self, rows: Array) -> tuple[Names, Any]:
        """The constants of every candidate, as columns, and the rate of every step."""
        given = {**self.trace.hyperparameters, **make_columns(self.names, rows)}
        if self.rated:
            return given, [given.pop(RATE)] * self.trace.steps
        if self.trace.rates is not None:
            return given, self.trace.rates
        return given, fit_rates(self.trace, self.rule, given)

    def _infer(self, rows: Array, trace: Trace, guess: Slots | None = None) -> Slots:
        """The state of every candidate, where it was not recorded."""
        given, rates = self._give(rows)
        return infer_state(trace, self.rule, {**FLOAT64_FUNCTIONS, **given}, rates, guess)

    def _misses(self, rows: Array, slots: Slots, trace: Trace | None = None) -> Array:
        """The misses of every candidate, in rough tolerances, (candidates, T, N)."""
        trace = trace or self.trace
        given, rates = self._give(rows)
        fixed = {**FLOAT64_FUNCTIONS, **given}
        with np.errstate(all="ignore"):
            before = slots.state(trace)
            predicted = predict(trace, self.rule, fixed, rates, before)
            misses = weigh(trace, predicted)
        return np.broadcast_to(misses, (max(len(rows), len(misses)), *misses.shape[1:]))

    def _badness(self, trace: Trace, rows: Array) -> Array:
        misses = self._misses(rows, self._infer(rows, trace), trace)
        return np.log1p(np.abs(misses)).sum(axis=(1, 2))

    def _follow(self, start: Array, moving: Array) -> Array:
        """Where the misses are least from a start on, by damped Gauss-Newton steps.

        Only `moving` values change, together with a state that was not recorded. A fraction is
        followed by its distance from 1, everything by its logarithm, so that none leaves its
        domain.
        """
        point, damping = start.astype(np.float64), 1e-3
        slots = self._infer(point[None], self.trace, self.guess)
        free = [int(i) for i in np.flatnonzero(moving & (start != 0))]
        if not free:
            self.guess = slots
            return point
        best = self._misses(point[None], slots)[0]
        for turn in range(TURNS):
            rows = np.stack([self._shift(point, i, SHIFT) for i in free])
            slopes = (self._misses(rows, slots) - best) / SHIFT
            nudged = [self._misses(point[None], slots.nudge(i))[0] for i in range(len(slots.names))]
            of_state = (np.reshape(nudged, (-1, *best.shape)) - best) / SHIFT
            try:
                move, by = solve_together(slopes, of_state, best, damping)
            except np.linalg.LinAlgError:
                break
            tried, shifted = point, slots.shift(by)
            for i, part in zip(free, move):
                tried = self._shift(tried, i, float(part))
            misses = self._misses(tried[None], shifted)[0]
            before, after = np.square(best).sum(), np.square(misses).sum()
            if after < before:
                point, slots, best, damping = tried, shifted, misses, damping / 10
                hopeless = turn > HOPE and after > before / 4 and np.abs(misses).max() > FAR
                if hopeless or np.abs(move).max() < 1e-13:
                    break
            else:
                damping *= 10
                if damping > 1e8:
                    break
        self.guess = slots
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
        slots = self._infer(point[None], self.trace, self.guess)
        plausible = plausible and bool(np.abs(self._misses(point[None], slots)).max() < FAR)
        if not plausible or not self._explains(point):
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
            if self._explains(other):
                return other
            if abs(short - value) > 1e-3 * abs(value):
                followed = self._follow(other, moving)
                if self._explains(followed):
                    return followed
        return None

    def _explains(self, point: Array) -> bool:
        return explains(self.trace, self.rule, self._solution(point), self.guess)

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
        return self._explains(other)

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
        rates = fit_rates(self.trace, self.rule, {**self.trace.hyperparameters, **constants})
        exact = [float(np.ravel(rate)[0]) for rate in rates]
        shift = max(self.trace.roundoff * 8, 1e-15)
        return [_shorten_number(rate, shift) for rate in exact]


def _list_near_rates(rate: float) -> list[float]:
    """Learning rates near one that fits: with one digit, with two, and the closest usual one."""
    short = [abs(float(f"{rate:.{digits}g}")) for digits in (1, 2)]
    usual = min(RATES, key=lambda usual: abs(math.log(usual / max(abs(rate), 1e-300))))
    return list(dict.fromkeys([usual, *short]))


def _shorten_number(value: float, relative: float) -> float:
    """The number with the fewest digits that is so close."""
    for digits in DIGITS:
        short = float(f"{value:.{digits}g}")
        if abs(short - value) <= relative * abs(value):
            return short
    return value
