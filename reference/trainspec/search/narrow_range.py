"""Narrowing the range of a search (spec/search/narrow_range.md)."""

from __future__ import annotations

import numpy as np

from trainspec.arguments import Array, at_least_one, floating, same_shape


def narrow_range(values: Array, scores: Array, *, survivors: float = 5) -> dict[str, Array]:
    """The range of the `survivors` values, of (n,), with the best scores (NARROW-1, NARROW-2).

    Raises TypeError for arrays that are not floating-point, ValueError for shapes that differ and
    fewer than one survivor.
    """
    floating(values=values, scores=scores)
    same_shape(values=values, scores=scores)
    at_least_one(survivors=survivors)
    best = values[np.argsort(-scores)[: int(survivors)]]
    return {"low": np.asarray(best.min()), "high": np.asarray(best.max())}
