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
from trainspec.conformance.pages.rule import Rule

#: Powers are looked for in rules of so few lines.
FEW_LINES = 6


def list_places(page: Page, rule: Rule) -> Iterator[tuple[str, str, str]]:
    """Where a number may stand in a line: the line's name, the line with ``{0}``, and the words.

    In place of what is made of hyperparameters alone, as a limit of a value, and as a power.
    """
    numeric = {name for name, parameter in page.parameters.items() if parameter.numeric}
    hole = ast.Name("{0}", ast.Load())
    for line in rule.body:
        replaced: list[Path] = []
        for path, node in walk_parts(line.expression):
            names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
            inside = any(path[: len(outer)] == outer for outer in replaced)
            fixed = bool(names) and names <= numeric and not inside
            if fixed and isinstance(node, (ast.Name, ast.BinOp)):
                replaced.append(path)
                text = f"{line.name} = {ast.unparse(put_part(line.expression, path, hole))}"
                yield line.name, text, f"{{}} in place of {ast.unparse(node)} in {line}"
        for path, node in walk_parts(line.expression) if "W" in rule.assigns else ():
            if isinstance(node, ast.Name) and node.id not in {"W", "t", *page.parameters}:
                decayed = make_binary(node, ast.Add, make_binary(hole, ast.Mult, make_name("W")))
                text = f"{line.name} = {ast.unparse(put_part(line.expression, path, decayed))}"
                yield line.name, text, f"{{}} W is added to {node.id} in {line}"
        value, path = line.expression, ()
        if line.name == "W" and isinstance(value, ast.BinOp) and ast.unparse(value.left) == "W":
            value, path = value.right, (("right", None),)
        limited = _call2("minimum", _call2("maximum", value, ast.UnaryOp(ast.USub(), hole)), hole)
        text = f"{line.name} = {ast.unparse(put_part(line.expression, path, limited))}"
        yield line.name, text, f"{ast.unparse(value)} is clipped at {{}} and minus that in {line}"
        for function, words in (("maximum", "at least"), ("minimum", "at most")):
            if "W" not in rule.assigns:
                text = f"{line.name} = {ast.unparse(_call2(function, line.expression, hole))}"
                yield line.name, text, f"{line.name} is {words} {{}}"
        for path, node in walk_parts(line.expression) if len(rule.body) <= FEW_LINES else ():
            if isinstance(node, ast.BinOp):
                raised = put_part(line.expression, path, make_binary(node, ast.Pow, hole))
                text = f"{line.name} = {ast.unparse(raised)}"
                yield line.name, text, f"{ast.unparse(node)} to the power {{}} in {line}"


def _call2(function: str, one: ast.expr, other: ast.expr) -> ast.Call:
    return ast.Call(make_name(function), [one, other], [])
