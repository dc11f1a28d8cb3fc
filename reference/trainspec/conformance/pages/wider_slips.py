"""Slips that reach beyond one place: a name that means something else from some line on, a
hyperparameter or a count that follows another course, a part that is one number for a whole tensor.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np
from msgspec.structs import replace

from trainspec.conformance.basics.float_types import TYPES
from trainspec.conformance.pages.expressions import (
    make_name,
    put_part,
    substitute,
    walk_parts,
)
from trainspec.conformance.pages.page import Page
from trainspec.conformance.pages.rule import Line, Rule
from trainspec.conformance.pages.slips import Slip, change_line
from trainspec.conformance.pages.tensor_functions import COLUMNS, NARROW, STATISTICS

#: What a count of steps may be taken for.
COUNTS = ("2 ** (t - 1)", "2 * t", "2 * t - 1", "t * (t + 1) / 2", "floor((t + 1) / 2)", "t ** 2")
#: What a hyperparameter between 0 and 1 may be in place of what is passed; the last ones are
#: TensorFlow's moving average with a count, and Adafactor's.
FRACTIONS = (
    "{0} ** t",
    "{0} / t",
    "1 - 1 / t",
    "1 - (1 - {0}) / t",
    "1 - (1 - {0}) / sqrt(t)",
    "{0} ** 2",
    "sqrt({0})",
    "minimum({0}, (1 + t) / (10 + t))",
    "minimum({0}, t / (9 + t))",
    "minimum({0}, 1 - t ** -0.8)",
)
#: What any other hyperparameter may be.
OTHERS = (
    "where(t > 1, {0}, 1)",
    "{0} / t",
    "{0} / sqrt(t)",
    "{0} * t",
    "{0} * sqrt(t)",
    "{0} ** 2",
    "sqrt({0})",
    "1 / {0}",
)
LIMITING = ("max", "min")
#: The limits that any hyperparameter may be held to.
LIMITS = (1e-12, 1e-10, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 1)
#: What it may be with a fraction beside it; the last is Ma and Yarats' untuned warm-up (2019).
BESIDE = (
    "{0} * {1}",
    "{0} / {1}",
    "{0} * (1 - {1})",
    "{0} / (1 - {1})",
    "{0} * minimum(1, t * (1 - {1}) / 2)",
)


def list_wider_slips(page: Page, rule: Rule, kind: str = "float64") -> Iterator[Slip]:
    """Every such slip of a rule that an implementation in the type `kind` may have."""
    yield from _list_overwritten(rule)
    yield from _list_courses(page, rule)
    yield from _list_sizes(page, rule)
    yield from _list_narrow_products(rule, kind)
    yield from _list_other_columns(rule)
    if page.is_update_rule:
        yield from _list_statistics(rule)


def _list_overwritten(rule: Rule) -> Iterator[Slip]:
    """A name that is overwritten, as code that works in place does, and read again later."""
    for index, line in enumerate(rule.body[:-1]):
        if line.block:
            continue
        after = rule.body[index + 1 :]
        seen = set()
        for _, part in walk_parts(line.expression):
            if not isinstance(part, (ast.BinOp, ast.Call)):
                continue
            for name in sorted(_list_leaves(part)):
                readers = [later for later in after if name in later.reads]
                text = ast.unparse(part)
                if not readers or (name, text) in seen or name == line.name:
                    continue
                seen.add((name, text))
                own = f"{name}_overwritten"
                changed = tuple(_rename(later, name, own) for later in after)
                body = (*rule.body[: index + 1], Line(own, part), *changed)
                told = f"{name} is overwritten by {text} before {readers[0]} reads it"
                # The part is computed from names as they were before the line.
                if line.name in _list_names(part):
                    body = (*rule.body[:index], Line(own, part), line, *changed)
                yield Slip(replace(rule, body=body), told, readers[0].name)


def _list_courses(page: Page, rule: Rule) -> Iterator[Slip]:
    """A count or a hyperparameter that is something else in every line."""
    reads = frozenset[str]().union(*(line.reads for line in rule.body))
    numeric = [name for name, p in page.parameters.items() if p.numeric and name in reads]
    fractions = [name for name in numeric if page.parameters[name].is_fraction]
    sizes = dict.fromkeys(_list_sized(rule).values())
    texts: list[tuple[str, str]] = [("t", text) for text in COUNTS if "t" in reads]
    for name in numeric:
        forms = FRACTIONS if name in fractions else OTHERS
        texts += [(name, form.format(name)) for form in forms]
        texts += [(name, f"{name} {op} {size}") for size in sizes for op in "*/"]
        texts += [(name, text) for text in _list_defaults(page, name)]
        texts += [(name, f"{side}imum({name}, {bound})") for bound in LIMITS for side in LIMITING]
        beside = [other for other in fractions if other != name]
        texts += [(name, form.format(name, other)) for other in beside for form in BESIDE]
    counts_steps = page.is_update_rule or page.is_sequence
    for name, text in texts:
        course = ast.parse(text, mode="eval").body
        if "t" in _list_names(course) and not counts_steps:
            continue
        line = Line(name, course)
        reader = next(line for line in rule.body if name in line.reads)
        yield Slip(
            replace(rule, body=(line, *rule.body)), f"{name} is taken as {text}", reader.name
        )


def _list_defaults(page: Page, name: str) -> Iterator[str]:
    """A hyperparameter as a whole number; what code takes for one of 0, or that a shape says."""
    yield f"sign({name}) * floor(abs({name}))"
    default = page.parameters[name].default
    with suppress(ValueError):
        if float(default):
            yield f"where({name} == 0, {default}, {name})"
        if float(default) > 1:
            yield from (f"count({one}, {axis})" for one in page.inputs for axis in (0, 1))


def _list_sizes(page: Page, rule: Rule) -> Iterator[Slip]:
    """A size that is another one throughout a line: of another axis or array, or less one."""
    counts = [f"count({name}, {axis})" for name in page.inputs for axis in (0, 1)]
    counts += [f"count({name})" for name in page.inputs]
    for size in _list_sized(rule):
        for index, line in enumerate(rule.body):
            for text in (*counts, f"({size} - 1)") if size in line.reads else ():
                other = ast.parse(text, mode="eval").body
                changed = change_line(rule, index, substitute(line.expression, size, other))
                words = f"{text} in place of every {size} in {line}"
                yield Slip(changed, words, line.name)


def _list_narrow_products(rule: Rule, kind: str) -> Iterator[Slip]:
    """Matrix products of operands that are rounded, or cut, to a narrower type."""
    line = next((line for line in rule.body if "dot(" in str(line)), None)
    for name, (bits, narrow) in NARROW.items() if line else ():
        if bits < TYPES[kind].precision:
            assert line is not None
            words = f"matrix products take their operands in {name}"
            dot = partial(_multiply_narrow, narrow)
            yield Slip(rule, words, line.name, {"dot": dot})


def _list_other_columns(rule: Rule) -> Iterator[Slip]:
    """Another axis for the channels, or another order of the numbers in a table of channels."""
    line = next((line for line in rule.body if "columns(" in str(line)), None)
    for words, functions in COLUMNS.items() if line else ():
        assert line is not None
        yield Slip(rule, words, line.name, functions)


def _multiply_narrow(narrow: Callable[[Any], Any], left: Any, right: Any) -> Any:
    return np.asarray(narrow(np.asarray(left)) @ narrow(np.asarray(right)))


def _list_statistics(rule: Rule) -> Iterator[Slip]:
    """A part of a line that is one number for a tensor, a row, or a column, or in another order.

    Or so is the gradient, or the parameter, in every line.
    """
    for whole in ("g", "W"):
        for name, (words, function) in STATISTICS.items():
            line = Line(whole, ast.Call(make_name(name), [make_name(whole)], []))
            text = f"{words.format(whole)}, in every line"
            yield Slip(replace(rule, body=(line, *rule.body)), text, whole, {name: function})
    for index, line in enumerate(rule.body):
        for path, part in reversed(list(walk_parts(line.expression))):
            if isinstance(part, (ast.Constant, ast.Compare)) or not _varies(rule, part):
                continue
            for name, (words, function) in STATISTICS.items():
                expression = put_part(line.expression, path, ast.Call(make_name(name), [part], []))
                changed = change_line(rule, index, expression)
                text = f"{words.format(ast.unparse(part))} in {line}"
                yield Slip(changed, text, line.name, {name: function})


def _list_sized(rule: Rule) -> dict[str, str]:
    """The names that are the size of something, with what it is."""
    lines = {line.name: ast.unparse(line.expression) for line in rule.body}
    return {name: text for name, text in lines.items() if text.startswith("count(")}


def _rename(line: Line, name: str, other: str) -> Line:
    return replace(line, expression=substitute(line.expression, name, make_name(other)))


def _list_leaves(part: ast.expr) -> set[str]:
    """The names that a part is made of, without those of functions and of parts of calls."""
    return {node.id for _, node in walk_parts(part) if isinstance(node, ast.Name)}


def _list_names(part: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(part) if isinstance(node, ast.Name)}


def _varies(rule: Rule, part: ast.expr) -> bool:
    """Whether a part has a number for every element: it reads the gradient, or a state or line."""
    return bool(_list_leaves(part) & {"W", "g", *rule.state, *rule.assigns})
