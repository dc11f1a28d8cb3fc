"""A second derivation of golden values, with mpmath and exact fractions in place of Arb.

It shares no line with the first: scalar by scalar, formulas written out again in the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import mpmath

from helpers import true_values

DIGITS = 30

#: (W, gradients, rates, hyperparameters, square root) -> W after every step.
Derivation = Callable[
    [Any, Sequence[float], Sequence[float], Mapping[str, Any], Callable[[Any], Any]], Iterator[Any]
]


def agrees(technique: str, case: str, derivation: Derivation) -> None:
    """Assert that a derivation gives the case's true values to 30 digits."""
    ready, values = true_values(technique, case)
    rates = ready.hyperparameters["learning_rate"]
    with mpmath.workdps(60):

        def sqrt(x: Any) -> Any:
            if isinstance(x, Fraction):
                x = mpmath.mpf(x.numerator) / x.denominator
            return mpmath.sqrt(x)

        columns = []
        for k, tensor in enumerate(ready.inputs["params"]):
            for element, W in enumerate(tensor["data"]):
                gradients = [step[k]["data"][element] for step in ready.inputs["grads"]]
                columns.append(
                    list(derivation(mpmath.mpf(W), gradients, rates, ready.hyperparameters, sqrt))
                )
        mine = [column[t] for t in range(len(rates)) for column in columns]
        assert len(mine) == len(values)
        for one, other in zip(mine, values):
            theirs = mpmath.mpf(other.x.mid().str(50, radius=False))
            assert abs(one - theirs) <= abs(theirs) * mpmath.mpf(10) ** -DIGITS
