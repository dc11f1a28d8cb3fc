"""Learning rates in words."""

from __future__ import annotations

import pytest

from trainspec.conformance.traces.schedule import describe_rates


@pytest.mark.parametrize(
    ("rates", "words"),
    [
        ([0.01] * 5, "0.01"),
        ([0.3], "0.3"),
        ([0.1, 0.09, 0.081, 0.0729], "0.1, then 0.9 times the last one at every step"),
        ([0.1, 0.09, 0.08, 0.07], "0.1, then less by 0.01 at every step"),
        ([0.1, 0.2, 0.3], "0.1, then more by 0.1 at every step"),
        ([0.1 / (1 + 0.5 * t) for t in range(5)], "0.1 / (1 + 0.5 (t - 1))"),
        ([0.1] * 4 + [0.01] * 4, "0.1, 0.01 from step 5"),
        ([0.1, 0.5, 0.2], "0.1, 0.5, 0.2"),
    ],
)
def test_words(rates, words):
    assert describe_rates(rates) == words


def test_a_long_list_is_cut():
    assert describe_rates([0.1, 0.5, 0.2] * 9).endswith(" …")
