"""Slips: one small change of a rule, such as people make when they write it down.

A sign, a factor left out or used twice, another name in its place, a power, a root, brackets, the
state of the step before, a line that is held in a narrower type. Nobody lists them for a page:
they are made from the lines themselves.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from trainspec.conformance.basics.float_types import TYPES, FloatArray
from trainspec.conformance.pages.page import Page
from trainspec.conformance.pages.rule import FUNCTIONS, Line, Rule

#: The way from an expression to a part of it: names of fields, and places in lists.
Path = tuple[tuple[str, int | None], ...]
#: Powers are looked for in rules of so few lines.
FEW_LINES = 6
#: The value of a state at the end of the step before.
BEFORE = "{}_before"
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


#: A rule of more lines than this has only its plain slips tried.
LONG = 20


@dataclass(frozen=True)
class Slip:
    """A rule with one small change in `line`, and the change in words; `more` is what it needs."""

    rule: Rule
    words: str
    line: str
    more: Mapping[str, Any] = field(default_factory=dict)


def list_slips(page: Page, rule: Rule, kind: str) -> Iterator[Slip]:
    """Every slip of a rule that an implementation in the type `kind` may have, plain ones first."""
    yield from list_plain_slips(page, rule)
    yield from _list_narrow(rule, kind)
    yield from _list_readings(page, rule)
    if len(rule.body) > LONG:
        return  # a network's, which takes long to run
    # A term may land outside the brackets of a line that reads the line it belongs to.
    joined = join_lines(rule)
    if joined != rule:
        yield from _list_changes(page, joined, (_replace_operation,))
    yield from _list_changes(page, rule, (_wrap,))


def list_plain_slips(page: Page, rule: Rule) -> Iterator[Slip]:
    """The slips that people make most: another name or number, a sign, brackets, a stale state."""
    yield from _list_state_slips(rule)
    yield from _list_changes(page, rule, (_replace_leaf, _replace_operation, _replace_call))


#: What may stand in place of a part of an expression: `page, part, names to choose from`.
_Others = Callable[[Page, ast.expr, Sequence[str]], Iterator[ast.expr]]


def _list_changes(page: Page, rule: Rule, ways: Sequence[_Others]) -> Iterator[Slip]:
    """One part of one line is another."""
    for part, lines in (("start", rule.start), ("body", rule.body)):
        known = _list_names(page, rule) if part == "body" else []
        for index, line in enumerate(lines):
            seen = {ast.unparse(line.expression)}
            for path, node in _walk(line.expression):
                changes: list[tuple[ast.expr, ast.expr, ast.expr]] = [
                    (_put(line.expression, path, other), node, other)
                    for way in ways
                    for other in way(page, node, known)
                ]
                if _replace_operation in ways:
                    changes += _hoist(line.expression, path, node)
                for changed, old, new in changes:
                    text = ast.unparse(changed)
                    if text in seen:
                        continue
                    seen.add(text)
                    made = (*lines[:index], replace(line, expression=changed), *lines[index + 1 :])
                    changed_rule = (
                        replace(rule, start=made) if part == "start" else replace(rule, body=made)
                    )
                    yield Slip(changed_rule, _describe(line, old, new), line.name)
            if line.name not in known:
                known.append(line.name)


def _list_readings(page: Page, rule: Rule) -> Iterator[Slip]:
    """A name that means something else throughout one line, or a whole step stored as a state."""
    for index, line in enumerate(rule.body):
        for name in sorted(line.reads):
            if name in page.parameters and page.parameters[name].is_fraction:
                others = [_binary(ast.Constant(1), ast.Sub, _name(name))]
            elif name == "t":
                others = [_binary(_name("t"), op, ast.Constant(1)) for op in (ast.Add, ast.Sub)]
            else:
                continue
            for other in others:
                changed = _Rename(name, other).visit(copy.deepcopy(line.expression))
                new = replace(line, expression=changed)
                body = (*rule.body[:index], new, *rule.body[index + 1 :])
                words = f"{ast.unparse(other)} in place of every {name} in {line}"
                yield Slip(replace(rule, body=body), words, line.name)
    if "W" in rule.assigns:
        old = Line(BEFORE.format("W"), _name("W"))
        for name in rule.state:
            for sign, words in ((1, "the whole step"), (-1, "minus the whole step")):
                pair = (_name("W"), _name(old.name))[::sign]
                kept = Line(name, _binary(pair[0], ast.Sub, pair[1]))
                yield Slip(
                    replace(rule, body=(old, *rule.body, kept)),
                    f"{words} is stored as {name} for the next step",
                    name,
                )


def _hoist(
    whole: ast.expr, path: Path, node: ast.expr
) -> list[tuple[ast.expr, ast.expr, ast.expr]]:
    """The last term of a sum, outside of the brackets that it belongs into."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, (ast.Add, ast.Sub)):
        return []
    found: list[tuple[ast.expr, ast.expr, ast.expr]] = []
    for length in range(len(path)):
        outer = _get(whole, path[:length])
        inner = _put(outer, path[length:], node.left)
        moved = _binary(inner, type(node.op), node.right)
        found.append((_put(whole, path[:length], moved), outer, moved))
    return found


def join_lines(rule: Rule) -> Rule:
    """The rule with lines that only one other line reads put into that line."""
    names = [line.name for line in rule.body]
    lines = dict(enumerate(rule.body))
    for index, name in enumerate(names):
        readers = [k for k, line in lines.items() if name in line.reads]
        single = names.count(name) == 1 and len(readers) == 1 and readers[0] > index
        if not single or name in rule.state or lines[index].block:
            continue
        reader = lines[readers[0]]
        put = _Rename(name, lines.pop(index).expression)
        changed = put.visit(copy.deepcopy(reader.expression))
        lines[readers[0]] = replace(reader, expression=changed)
    return replace(rule, body=tuple(lines.values()))


def _list_names(page: Page, rule: Rule) -> list[str]:
    """The names that a line may read besides those that lines before it assign."""
    names = dict.fromkeys(sorted(rule.free - {"tensor", "tensors"}))
    words = {name for name, p in page.parameters.items() if not p.numeric}
    return [name for name in (*names, *rule.state) if name not in words]


def _describe(line: Line, node: ast.expr, other: ast.expr) -> str:
    """A change in words."""
    new, old = ast.unparse(other), ast.unparse(node)
    where = f"{line.name} = {old}"
    if where == str(line):
        return f"{line.name} = {new} in place of {where}"
    return f"{new} in place of {old} in {line}"


def _walk(node: ast.expr, path: Path = ()) -> Iterator[tuple[Path, ast.expr]]:
    """Every part of an expression that is an expression itself, with the way to it."""
    yield path, node
    for name, value in ast.iter_fields(node):
        if isinstance(node, ast.Call) and name == "func":
            continue
        items = enumerate(value) if isinstance(value, list) else [(None, value)]
        for index, item in items:
            if isinstance(item, ast.expr) and not isinstance(item, (ast.Slice, ast.Tuple)):
                yield from _walk(item, (*path, (name, index)))


def _put(whole: ast.expr, path: Path, other: ast.expr) -> ast.expr:
    """The expression with another part at the end of the way."""
    if not path:
        return other
    (name, index), rest = path[0], path[1:]
    made = copy.copy(whole)
    value = getattr(whole, name)
    if index is None:
        setattr(made, name, _put(value, rest, other))
    else:
        items = list(value)
        items[index] = _put(items[index], rest, other)
        setattr(made, name, items)
    return made


def _get(whole: ast.expr, path: Path) -> ast.expr:
    """The part of an expression at the end of the way."""
    found: Any = whole
    for name, index in path:
        found = getattr(found, name) if index is None else getattr(found, name)[index]
    part: ast.expr = found
    return part


def _replace_leaf(page: Page, node: ast.expr, known: Sequence[str]) -> Iterator[ast.expr]:
    if isinstance(node, ast.Name):
        yield from _replace_name(page, node, known)
    elif isinstance(node, ast.Constant):
        yield from _replace_number(node)


def _wrap(page: Page, node: ast.expr, known: Sequence[str]) -> Iterator[ast.expr]:
    """A part with something around it: a sign, a power, a root, a hyperparameter."""
    if isinstance(node, (ast.Constant, ast.Compare)):
        return
    yield ast.UnaryOp(ast.USub(), node)
    yield _binary(node, ast.Pow, ast.Constant(2))
    yield _call("sqrt", node)
    yield _call("abs", node)
    yield _binary(node, ast.Mult, ast.Constant(2))
    yield _binary(node, ast.Div, ast.Constant(2))
    for name in page.parameters.keys() & known:
        for op in (ast.Mult, ast.Div, ast.Add):
            yield _binary(node, op, _name(name))
        if page.parameters[name].is_fraction:
            complement = _binary(ast.Constant(1), ast.Sub, _name(name))
            yield _binary(node, ast.Mult, complement)
            yield _binary(node, ast.Div, complement)


def _replace_name(page: Page, node: ast.Name, known: Sequence[str]) -> Iterator[ast.expr]:
    for name in known:
        if name != node.id:
            yield _name(name)
    if node.id == "t":
        yield _binary(node, ast.Add, ast.Constant(1))
        yield _binary(node, ast.Sub, ast.Constant(1))
    elif node.id in page.parameters and page.parameters[node.id].is_fraction:
        yield _binary(ast.Constant(1), ast.Sub, node)
    elif node.id in page.inputs:
        yield _call("arange", node)
        yield _binary(_call("arange", node), ast.Add, ast.Constant(1))
        for change in (ast.Add, ast.Sub):
            yield _binary(node, change, ast.Constant(1))


def _replace_number(node: ast.Constant) -> Iterator[ast.expr]:
    if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
        return
    others = {node.value + 1, node.value - 1, node.value * 2, node.value / 2, -node.value}
    for value in sorted(others - {node.value}):
        yield ast.Constant(int(value) if value == int(value) else value)


def _replace_operation(page: Page, node: ast.expr, known: Sequence[str]) -> Iterator[ast.expr]:
    if isinstance(node, ast.UnaryOp):
        yield node.operand
    if isinstance(node, ast.Compare):
        if type(node.ops[0]) in _STRICT:
            yield ast.Compare(node.left, [_STRICT[type(node.ops[0])]()], node.comparators)
        yield ast.Compare(node.comparators[0], node.ops, [node.left])
    if not isinstance(node, ast.BinOp):
        return
    left, op, right = node.left, type(node.op), node.right
    yield left
    yield right
    if op in _OTHERS:
        yield _binary(left, _OTHERS[op], right)
    if op in (ast.Sub, ast.Div, ast.Pow):
        yield _binary(right, op, left)
    if op is ast.Sub:
        yield ast.UnaryOp(ast.USub(), _binary(left, ast.Add, right))
    # Brackets that stand elsewhere.
    if isinstance(right, ast.BinOp):
        yield _binary(_binary(left, op, right.left), type(right.op), right.right)
    if isinstance(left, ast.BinOp):
        yield _binary(left.left, type(left.op), _binary(left.right, op, right))
    if isinstance(right, ast.Call) and op in (ast.Add, ast.Mult, ast.Div) and len(right.args) == 1:
        inner = _binary(left, op, right.args[0])
        yield ast.Call(right.func, [inner], [])
    if isinstance(left, ast.Call) and op in (ast.Add, ast.Mult, ast.Div) and len(left.args) == 1:
        yield ast.Call(left.func, [_binary(left.args[0], op, right)], [])


def _replace_call(page: Page, node: ast.expr, known: Sequence[str]) -> Iterator[ast.expr]:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return
    name, args = node.func.id, node.args
    yield from args
    if name in _TWINS:
        yield ast.Call(_name(_TWINS[name]), args, node.keywords)
    if name in ("maximum", "minimum"):
        yield _binary(args[0], ast.Add, args[1])
    if name == "sqrt":
        yield _call("sqrt", node)
        yield _binary(args[0], ast.Pow, ast.Constant(2))
    if name == "where":
        yield ast.Call(node.func, [args[0], args[2], args[1]], [])
    if name in ("sum", "max", "count"):
        for axis in (None, 0, 1):
            given = args[:1] + ([] if axis is None else [ast.Constant(axis)])
            yield ast.Call(node.func, given, [])
    if name == "sum":  # a mean
        yield _binary(node, ast.Div, ast.Call(_name("count"), args, []))
    if name in ("dot", "lerp"):
        yield ast.Call(node.func, [args[1], args[0], *args[2:]], [])
    if name == "transpose":
        yield args[0]


def _list_state_slips(rule: Rule) -> Iterator[Slip]:
    """A state that is read too early or kept as something else."""
    updated: set[str] = set()
    keep = tuple(
        Line(BEFORE.format(name), _name(name)) for name in rule.state if name in rule.assigns
    )
    for index, line in enumerate(rule.body):
        for name in sorted(line.reads & updated & set(rule.state)):
            old = BEFORE.format(name)
            changed = _Rename(name, _name(old)).visit(copy.deepcopy(line.expression))
            new = (*rule.body[:index], replace(line, expression=changed), *rule.body[index + 1 :])
            words = f"{line} reads {name} of the step before"
            yield Slip(replace(rule, body=(*keep, *new)), words, line.name)
        updated.add(line.name)
    for name in rule.state:
        for line in rule.body:
            if line.name not in (name, "W") and not line.block:
                body = (*rule.body, Line(name, _name(line.name)))
                words = f"{line.name} is stored as {name} for the next step"
                yield Slip(replace(rule, body=body), words, name)


def _list_narrow(rule: Rule, kind: str) -> Iterator[Slip]:
    """A line whose value is held in a narrower type."""
    for narrow, own in TYPES.items():
        if own.precision >= TYPES[kind].precision:
            continue
        name = f"as_{narrow}"
        more = {name: partial(_round_to, narrow)}
        for index, line in enumerate(rule.body):
            if line.name == "W":
                continue
            expression = ast.Call(_name(name), [line.expression], [])
            new = (
                *rule.body[:index],
                replace(line, expression=expression),
                *rule.body[index + 1 :],
            )
            words = f"{line.name} is held in {narrow}"
            yield Slip(replace(rule, body=new), words, line.name, more)

        for index, line in enumerate(rule.body):
            for path, node in _walk(line.expression):
                if not isinstance(node, ast.BinOp) or (not path and line.name != "W"):
                    continue
                others: list[ast.expr] = [ast.Call(_name(name), [node], [])]
                if isinstance(node.op, ast.Div):
                    inverse = _binary(ast.Constant(1), ast.Div, node.right)
                    held = ast.Call(_name(name), [inverse], [])
                    others.append(_binary(node.left, ast.Mult, held))
                for other in others:
                    changed = replace(line, expression=_put(line.expression, path, other))
                    body = (*rule.body[:index], changed, *rule.body[index + 1 :])
                    words = f"{_describe(line, node, other)}, where {name} rounds to {narrow}"
                    yield Slip(replace(rule, body=body), words, line.name, more)


def _round_to(kind: str, values: FloatArray) -> FloatArray:
    """Numbers after they have been held in a type."""
    with np.errstate(all="ignore"):
        rounded: FloatArray = np.asarray(values).astype(TYPES[kind].dtype).astype(np.float64)
    return rounded


class _Rename(ast.NodeTransformer):
    """An expression in place of a name."""

    def __init__(self, name: str, other: ast.expr) -> None:
        self.name, self.other = name, other

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.other if node.id == self.name else node


def list_places(page: Page, rule: Rule) -> Iterator[tuple[str, str, str]]:
    """Where a number may stand in a line: the line's name, the line with ``{0}``, and the words.

    In place of what is made of hyperparameters alone, as a limit of a value, and as a power.
    """
    numeric = {name for name, parameter in page.parameters.items() if parameter.numeric}
    hole = ast.Name("{0}", ast.Load())
    for line in rule.body:
        replaced: list[Path] = []
        for path, node in _walk(line.expression):
            names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
            inside = any(path[: len(outer)] == outer for outer in replaced)
            fixed = bool(names) and names <= numeric and not inside
            if fixed and isinstance(node, (ast.Name, ast.BinOp)):
                replaced.append(path)
                text = f"{line.name} = {ast.unparse(_put(line.expression, path, hole))}"
                yield line.name, text, f"{{}} in place of {ast.unparse(node)} in {line}"
        for path, node in _walk(line.expression) if "W" in rule.assigns else ():
            if isinstance(node, ast.Name) and node.id not in {"W", "t", *page.parameters}:
                decayed = _binary(node, ast.Add, _binary(hole, ast.Mult, _name("W")))
                text = f"{line.name} = {ast.unparse(_put(line.expression, path, decayed))}"
                yield line.name, text, f"{{}} W is added to {node.id} in {line}"
        value, path = line.expression, ()
        if line.name == "W" and isinstance(value, ast.BinOp) and ast.unparse(value.left) == "W":
            value, path = value.right, (("right", None),)
        limited = _call2("minimum", _call2("maximum", value, ast.UnaryOp(ast.USub(), hole)), hole)
        text = f"{line.name} = {ast.unparse(_put(line.expression, path, limited))}"
        yield line.name, text, f"{ast.unparse(value)} is clipped at {{}} and minus that in {line}"
        for function, words in (("maximum", "at least"), ("minimum", "at most")):
            if "W" not in rule.assigns:
                text = f"{line.name} = {ast.unparse(_call2(function, line.expression, hole))}"
                yield line.name, text, f"{line.name} is {words} {{}}"
        for path, node in _walk(line.expression) if len(rule.body) <= FEW_LINES else ():
            if isinstance(node, ast.BinOp):
                raised = _put(line.expression, path, _binary(node, ast.Pow, hole))
                text = f"{line.name} = {ast.unparse(raised)}"
                yield line.name, text, f"{ast.unparse(node)} to the power {{}} in {line}"


def _call2(function: str, one: ast.expr, other: ast.expr) -> ast.Call:
    return ast.Call(_name(function), [one, other], [])


def _name(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())


def _call(function: str, argument: ast.expr) -> ast.Call:
    assert function in FUNCTIONS
    return ast.Call(_name(function), [argument], [])


def _binary(left: ast.expr, op: type[ast.operator], right: ast.expr) -> ast.BinOp:
    return ast.BinOp(left, op(), right)
