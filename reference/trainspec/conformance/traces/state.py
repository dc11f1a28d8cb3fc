"""A state that was not recorded: `trace, rule, constants -> the state before the first step`.

A recording that starts in the middle of training says nothing about what the optimizer remembered.
The numbers of the state are then fitted to the recorded steps, each element by itself, by damped
Gauss-Newton steps (Levenberg 1944; Marquardt 1963). A slot that is positive, such as a mean of
squares, is followed by its logarithm.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec import Struct

from trainspec.conformance.pages.rule import Rule
from trainspec.conformance.traces.trace import Trace
from trainspec.conformance.traces.walk import Names, predict, walk

Array = Any

#: How often the recorded gradients are gone through to find values that a state may have.
WARM_UPS = 4
#: At most this many steps are taken to where a state fits.
TURNS = 60
#: An element is left when a turn makes its misses smaller by less than this part, or when its
#: damping has become so large that it does not move.
SMALL_GAIN, STUCK = 1e-3, 1e9
#: An element fits if its misses, squared, are no more than so many rough tolerances a step. Where
#: this share of the elements fits, the others are tried again from other starts.
MET, FITTING = 16.0, 0.5
#: So many other starts, drawn by a seed: positive slots are multiplied by a power of e whose
#: exponent has this deviation, others moved by that part of their size.
RESTARTS, SPREAD, SEED = 24, 2.0, 20
#: Where only a few elements are left, more starts are tried, and until they fit better.
NEARLY_ALL, MOST_RESTARTS, WELL_MET = 0.9, 300, 2.0
#: What stands for a miss that is no number.
LOST = 1e30
#: A derivative is a difference over this part of a value.
SHIFT = 1e-6


def list_unknown_slots(trace: Trace, rule: Rule) -> list[str]:
    """The names of a rule's state, if a recording from the middle does not give it."""
    return [] if trace.first_step == 1 or trace.state is not None else list(rule.state)


class Slots(Struct, frozen=True):
    """Unknown numbers of a state: `values` is (slots, candidates, N); none where all is known."""

    names: Sequence[str]
    values: Array

    def state(self, trace: Trace) -> dict[str, Array]:
        """The state, which is the trace's where it gives one."""
        return dict(trace.state or zip(self.names, self.values))

    def take(self, part: Any) -> Slots:
        """Those of some elements."""
        return Slots(self.names, self.values[..., part])

    def shift(self, by: Array) -> Slots:
        """Moved `by` a part of their size; positive slots stay so."""
        positive = (self.values > 0).all(axis=(1, 2))[:, None, None]
        size = np.abs(self.values)
        size = size + size.mean(axis=(1, 2), keepdims=True) + 1e-300
        grown = self.values * np.exp(np.clip(by, -3.0, 3.0))
        return Slots(self.names, np.where(positive, grown, self.values + by * size))

    def nudge(self, index: int) -> Slots:
        """One slot moved by a little, to see what that does."""
        return self.shift(SHIFT * (np.arange(len(self.names)) == index)[:, None, None])


def infer_state(
    trace: Trace, rule: Rule, fixed: Names, rates: Sequence[Any], guess: Slots | None = None
) -> Slots:
    """The numbers of the state with which the rule comes closest to a recording.

    `fixed` holds the constants, columns where there are several candidates. A `guess` is a state,
    of one candidate, that fitted constants nearby.
    """
    names = list_unknown_slots(trace, rule)
    if not names:
        return Slots((), np.empty((0, 1, trace.size)))
    with np.errstate(all="ignore"):
        start = guess or _warm_up(trace, rule, fixed, rates)
        found, cost = _fit(trace, rule, fixed, rates, start)
        # Where an element starts, a slot may do nothing, such as a maximum under the present value,
        # or the rule may have no value, such as a root of a negative number.
        draws = np.random.default_rng(SEED)
        for turn in range(MOST_RESTARTS):
            met, lost = cost <= MET * trace.steps, cost >= LOST**2
            few = met.mean() >= NEARLY_ALL
            if few:
                met = cost <= WELL_MET * trace.steps
            if met.all() or not (few or lost.any() or met.mean() >= FITTING):
                break
            if turn >= RESTARTS and not few:
                break
            part = np.flatnonzero(~met.all(axis=0))
            by = SPREAD * draws.standard_normal((len(names), 1, len(part)))
            if turn % 2:  # one slot alone, of the best so far
                by *= (np.arange(len(names)) == turn // 2 % len(names))[:, None, None]
                other = found.take(part).shift(by)
            else:
                other = start.take(part).shift(by)
            again, now = _fit(trace.take(part), rule, fixed, rates, other)
            values, costs = found.values.copy(), cost.copy()
            values[..., part] = np.where(now < cost[:, part], again.values, values[..., part])
            costs[:, part] = np.minimum(now, cost[:, part])
            found, cost = Slots(names, values), costs
    return found


def _fit(
    trace: Trace, rule: Rule, fixed: Names, rates: Sequence[Any], slots: Slots
) -> tuple[Slots, Array]:
    """The numbers at which the misses are least from a start on, and what is left of the misses."""

    def measure(slots: Slots) -> Array:
        return weigh(trace, predict(trace, rule, fixed, rates, slots.state(trace)))

    best = measure(slots)
    shape = (max(len(best), slots.values.shape[1]), trace.steps, trace.size)
    best = np.broadcast_to(best, shape)
    values = np.broadcast_to(slots.values, (len(slots.names), len(best), trace.size))
    slots = Slots(slots.names, values)
    cost: Array = _measure(best)
    damping = np.full((len(best), trace.size), 1e-3)
    settled = cost <= trace.steps
    for _ in range(TURNS):
        if settled.all():
            break
        slopes = np.stack([measure(slots.nudge(i)) - best for i in range(len(slots.names))])
        tried = slots.shift(_solve_each(slopes / SHIFT, best, damping))
        misses = measure(tried)
        now = _measure(misses)
        better = now < cost
        settled |= better & (now > (1 - SMALL_GAIN) * cost)
        slots = Slots(slots.names, np.where(better, tried.values, slots.values))
        best = np.where(better[:, None], misses, best)
        cost = np.where(better, now, cost)
        damping = np.where(better, damping / 10, damping * 10).clip(1e-12, STUCK)
        settled |= (cost <= trace.steps) | (damping >= STUCK)
    return slots, cost


def _warm_up(trace: Trace, rule: Rule, fixed: Names, rates: Sequence[Any]) -> Slots:
    """The state after the recorded gradients were gone through a few times."""
    names = list_unknown_slots(trace, rule)
    state: Names = {}
    for _ in range(WARM_UPS):
        *_, (_, _, after) = walk(trace, rule, fixed, rates, state)
        state = after
    values = [np.atleast_2d(np.asarray(state[name], np.float64)) for name in names]
    shape = (max(len(value) for value in values), trace.size)
    finite = [np.where(np.isfinite(value), value, 0.0) for value in values]
    return Slots(names, np.stack([np.broadcast_to(value, shape) for value in finite]))


def weigh(trace: Trace, predicted: Array) -> Array:
    """How far predictions are off, in rough tolerances, (candidates, T, N).

    What is no number counts as far off; what the recording has none for counts as met.
    """
    moves = np.abs(np.diff(trace.params, axis=0))
    scale = trace.roundoff * (np.abs(trace.params[1:]) + 8 * moves) + 1e-300
    with np.errstate(all="ignore"):
        misses = (predicted - trace.params[1:]) / scale
    usable = np.isfinite(trace.params[1:])
    return np.where(usable, np.where(np.isfinite(misses), misses, LOST), 0.0)


def _measure(misses: Array) -> Array:
    found: Array = np.square(misses).sum(1)
    return found


def _solve_each(slopes: Array, misses: Array, damping: Array) -> Array:
    """The damped step of every element by itself, (slots, candidates, N)."""
    square = np.einsum("ictn,jctn->cnij", slopes, slopes)
    pull = -np.einsum("ictn,ctn->cni", slopes, misses)
    return np.moveaxis(_solve_damped(square, pull[..., None], damping)[..., 0], -1, 0)


def _solve_damped(square: Array, pull: Array, damping: Array) -> Array:
    """Solve small systems, whose unknowns are measured by what each does alone."""
    count = range(square.shape[-1])
    own = np.sqrt(np.diagonal(square, axis1=-2, axis2=-1)) + 1e-150
    scaled = square / (own[..., :, None] * own[..., None, :])
    scaled[..., count, count] += damping[..., None] + 1e-14
    found = np.linalg.solve(np.nan_to_num(scaled), np.nan_to_num(pull / own[..., None]))
    return np.nan_to_num(found / own[..., None])


def solve_together(
    slopes: Array, of_state: Array, misses: Array, damping: float
) -> tuple[Array, Array]:
    """The damped step of constants and, for each element, of its state.

    `slopes` is (constants, T, N), `of_state` (slots, T, N), `misses` (T, N). Each element's state
    is eliminated first, so that what remains is as small as the constants are few. Raises
    `numpy.linalg.LinAlgError` where constants do nothing.
    """
    square = np.einsum("itn,jtn->ij", slopes, slopes)
    pull = -np.einsum("itn,tn->i", slopes, misses)
    ridge = damping * np.diag(np.diag(square) + 1e-12)
    both = np.einsum("itn,jtn->nji", slopes, of_state)
    inner = np.einsum("itn,jtn->nij", of_state, of_state)
    alone = -np.einsum("itn,tn->ni", of_state, misses)
    right = np.concatenate([both, alone[..., None]], axis=-1)
    eliminated = _solve_damped(inner, right, np.full(len(inner), damping))
    by, alone = eliminated[..., :-1], eliminated[..., -1]
    square = square - np.einsum("nji,njk->ik", both, by)
    pull = pull - np.einsum("nji,nj->i", both, alone)
    move = np.clip(np.nan_to_num(np.linalg.solve(square + ridge, pull)), -1.5, 1.5)
    return move, np.moveaxis(alone - by @ move, -1, 0)[:, None]
