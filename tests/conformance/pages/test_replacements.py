"""What people write in the place of a part of an expression."""

from __future__ import annotations

import ast

import pytest

from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.replacements import (
    replace_call,
    replace_leaf,
    replace_operation,
    wrap_part,
)

ADAM = load_page("optimizers/adam")


def others(way, text, known=()):
    node = ast.parse(text, mode="eval").body
    return {ast.unparse(ast.fix_missing_locations(other)) for other in way(ADAM, node, known)}


@pytest.mark.parametrize(
    ("way", "text", "expected"),
    [
        (replace_leaf, "t", {"t + 1", "t - 1", "m"}),
        (replace_leaf, "2", {"1", "3", "4", "-2"}),
        (replace_operation, "a - b", {"a", "b", "a + b", "b - a", "-(a + b)"}),
        (replace_operation, "a > b", {"a >= b", "b > a"}),
        (replace_operation, "a if c else b", {"a", "b", "b if c else a"}),
        (replace_operation, "a if c else b if d else e", {"a if c else a if d else e"}),
        (replace_call, "maximum(a, b)", {"minimum(a, b)", "a + b", "a", "b"}),
        (replace_call, "solve(a, b)", {"solve(transpose(a), b)"}),
        (wrap_part, "g", {"-g", "g ** 2", "sqrt(g)", "abs(g)", "g * 2", "g / 2"}),
    ],
)
def test_it_is_among_them(way, text, expected):
    assert expected <= others(way, text, ["m"])


def test_a_part_is_not_replaced_by_itself():
    assert "t" not in others(replace_leaf, "t", ["t", "m"])
