"""Parts of expressions of the rule language: finding one, and putting another in its place."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from typing import Any

from trainspec.conformance.pages.rule import FUNCTIONS

#: The way from an expression to a part of it: names of fields, and places in lists.
Path = tuple[tuple[str, int | None], ...]


def walk_parts(node: ast.expr, path: Path = ()) -> Iterator[tuple[Path, ast.expr]]:
    """Every part of an expression that is an expression itself, with the way to it."""
    yield path, node
    for name, value in ast.iter_fields(node):
        if isinstance(node, ast.Call) and name == "func":
            continue
        items = enumerate(value) if isinstance(value, list) else [(None, value)]
        for index, item in items:
            if isinstance(item, ast.expr) and not isinstance(item, (ast.Slice, ast.Tuple)):
                yield from walk_parts(item, (*path, (name, index)))


def put_part(whole: ast.expr, path: Path, other: ast.expr) -> ast.expr:
    """The expression with another part at the end of the way."""
    if not path:
        return other
    (name, index), rest = path[0], path[1:]
    made = copy.copy(whole)
    value = getattr(whole, name)
    if index is None:
        setattr(made, name, put_part(value, rest, other))
    else:
        items = list(value)
        items[index] = put_part(items[index], rest, other)
        setattr(made, name, items)
    return made


def get_part(whole: ast.expr, path: Path) -> ast.expr:
    """The part of an expression at the end of the way."""
    found: Any = whole
    for name, index in path:
        found = getattr(found, name) if index is None else getattr(found, name)[index]
    part: ast.expr = found
    return part


class Substitute(ast.NodeTransformer):
    """An expression in place of a name."""

    def __init__(self, name: str, other: ast.expr) -> None:
        self.name, self.other = name, other

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.other if node.id == self.name else node


def substitute(expression: ast.expr, name: str, other: ast.expr) -> ast.expr:
    """The expression with another one in place of every reading of a name."""
    changed: ast.expr = Substitute(name, other).visit(copy.deepcopy(expression))
    return changed


def make_name(name: str) -> ast.Name:
    """The expression that reads a name."""
    return ast.Name(name, ast.Load())


def make_call(function: str, argument: ast.expr) -> ast.Call:
    """A function of the rule language applied to one argument."""
    assert function in FUNCTIONS
    return ast.Call(make_name(function), [argument], [])


def make_binary(left: ast.expr, op: type[ast.operator], right: ast.expr) -> ast.BinOp:
    """Two expressions with an operator between them."""
    return ast.BinOp(left, op(), right)
