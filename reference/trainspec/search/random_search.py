"""Random search (spec/search/random_search.md; Bergstra and Bengio 2012)."""

from __future__ import annotations

import numpy as np

from trainspec.arguments import Array, floating
from trainspec.search.log_uniform import log_uniform


def random_search(
    u: Array,
    validation_scores: Array,
    test_scores: Array,
    *,
    low: float = 0.001,
    high: float = 1000.0,
) -> dict[str, Array]:
    """The best of n trials whose values come from even numbers `u`, (n,) (SEARCH-1 to 4).

    `validation_scores`, (n, epochs), judge by their last epoch; `test_scores` are not looked at.
    Raises TypeError for arrays that are not floating-point, ValueError for bounds not above 0.
    """
    floating(u=u, validation_scores=validation_scores)
    values = log_uniform(u, low=low, high=high)
    scores = validation_scores[:, -1]
    best = np.argmax(scores)
    return {
        "values": values,
        "scores": scores.copy(),
        "best": np.asarray(values[best]),
        "best_score": np.asarray(scores[best]),
    }
