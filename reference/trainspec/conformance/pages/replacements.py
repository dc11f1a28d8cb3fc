"""What people write in the place of a part of an expression: `page, part -> parts`."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from trainspec.conformance.pages.expressions import make_binary, make_call, make_name
from trainspec.conformance.pages.page import Page

#: Operators that are taken for one another.
_OTHERS: Mapping[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
}
_STRICT: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
}
#: Functions that are taken for one another.
_TWINS = {"maximum": "minimum", "minimum": "maximum", "sum": "max", "floor": "ceil"}


def replace_leaf(page: Page, node: ast.expr, known: Sequence[str]) -> Iterator[ast.expr]:
    """Another name, of those that are `known`, or another number."""
    if isinstance(node, ast.Name):
        yield from _replace_name(page, node, known)
    elif isinstance(node, ast.Constant):
        yield from _replace_number(node)


def wrap_part(page: Page, node: ast.expr, known: Sequence[str]) -> Iterator[ast.expr]:
    """A part with something around it: a sign, a power, a root, a hyperparameter."""
    if isinstance(node, (ast.Constant, ast.Compare)):
        return
    yield ast.UnaryOp(ast.USub(), node)
    yield make_binary(node, ast.Pow, ast.Constant(2))
    yield make_call("sqrt", node)
    yield make_call("abs", node)
    yield make_binary(node, ast.Mult, ast.Constant(2))
    yield make_binary(node, ast.Div, ast.Constant(2))
    for name in (name for name in page.parameters if name in known):  # in the page's order
        for op in (ast.Mult, ast.Div, ast.Add):
            yield make_binary(node, op, make_name(name))
        if page.parameters[name].is_fraction:
            complement = make_binary(ast.Constant(1), ast.Sub, make_name(name))
            yield make_binary(node, ast.Mult, complement)
            yield make_binary(node, ast.Div, complement)


def _replace_name(page: Page, node: ast.Name, known: Sequence[str]) -> Iterator[ast.expr]:
    for name in known:
        if name != node.id:
            yield make_name(name)
    if node.id == "t":
        yield make_binary(node, ast.Add, ast.Constant(1))
        yield make_binary(node, ast.Sub, ast.Constant(1))
    elif node.id in page.parameters and page.parameters[node.id].is_fraction:
        yield make_binary(ast.Constant(1), ast.Sub, node)
    elif node.id in page.inputs:
        yield make_call("arange", node)
        yield make_binary(make_call("arange", node), ast.Add, ast.Constant(1))
        for change in (ast.Add, ast.Sub):
            yield make_binary(node, change, ast.Constant(1))


def _replace_number(node: ast.Constant) -> Iterator[ast.expr]:
    if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
        return
    others = {node.value + 1, node.value - 1, node.value * 2, node.value / 2, -node.value}
    for value in sorted(others - {node.value}):
        yield ast.Constant(int(value) if value == int(value) else value)


def replace_operation(page: Page, node: ast.expr, known: Sequence[str]) -> Iterator[ast.expr]:
    """What an operation may be taken for: an operand left out, another operator, other brackets."""
    if isinstance(node, ast.UnaryOp):
        yield node.operand
    if isinstance(node, ast.Compare):
        if type(node.ops[0]) in _STRICT:
            yield ast.Compare(node.left, [_STRICT[type(node.ops[0])]()], node.comparators)
        yield ast.Compare(node.comparators[0], node.ops, [node.left])
    if isinstance(node, ast.IfExp):
        yield from _exchange_branches(node)
    if not isinstance(node, ast.BinOp):
        return
    left, op, right = node.left, type(node.op), node.right
    yield left
    yield right
    if op in _OTHERS:
        yield make_binary(left, _OTHERS[op], right)
    if op is ast.Add:
        yield ast.Call(make_name("maximum"), [left, right], [])
    if op in (ast.Sub, ast.Div, ast.Pow):
        yield make_binary(right, op, left)
    if op is ast.Sub:
        yield ast.UnaryOp(ast.USub(), make_binary(left, ast.Add, right))
    yield from _move_brackets(left, op, right)


def _exchange_branches(node: ast.IfExp) -> Iterator[ast.expr]:
    """One branch in the place of another."""
    yield node.body
    yield node.orelse
    yield ast.IfExp(node.test, node.orelse, node.body)
    inner = node.orelse
    if isinstance(inner, ast.IfExp):
        yield ast.IfExp(node.test, node.body, ast.IfExp(inner.test, node.body, inner.orelse))
        yield ast.IfExp(node.test, node.body, ast.IfExp(inner.test, inner.body, node.body))
        yield ast.IfExp(node.test, inner.body, inner)
        yield ast.IfExp(node.test, inner.orelse, inner)


def _move_brackets(left: ast.expr, op: type[ast.operator], right: ast.expr) -> Iterator[ast.expr]:
    """An operation whose brackets stand elsewhere."""
    if isinstance(right, ast.BinOp):
        yield make_binary(make_binary(left, op, right.left), type(right.op), right.right)
    if isinstance(left, ast.BinOp):
        yield make_binary(left.left, type(left.op), make_binary(left.right, op, right))
    if isinstance(right, ast.Call) and op in (ast.Add, ast.Mult, ast.Div) and len(right.args) == 1:
        inner = make_binary(left, op, right.args[0])
        yield ast.Call(right.func, [inner], [])
    if isinstance(left, ast.Call) and op in (ast.Add, ast.Mult, ast.Div) and len(left.args) == 1:
        yield ast.Call(left.func, [make_binary(left.args[0], op, right)], [])


def replace_call(page: Page, node: ast.expr, known: Sequence[str]) -> Iterator[ast.expr]:
    """Another function, other axes, or an argument alone."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return
    name, args = node.func.id, node.args
    yield from args
    if name in _TWINS:
        yield ast.Call(make_name(_TWINS[name]), args, node.keywords)
    if name in ("maximum", "minimum"):
        yield make_binary(args[0], ast.Add, args[1])
    if name == "sqrt":
        yield make_call("sqrt", node)
        yield make_binary(args[0], ast.Pow, ast.Constant(2))
    if name == "where":
        yield ast.Call(node.func, [args[0], args[2], args[1]], [])
    if name in ("sum", "max", "count"):
        for axis in (None, 0, 1):
            given = args[:1] + ([] if axis is None else [ast.Constant(axis)])
            yield ast.Call(node.func, given, [])
    if name == "sum":  # a mean
        yield make_binary(node, ast.Div, ast.Call(make_name("count"), args, []))
    if name in ("dot", "lerp"):
        yield ast.Call(node.func, [args[1], args[0], *args[2:]], [])
    if name == "transpose":
        yield args[0]
    if name == "solve":
        yield ast.Call(node.func, [make_call("transpose", args[0]), args[1]], [])
