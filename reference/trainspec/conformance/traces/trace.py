"""A recorded run: parameters before and after every step, gradients, and what else is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from trainspec.conformance.basics.float_types import TYPES, FloatArray

#: The size of the sample that constants are searched on; the whole trace then judges.
NUMBERS, STEPS = 24, 6
#: Which numbers those are.
SEED = 20


class Trace(Struct, frozen=True, eq=False):
    """A run of T steps over N numbers, those of all its tensors one after the other.

    `params` is (T + 1, N), the parameters before the first step and after each; `grads` (T, N).
    `rates` holds a learning rate for every step where they are known, `hyperparameters` the
    others that are. `first_step` is the number of the first step, and `state` what the optimizer
    held before it, by name, (N,) each; it is empty where that is not known.

    Tensors that lack a gradient at some steps are kept apart in `parts`, one part for each set of
    steps. A part holds only the steps that have a gradient: `places` are their positions in the
    recording, `numbers` their step numbers. `left_out` names tensors that move without a gradient.
    `chosen` holds the places of the numbers of a sample.
    """

    kind: str
    params: FloatArray
    grads: FloatArray
    names: Sequence[str]
    shapes: Sequence[tuple[int, ...]]
    hyperparameters: Mapping[str, float]
    rates: Sequence[float] | None = None
    first_step: int = 1
    state: Mapping[str, FloatArray] | None = None
    left_out: Sequence[str] = ()
    parts: Sequence[Trace] = ()
    places: Sequence[int] = ()
    numbers: Sequence[int] = ()
    chosen: Any = None

    def place(self, index: int) -> int:
        """The position of a step in the recording, from 0."""
        return self.places[index] if self.places else index

    def number(self, index: int) -> int:
        """The number t of a step."""
        return self.numbers[index] if self.numbers else self.first_step + index

    @property
    def steps(self) -> int:
        """The number of steps."""
        return len(self.grads)

    @property
    def size(self) -> int:
        """How many numbers a step moves."""
        return int(self.params.shape[1])

    @property
    def roundoff(self) -> float:
        """Half the distance from 1 to the next number of its type."""
        return TYPES[self.kind].roundoff

    @property
    def coarse(self) -> bool:
        """Whether its type has so few digits that many rules look alike in it."""
        return TYPES[self.kind].precision < TYPES["float32"].precision

    def take(self, elements: Any, steps: int | None = None) -> Trace:
        """The trace of some of its numbers, and of its first steps."""
        last = self.steps if steps is None else min(steps, self.steps)
        state = {k: v[elements] for k, v in self.state.items()} if self.state else self.state
        return replace(
            self,
            params=self.params[: last + 1, elements],
            grads=self.grads[:last, elements],
            rates=None if self.rates is None else self.rates[:last],
            state=state,
        )

    def sample(self, most: int) -> Trace:
        """The trace itself, or of so many of its numbers that there are `most` over all steps.

        Which ones is decided by a seed.
        """
        parts = [part.sample(most) for part in self.parts]
        if self.size * self.steps <= most:
            return replace(self, parts=parts)
        count = max(most // self.steps, 1)
        draws = np.random.default_rng(SEED)
        chosen = np.sort(draws.choice(self.size, count, replace=False, shuffle=False))
        return replace(self.take(chosen), parts=parts, chosen=chosen)

    def locate(self, index: int) -> str:
        """The tensor and the element of a number: ``w[0, 2]``."""
        if self.chosen is not None:
            index = int(self.chosen[index])
        for name, shape in zip(self.names, self.shapes):
            size = int(np.prod(shape))
            if index < size:
                place = ", ".join(map(str, np.unravel_index(index, shape))) if shape else ""
                return f"{name}[{place}]" if place else name
            index -= size
        raise IndexError(index)


def choose_sample(trace: Trace) -> Any:
    """The places of a few numbers that move; which ones is decided by a seed."""
    usable = np.isfinite(trace.params).all(0) & np.isfinite(trace.grads).all(0)
    lively = np.flatnonzero(usable & (trace.grads[0] != 0))
    chosen = lively if len(lively) else np.flatnonzero(usable)
    if len(chosen) > NUMBERS:
        chosen = np.sort(np.random.default_rng(SEED).choice(chosen, NUMBERS, replace=False))
    return chosen


def count_finite_steps(trace: Trace) -> int:
    """How many steps there are before none of the numbers is finite any more."""
    finite = np.isfinite(trace.params[1:]) & np.isfinite(trace.grads) & np.isfinite(trace.params[0])
    return int(np.logical_and.accumulate(finite).any(axis=1).sum())
