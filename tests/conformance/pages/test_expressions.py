"""Parts of expressions."""

from __future__ import annotations

import ast

from trainspec.conformance.pages.expressions import (
    Substitute,
    get_part,
    make_call,
    make_name,
    put_part,
    walk_parts,
)

LINE = ast.parse("g / (sqrt(h) + epsilon)", mode="eval").body


def test_every_part_is_found_at_the_end_of_its_way():
    parts = {ast.unparse(node): path for path, node in walk_parts(LINE)}
    assert parts.keys() == {ast.unparse(LINE), "g", "sqrt(h) + epsilon", "sqrt(h)", "h", "epsilon"}
    for text, path in parts.items():
        assert ast.unparse(get_part(LINE, path)) == text


def test_another_part_is_put_in_and_the_line_stays_as_it_was():
    before = ast.unparse(LINE)
    path = next(path for path, node in walk_parts(LINE) if ast.unparse(node) == "sqrt(h)")
    changed = put_part(LINE, path, make_call("abs", make_name("h")))
    assert ast.unparse(changed) == "g / (abs(h) + epsilon)"
    assert ast.unparse(LINE) == before


def test_a_name_is_substituted():
    line = ast.parse("h * h", mode="eval").body
    assert ast.unparse(Substitute("h", make_name("k")).visit(line)) == "k * k"
