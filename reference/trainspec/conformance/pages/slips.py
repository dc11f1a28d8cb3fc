"""Slips: one small change of a rule, such as people make when they write it down.

A sign, a factor left out or used twice, another name in its place, a power, a root, brackets, the
state of the step before, a line that is held in a narrower type. Nobody lists them for a page:
they are made from the lines themselves.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from trainspec.conformance.basics.float_types import TYPES
from trainspec.conformance.pages.expressions import (
    Path,
    get_part,
    make_binary,
    make_name,
    put_part,
    substitute,
    walk_parts,
)
from trainspec.conformance.pages.page import Page
from trainspec.conformance.pages.replacements import (
    replace_call,
    replace_leaf,
    replace_operation,
    wrap_part,
)
from trainspec.conformance.pages.rule import Line, Rule
from trainspec.conformance.pages.tensor_functions import round_to

#: The value of a state at the end of the step before.
BEFORE = "{}_before"
#: A rule of more lines than this has only its plain slips tried.
LONG = 20


class Slip(Struct, frozen=True):
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
        yield from _list_changes(page, joined, (replace_operation,))
    yield from _list_changes(page, rule, (wrap_part,))


def list_plain_slips(page: Page, rule: Rule) -> Iterator[Slip]:
    """The slips that people make most: another name or number, a sign, brackets, a stale state."""
    yield from _list_state_slips(rule)
    yield from _list_changes(page, rule, (replace_leaf, replace_operation, replace_call))


#: What may stand in place of a part of an expression: `page, part, names to choose from`.
_Others = Callable[[Page, ast.expr, Sequence[str]], Iterator[ast.expr]]


def _list_changes(page: Page, rule: Rule, ways: Sequence[_Others]) -> Iterator[Slip]:
    """One part of one line is another."""
    for part, lines in (("start", rule.start), ("body", rule.body)):
        known = _list_names(page, rule) if part == "body" else []
        for index, line in enumerate(lines):
            seen = {ast.unparse(line.expression)}
            for path, node in walk_parts(line.expression):
                changes: list[tuple[ast.expr, ast.expr, ast.expr]] = [
                    (put_part(line.expression, path, other), node, other)
                    for way in ways
                    for other in way(page, node, known)
                ]
                if replace_operation in ways:
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
                others = [make_binary(ast.Constant(1), ast.Sub, make_name(name))]
            elif name == "t":
                others = [
                    make_binary(make_name("t"), op, ast.Constant(1)) for op in (ast.Add, ast.Sub)
                ]
            else:
                continue
            for other in others:
                changed = substitute(line.expression, name, other)
                words = f"{ast.unparse(other)} in place of every {name} in {line}"
                yield Slip(change_line(rule, index, changed), words, line.name)
    if "W" in rule.assigns:
        old = Line(BEFORE.format("W"), make_name("W"))
        for name in rule.state:
            for sign, words in ((1, "the whole step"), (-1, "minus the whole step")):
                pair = (make_name("W"), make_name(old.name))[::sign]
                kept = Line(name, make_binary(pair[0], ast.Sub, pair[1]))
                yield Slip(
                    replace(rule, body=(old, *rule.body, kept)),
                    f"{words} is stored as {name} for the next step",
                    name,
                )


def change_line(rule: Rule, index: int, expression: ast.expr) -> Rule:
    """The rule with another expression in one line of its body."""
    line = replace(rule.body[index], expression=expression)
    return replace(rule, body=(*rule.body[:index], line, *rule.body[index + 1 :]))


def _hoist(
    whole: ast.expr, path: Path, node: ast.expr
) -> list[tuple[ast.expr, ast.expr, ast.expr]]:
    """The last term of a sum, outside of the brackets that it belongs into."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, (ast.Add, ast.Sub)):
        return []
    found: list[tuple[ast.expr, ast.expr, ast.expr]] = []
    for length in range(len(path)):
        outer = get_part(whole, path[:length])
        inner = put_part(outer, path[length:], node.left)
        moved = make_binary(inner, type(node.op), node.right)
        found.append((put_part(whole, path[:length], moved), outer, moved))
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
        changed = substitute(reader.expression, name, lines.pop(index).expression)
        lines[readers[0]] = replace(reader, expression=changed)
    return replace(rule, body=tuple(lines.values()))


def _list_names(page: Page, rule: Rule) -> list[str]:
    """The names that a line may read besides those that lines before it assign."""
    names = dict.fromkeys(sorted(rule.free - {"tensor", "tensors", "layer", "layers"}))
    words = {name for name, p in page.parameters.items() if not p.numeric}
    return [name for name in (*names, *rule.state) if name not in words]


def _describe(line: Line, node: ast.expr, other: ast.expr) -> str:
    """A change in words."""
    new, old = ast.unparse(other), ast.unparse(node)
    where = f"{line.name} = {old}"
    if where == str(line):
        return f"{line.name} = {new} in place of {where}"
    return f"{new} in place of {old} in {line}"


def _list_state_slips(rule: Rule) -> Iterator[Slip]:
    """A state that is read too early or kept as something else."""
    updated: set[str] = set()
    keep = tuple(
        Line(BEFORE.format(name), make_name(name)) for name in rule.state if name in rule.assigns
    )
    for index, line in enumerate(rule.body):
        for name in sorted(line.reads & updated & set(rule.state)):
            old = BEFORE.format(name)
            changed = substitute(line.expression, name, make_name(old))
            made = change_line(rule, index, changed)
            words = f"{line} reads {name} of the step before"
            yield Slip(replace(made, body=(*keep, *made.body)), words, line.name)
        updated.add(line.name)
    for name in rule.state:
        for line in rule.body:
            if line.name not in (name, "W") and not line.block:
                body = (*rule.body, Line(name, make_name(line.name)))
                words = f"{line.name} is stored as {name} for the next step"
                yield Slip(replace(rule, body=body), words, name)


def _narrow_alone(rule: Rule, state: str, narrow: str, *, between: bool) -> Rule:
    """The rule with a state in a narrower type, as a library has it that widens when it must.

    What is computed of the state and of plain numbers stays narrow; what reads anything else is
    wide. `between` the steps the state is narrow, and as soon as it is computed anew it is not.
    """
    wide = rule.assigns - {state} | {"W", "g"}
    body, held = [], True
    for line in rule.body:
        expression = line.expression
        parts = sorted(walk_parts(expression), key=lambda item: -len(item[0])) if held else []
        for path, part in parts:
            names = {node.id for node in ast.walk(part) if isinstance(node, ast.Name)}
            if isinstance(part, (ast.BinOp, ast.Call)) and state in names and not names & wide:
                inner = _narrow_scalars(get_part(expression, path), state, narrow)
                held_part = ast.Call(make_name(narrow), [inner], [])
                expression = put_part(expression, path, held_part)
        if line.name == state:
            held = not between
            expression = ast.Call(make_name(narrow), [expression], []) if held else expression
        body.append(replace(line, expression=expression))
    kept = Line(state, ast.Call(make_name(narrow), [make_name(state)], []))
    return replace(rule, body=(*body, kept) if between else tuple(body))


def _narrow_scalars(part: ast.expr, state: str, narrow: str) -> ast.expr:
    """An operation whose plain number takes the narrower type of the state beside it."""
    if not isinstance(part, ast.BinOp):
        return part
    sides = [
        side
        if any(isinstance(node, ast.Name) and node.id == state for node in ast.walk(side))
        else ast.Call(make_name(narrow), [side], [])
        for side in (part.left, part.right)
    ]
    return ast.BinOp(sides[0], part.op, sides[1])


def _list_narrow(rule: Rule, kind: str) -> Iterator[Slip]:
    """A line whose value is held in a narrower type."""
    for narrow, own in TYPES.items():
        if own.precision >= TYPES[kind].precision:
            continue
        name = f"as_{narrow}"
        more = {name: partial(round_to, narrow)}
        for index, line in enumerate(rule.body):
            if line.name == "W":
                continue
            expression = ast.Call(make_name(name), [line.expression], [])
            words = f"{line.name} is held in {narrow}"
            yield Slip(change_line(rule, index, expression), words, line.name, more)
        for state in rule.state:
            held = ast.Call(make_name(name), [make_name(state)], [])
            words = f"{state} is held in {narrow} between the steps"
            yield Slip(replace(rule, body=(*rule.body, Line(state, held))), words, state, more)
            for between, when in ((True, " between the steps"), (False, "")):
                words = f"{state} is held in {narrow}{when}, and so is what is computed of it alone"
                made = _narrow_alone(rule, state, name, between=between)
                yield Slip(made, words, state, more)
        for index, line in enumerate(rule.body):
            for path, node in walk_parts(line.expression):
                if not isinstance(node, ast.BinOp) or (not path and line.name != "W"):
                    continue
                others: list[ast.expr] = [ast.Call(make_name(name), [node], [])]
                if isinstance(node.op, ast.Div):
                    inverse = make_binary(ast.Constant(1), ast.Div, node.right)
                    rounded = ast.Call(make_name(name), [inverse], [])
                    others.append(make_binary(node.left, ast.Mult, rounded))
                for other in others:
                    made = change_line(rule, index, put_part(line.expression, path, other))
                    words = f"{_describe(line, node, other)}, where {name} rounds to {narrow}"
                    yield Slip(made, words, line.name, more)
