"""Certifying gradients: every backward output against differences of the forward rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from msgspec import Struct

from trainspec.conformance.arithmetic.interval import enclose, enclose_all, rounding_as
from trainspec.conformance.arithmetic.interval_functions import INTERVAL_FUNCTIONS
from trainspec.conformance.arithmetic.run import run_rule
from trainspec.conformance.basics.tensors import iterate_tensors, map_tensors, to_array
from trainspec.conformance.derivation.tolerances import ReadyCase, enclose_hyperparameters
from trainspec.conformance.pages.page import Page
from trainspec.conformance.pages.parts import FUNCTION, LAYERED, PageError

#: Gradients are compared with differences of the forward rule over this distance, to these digits.
NUDGE_BITS, GRADIENT_BITS = 100, 90


def certify_gradients(page: Page, ready: ReadyCase) -> None:
    """Compare every output ``dx`` with the derivative of the forward outputs with respect to ``x``.

    The derivative is of the sum of ``dy * y`` where ``dy`` is an input, else of the first output
    that is one number. Where the two one-sided differences are not equal, the rule has a kink and
    a clause decides. Raises `PageError` for a gradient that is not the derivative.
    """
    wanted = [name for name in page.outputs if name[0] == "d" and name[1:] in page.inputs]
    if not wanted or page.kind not in (FUNCTION, LAYERED):
        return
    with rounding_as(None):
        forward = _Forward.of(page, ready)
        outputs = forward.run(forward.inputs)
        values = [
            enclose(x).x
            for _, leaf in iterate_tensors(outputs)
            for x in np.asarray(leaf, dtype=object).ravel()
        ]
        if any(isinstance(x, float) for x in values):
            return  # infinities and NaN have no differences
        size = max((abs(float(v.mid())) for v in values), default=1.0) + 1.0
        for name in wanted:
            for place, right, left in forward.differences(name[1:]):
                # One-sided differences agree to the nudge's size unless there is a kink.
                if abs(float((right - left).mid())) > size * 2.0**-40:
                    continue
                middle = (right + left) / 2
                found = enclose(_take(outputs[name], place))
                off = abs(float((found.x - middle).mid()))
                if off > size * 2.0**-GRADIENT_BITS * 2.0**16:
                    raise PageError(
                        f"{ready.id}: {name}{list(place)} is {found}, "
                        f"the derivative of the forward rule is {middle}"
                    )


class _Forward(Struct, frozen=True):
    """The forward rule of a page over the inputs of one case, in intervals."""

    page: Page
    inputs: dict[str, Any]
    hyperparameters: dict[str, Any]

    @classmethod
    def of(cls, page: Page, ready: ReadyCase) -> _Forward:
        """The page's rule over the case's inputs."""
        inputs = map_tensors(lambda t: enclose_all(to_array(t, np.float64)), ready.inputs)
        return cls(page, inputs, enclose_hyperparameters(ready))

    def run(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """The outputs for other inputs."""
        given = self.hyperparameters
        return run_rule(self.page, self.page.rule, inputs, given, INTERVAL_FUNCTIONS)

    def objective(self, inputs: dict[str, Any]) -> Any:
        """The one number whose derivatives the gradients are."""
        found = self.run(inputs)
        upstream = [n for n in self.page.inputs if n[0] == "d" and n[1:] in self.page.outputs]
        if not upstream:
            single = (v for v in found.values() if not isinstance(v, list) and np.shape(v) == ())
            return enclose(next(single)).x
        terms = (np.sum(inputs[d] * found[d[1:]]) for d in upstream)
        return sum((enclose(term).x for term in terms), enclose(0).x)

    def differences(self, name: str) -> Iterator[tuple[tuple[int, ...], Any, Any]]:
        """For every element of an input, the slopes of the objective to its right and left.

        The place of an element begins with its layer where the input is a list.
        """
        nudge = enclose(2.0**-NUDGE_BITS)
        centre = self.objective(self.inputs)
        for place in _list_places(self.inputs[name]):
            sides = []
            for step in (nudge, -nudge):
                moved = _move(self.inputs[name], place, step)
                sides.append((self.objective({**self.inputs, name: moved}) - centre) / step.x)
            yield place, sides[0], sides[1]


def _list_places(nest: Any) -> list[tuple[int, ...]]:
    """The place of every element of an array, or of a list of arrays."""
    if isinstance(nest, list):
        return [(k, *index) for k, one in enumerate(nest) for index in np.ndindex(np.shape(one))]
    return list(np.ndindex(np.shape(nest)))


def _take(nest: Any, place: tuple[int, ...]) -> Any:
    if isinstance(nest, list):
        return _take(nest[place[0]], place[1:])
    return np.asarray(nest, dtype=object)[place]


def _move(nest: Any, place: tuple[int, ...], step: Any) -> Any:
    """The array or list with one element moved."""
    if isinstance(nest, list):
        layer, *index = place
        moved = _move(nest[layer], tuple(index), step)
        return [moved if k == layer else one for k, one in enumerate(nest)]
    array = np.array(nest, dtype=object)
    array[place] = array[place] + step
    return array
