"""The mistakes of an update rule around its formula: state, counts, rates and gradients over steps.

They are a table; each is run with every published form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from trainspec.conformance.diagnosis.mistaken_loop import Moment, StateMistake


def _has_new_rate(now: Moment) -> bool:
    return now.t > 1 and now.rates[now.t - 1] != now.rates[now.t - 2]


def _find_last_rate(now: Moment) -> int:
    """The steps before the present learning rate was first used without a change."""
    t = now.t
    while t > 1 and now.rates[t - 2] == now.rates[now.t - 1]:
        t -= 1
    return t - 1


def _is_zero(now: Moment) -> bool:
    return not np.any(now.g)


def _rows_with_gradient(now: Moment) -> Any:
    if np.ndim(now.g) < 2:
        return now.g != 0
    rows = np.any(now.g != 0, axis=tuple(range(1, np.ndim(now.g))), keepdims=True)
    return np.broadcast_to(rows, np.shape(now.g))


def _so_far(now: Moment) -> Any:
    """The gradients of all steps until now, added up."""
    return sum(gradient[now.k] for gradient in now.grads[: now.t])


def _global_norm(now: Moment) -> float:
    """The norm of all gradients of a step."""
    return float(np.sqrt(sum(np.sum(np.square(g)) for g in now.grads[now.t - 1])))


def _scaled_to(norm: Callable[[Moment], float], bound: float) -> Callable[[Moment], Any]:
    def scale(now: Moment) -> Any:
        size = norm(now)
        return now.g * (bound / size) if size > bound else now.g

    return scale


def _own_norm(now: Moment) -> float:
    return float(np.sqrt(np.sum(np.square(now.g))))


def _cut_at(bound: float) -> Callable[[Moment], Any]:
    return lambda now: np.clip(now.g, -bound, bound)


def _drop_below(bound: float) -> Callable[[Moment], Any]:
    return lambda now: np.where(np.abs(now.g) <= bound, 0.0, now.g)


def _drop_small(share: float) -> Callable[[Moment], Any]:
    def drop(now: Moment) -> Any:
        largest = np.max(np.abs(now.g), initial=0.0)
        return np.where(np.abs(now.g) < share * largest, 0.0, now.g)

    return drop


def _stick_at(most: int) -> Callable[[Moment], int]:
    return lambda now: min(now.t, most)


def _first_of_its_shape(now: Moment) -> int:
    """The first tensor that has the shape of this one."""
    shapes = [np.shape(W) for W in now.params]
    return shapes.index(shapes[now.k])


STATE_BY_SHAPE = StateMistake(
    "state-shared",
    "tensors of one shape share their state: keep a state for each tensor",
    owner=_first_of_its_shape,
)

MISTAKES = (
    STATE_BY_SHAPE,
    StateMistake(
        "state-of-first-tensor",
        "every tensor uses the state of the first: keep a state for each tensor",
        owner=lambda now: 0,
    ),
    StateMistake(
        "state-read-of-first-tensor",
        "each tensor keeps a state, and every step reads that of the first tensor",
        reader=lambda now: 0 if now.k else -1,
    ),
    StateMistake(
        "state-read-of-tensor-before",
        "each tensor keeps a state, and a step reads that of the tensor before it",
        reader=lambda now: now.k - 1,
    ),
    StateMistake(
        "state-of-first-tensor-new-at-each-tensor",
        "a tensor starts with the state that the tensor before it has left",
        owner=lambda now: max(now.k - 1, 0),
    ),
    StateMistake(
        "state-forgotten",
        "the state is made anew at every step, and only the step count goes on",
        forgets=lambda now: True,
    ),
    StateMistake(
        "state-and-count-forgotten",
        "the state and the step count are made anew at every step",
        forgets=lambda now: True,
        count=lambda now: 1,
    ),
    StateMistake(
        "zero-tensor-skipped",
        "a tensor whose whole gradient is zero is skipped at that step, though its state should go "
        "on and may still move it",
        moves=lambda now: not _is_zero(now),
    ),
    StateMistake(
        "zero-tensor-skipped-with-its-count",
        "a tensor whose whole gradient is zero is skipped at that step, and its step count too",
        moves=lambda now: not _is_zero(now),
        count=lambda now: now.made,
    ),
    StateMistake(
        "zero-rows-skipped",
        "rows whose gradient is zero are skipped (a lazy, or sparse, update), though their state "
        "should go on and may still move them",
        moves=_rows_with_gradient,
    ),
    StateMistake(
        "zero-elements-skipped",
        "elements whose gradient is zero are skipped (a lazy update), though their state should go "
        "on and may still move them",
        moves=lambda now: now.g != 0,
    ),
    StateMistake(
        "count-of-tensors",
        "the step count rises with every tensor, not with every step",
        count=lambda now: (now.t - 1) * len(now.params) + now.k + 1,
    ),
    StateMistake(
        "gradient-previous",
        "a step uses the gradient of the step before; the first uses its own",
        gradient=lambda now: now.grads[max(now.t - 2, 0)][now.k],
    ),
    StateMistake(
        "gradient-previous-from-zero",
        "a step uses the gradient of the step before; the first uses zero",
        gradient=lambda now: now.grads[now.t - 2][now.k] if now.t > 1 else 0 * now.g,
    ),
    StateMistake(
        "gradient-first",
        "every step uses the first step's gradient",
        gradient=lambda now: now.grads[0][now.k],
    ),
    StateMistake(
        "gradient-accumulated",
        "gradients add up over the steps: they are not set to zero after a step",
        gradient=_so_far,
    ),
    StateMistake(
        "gradient-mean-so-far",
        "a step uses the mean of all gradients so far",
        gradient=lambda now: _so_far(now) / now.t,
    ),
    StateMistake(
        "gradient-of-first-of-its-shape",
        "a tensor uses the gradient of the first tensor that has its shape",
        gradient=lambda now: now.grads[now.t - 1][_first_of_its_shape(now)],
    ),
    StateMistake(
        "count-of-all-steps",
        "the step count is the number of all steps of the run, at every step",
        count=lambda now: len(now.grads),
    ),
    StateMistake(
        "rate-first",
        "every step uses the first step's learning rate",
        rate=lambda now: now.rates[0],
    ),
    StateMistake(
        "rate-previous",
        "a step uses the learning rate of the step before; the first uses its own",
        rate=lambda now: now.rates[max(now.t - 2, 0)],
    ),
    StateMistake(
        "rate-next",
        "a step uses the learning rate of the step after; the last uses its own",
        rate=lambda now: now.rates[min(now.t, len(now.rates) - 1)],
    ),
    StateMistake(
        "rate-of-tensor",
        "a tensor uses the learning rate of the step that has its number, at every step",
        rate=lambda now: now.rates[min(now.k, len(now.rates) - 1)],
    ),
    StateMistake(
        "state-forgotten-at-new-rate",
        "the state is made anew whenever the learning rate changes",
        forgets=_has_new_rate,
    ),
    StateMistake(
        "state-and-count-forgotten-at-new-rate",
        "the state and the step count are made anew whenever the learning rate changes",
        forgets=_has_new_rate,
        count=lambda now: now.t - _find_last_rate(now),
    ),
    StateMistake(
        "count-of-first-step-with-rate",
        "the step count is that of the first step with the same learning rate: it is kept with it",
        count=lambda now: [*now.rates].index(now.rates[now.t - 1]) + 1,
    ),
    StateMistake(
        "even-steps-left-out",
        "every second step is left out",
        moves=lambda now: now.t % 2 == 1,
    ),
    StateMistake(
        "odd-steps-left-out",
        "the first step is left out, and every second one after it",
        moves=lambda now: now.t % 2 == 0,
    ),
    StateMistake(
        "state-of-two-steps-before",
        "a step reads the state of two steps before: two buffers take turns",
        owner=lambda now: (now.k, now.t % 2),
    ),
    StateMistake(
        "mean-of-iterates",
        "what is returned is the mean of the parameters after every step so far",
        shown=lambda values: sum(values[1:]) / (len(values) - 1),
    ),
    StateMistake(
        "mean-of-iterates-and-start",
        "what is returned is the mean of all parameters so far, those before the first step too",
        shown=lambda values: sum(values) / len(values),
    ),
    StateMistake(
        "mean-of-last-two",
        "what is returned is the mean of the parameters before and after the step",
        shown=lambda values: (values[-1] + values[-2]) / 2,
    ),
    StateMistake(
        "rate-last",
        "every step uses the last step's learning rate",
        rate=lambda now: now.rates[-1],
    ),
    StateMistake(
        "count-wraps-at-256",
        "the step count is held in 8 bits: after 255 comes 0",
        count=lambda now: now.t % 256,
    ),
    StateMistake(
        "count-wraps-to-one",
        "the step count is held in 8 bits: after 255 comes 0, which is taken as 1",
        count=lambda now: max(1, now.t % 256),
    ),
    *(
        StateMistake(
            f"gradient-dropped-below-{bound:g}",
            f"an element of the gradient whose size is at most {bound:g} counts as 0",
            gradient=_drop_below(bound),
        )
        for bound in (1e-12, 1e-10, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3)
    ),
    *(
        StateMistake(
            f"gradient-dropped-below-{share:g}-of-largest",
            f"an element of the gradient under {share:g} of the tensor's largest counts as 0",
            gradient=_drop_small(share),
        )
        for share in (0.01, 0.1, 0.2, 0.25, 0.3, 0.5)
    ),
    StateMistake("step-twice", "every step is made twice with its gradient", repeats=2),
    *(
        StateMistake(
            f"count-sticks-at-{most}",
            f"the step count sticks at {most}, as one {why} does",
            count=_stick_at(most),
        )
        for most, why in ((256, "in bfloat16"), (255, "in 8 bits"), (2048, "in float16"))
    ),
    *(
        StateMistake(
            f"gradient-{name}-{bound:g}",
            f"the gradient is {words} {bound:g}",
            gradient=make(bound),
        )
        for bound in (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 100.0)
        for name, words, make in (
            ("clipped-at", "clipped element by element at ±", _cut_at),
            (
                "tensor-norm-at-most",
                "clipped tensor by tensor: scaled down to a norm of at most",
                lambda bound: _scaled_to(_own_norm, bound),
            ),
            (
                "global-norm-at-most",
                "clipped: all tensors' gradients together are scaled down to a norm of at most",
                lambda bound: _scaled_to(_global_norm, bound),
            ),
        )
    ),
)


def list_mistakes(first_wrong_step: int) -> Iterator[StateMistake]:
    """The mistakes, and a count that sticks right before the first step that is wrong."""
    yield from MISTAKES
    most = first_wrong_step - 1
    if most > 1:
        yield StateMistake(
            f"state-forgotten-every-{most}",
            f"the state is made anew after every {most} steps",
            forgets=lambda now: (now.t - 1) % most == 0,
        )
        yield StateMistake(
            f"state-and-count-forgotten-every-{most}",
            f"the state and the step count are made anew after every {most} steps",
            forgets=lambda now: (now.t - 1) % most == 0,
            count=lambda now: (now.t - 1) % most + 1,
        )
    if most > 2:
        yield StateMistake(
            f"count-sticks-at-{most}",
            f"the step count does not go beyond {most}",
            count=_stick_at(most),
        )
