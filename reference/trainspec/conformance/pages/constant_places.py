"""Where a number of the implementation's own may stand in a rule's lines."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from trainspec.conformance.pages.expressions import (
    Path,
    make_binary,
    make_name,
    put_part,
    walk_parts,
)
from trainspec.conformance.pages.page import Page
from trainspec.conformance.pages.rule import Line, Rule

#: What stands for the number.
HOLE = ast.Name("{0}", ast.Load())
#: Powers are looked for in rules of so few lines.
FEW_LINES = 6


#: Where a number may stand: the line's name, the line with ``{0}`` for it, and the words.
ConstantPlace = tuple[str, str, str]


def list_places(page: Page, rule: Rule) -> Iterator[ConstantPlace]:
    """Where a number may stand in a line.

    In place of what is made of hyperparameters alone, as a factor of W, as a limit of a value, and
    as a power.
    """
    for line in rule.body:
        yield from _list_hyperparameters(page, line)
        if "W" in rule.assigns:
            yield from _list_decays(page, line)
        yield from _list_limits(line, whole="W" not in rule.assigns)
        if len(rule.body) <= FEW_LINES:
            yield from _list_powers(line)


def _list_hyperparameters(page: Page, line: Line) -> Iterator[ConstantPlace]:
    """A number in place of hyperparameters, or of one that is 0."""
    numeric = {name for name, parameter in page.parameters.items() if parameter.numeric}
    replaced: list[Path] = []
    for path, node in walk_parts(line.expression):
        names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        inside = any(path[: len(outer)] == outer for outer in replaced)
        fixed = bool(names) and names <= numeric and not inside
        if fixed and isinstance(node, (ast.Name, ast.BinOp)):
            replaced.append(path)
            yield _put(line, path, HOLE, f"{{}} in place of {ast.unparse(node)} in {line}")
        if isinstance(node, ast.Name) and node.id in numeric:
            zero = ast.Compare(node, [ast.Eq()], [ast.Constant(0)])
            either = ast.Call(make_name("where"), [zero, HOLE, node], [])
            yield _put(line, path, either, f"{{}} in place of a {node.id} of 0 in {line}")


def _list_decays(page: Page, line: Line) -> Iterator[ConstantPlace]:
    for path, node in walk_parts(line.expression):
        if isinstance(node, ast.Name) and node.id not in {"W", "t", *page.parameters}:
            decayed = make_binary(node, ast.Add, make_binary(HOLE, ast.Mult, make_name("W")))
            yield _put(line, path, decayed, f"{{}} W is added to {node.id} in {line}")


def _list_limits(line: Line, whole: bool) -> Iterator[ConstantPlace]:
    """A value that is clipped; with `whole`, one that a line assigns; one under a root."""
    value: ast.expr = line.expression
    path: Path = ()
    if line.name == "W" and isinstance(value, ast.BinOp) and ast.unparse(value.left) == "W":
        value, path = value.right, (("right", None),)
    limited = _call2("minimum", _call2("maximum", value, ast.UnaryOp(ast.USub(), HOLE)), HOLE)
    words = f"{ast.unparse(value)} is clipped at {{}} and minus that in {line}"
    yield _put(line, path, limited, words)
    for function, words in (("maximum", "at least"), ("minimum", "at most")):
        if whole:
            limited = _call2(function, line.expression, HOLE)
            yield _put(line, (), limited, f"{line.name} is {words} {{}}")
    for path, node in walk_parts(line.expression):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "sqrt":
            inner = node.args[0]
            root = ast.Call(node.func, [_call2("maximum", inner, HOLE)], [])
            yield _put(line, path, root, f"{ast.unparse(inner)} is at least {{}} in {line}")


def _list_powers(line: Line) -> Iterator[ConstantPlace]:
    for path, node in walk_parts(line.expression):
        if isinstance(node, ast.BinOp):
            raised = make_binary(node, ast.Pow, HOLE)
            yield _put(line, path, raised, f"{ast.unparse(node)} to the power {{}} in {line}")


def _put(line: Line, path: Path, part: ast.expr, words: str) -> ConstantPlace:
    """The line with another part."""
    changed = ast.unparse(put_part(line.expression, path, part))
    return line.name, f"{line.name} = {changed}", words


def _call2(function: str, one: ast.expr, other: ast.expr) -> ast.Call:
    return ast.Call(make_name(function), [one, other], [])
