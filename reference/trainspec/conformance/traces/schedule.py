"""Learning rates in words: constant, or how they change from step to step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

#: Words show rates with this many digits.
SHOWN = 6
#: Rates follow a schedule if they agree with it in the digits that are shown: a unit of the last of
#: them is at most this part of a number.
CLOSE = 10.0 ** (1 - SHOWN)


def describe_rates(rates: Sequence[float]) -> str:
    """Learning rates as people would write them down."""
    values = np.asarray(rates, np.float64)
    first = f"{values[0]:.6g}"
    if len(values) == 1 or _agree(values, values[0]):
        return first
    if len(values) > 2 and (values > 0).all():
        ratios, gaps = values[1:] / values[:-1], np.diff(values)
        if _agree(ratios, ratios[0]):
            return f"{first}, then {ratios[0]:.6g} times the last one at every step"
        if _agree(gaps, gaps[0]):
            word = "more" if gaps[0] > 0 else "less"
            return f"{first}, then {word} by {abs(gaps[0]):.6g} at every step"
        inverse = np.diff(1 / values)
        if _agree(inverse, inverse[0]):
            decay = inverse[0] * values[0]
            return f"{first} / (1 + {decay:.6g} (t - 1))"
        changes = np.flatnonzero(~np.isclose(values[1:], values[:-1], rtol=CLOSE, atol=0)) + 1
        if len(changes) <= len(values) // 3:
            parts = [f"{values[i]:.6g} from step {i + 1}" for i in changes]
            return ", ".join([first, *parts])
    return ", ".join(f"{v:.6g}" for v in values[:12]) + (" …" if len(values) > 12 else "")


def _agree(values: Any, with_value: float) -> bool:
    return bool(np.allclose(values, with_value, rtol=CLOSE, atol=0))
