"""Slips that reach beyond one place: a name that means something else from some line on, a
hyperparameter or a count that follows another course, a part that is one number for a whole tensor.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from trainspec.conformance.basics.float_types import FloatArray
from trainspec.conformance.pages.expressions import (
    Substitute,
    make_name,
    put_part,
    walk_parts,
)
from trainspec.conformance.pages.page import Page
from trainspec.conformance.pages.rule import Line, Rule
from trainspec.conformance.pages.slips import Slip

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
    "{0} / t",
    "{0} / sqrt(t)",
    "{0} * t",
    "{0} * sqrt(t)",
    "{0} ** 2",
    "sqrt({0})",
    "1 / {0}",
)
#: What it may be with a fraction beside it; the last is Ma and Yarats' untuned warm-up (2019).
BESIDE = (
    "{0} * {1}",
    "{0} / {1}",
    "{0} * (1 - {1})",
    "{0} / (1 - {1})",
    "{0} * minimum(1, t * (1 - {1}) / 2)",
)


def list_wider_slips(page: Page, rule: Rule) -> Iterator[Slip]:
    """Every such slip of a rule."""
    yield from list_halves(page, rule)
    yield from _list_overwritten(rule)
    yield from _list_courses(page, rule)
    yield from _list_sizes(page, rule)
    if page.is_update_rule:
        yield from _list_statistics(rule)


def list_halves(page: Page, rule: Rule) -> Iterator[Slip]:
    """One line of a published variant without the others that belong to it."""
    known = page.variant_hyperparameters(rule)
    for name, edit in page.variants.items():
        for line in edit.change.body if len(edit.change.body) > 1 else ():
            changed = rule.with_edit(Rule((), (line,)), name)
            if not page.variant_hyperparameters(changed) - known and str(changed) != str(rule):
                yield Slip(changed, f"{line}, which is one line of {name} alone", line.name)


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
        beside = [other for other in fractions if other != name]
        texts += [(name, form.format(name, other)) for other in beside for form in BESIDE]
    for name, text in texts:
        counts_steps = page.is_update_rule or page.is_sequence
        if "t" in _list_names(ast.parse(text, mode="eval").body) and not counts_steps:
            continue
        line = Line(name, ast.parse(text, mode="eval").body)
        reader = next(line for line in rule.body if name in line.reads)
        yield Slip(
            replace(rule, body=(line, *rule.body)), f"{name} is taken as {text}", reader.name
        )


def _list_sizes(page: Page, rule: Rule) -> Iterator[Slip]:
    """A size that is another one throughout a line: of another axis or array, or less one."""
    counts = [f"count({name}, {axis})" for name in page.inputs for axis in (0, 1)]
    counts += [f"count({name})" for name in page.inputs]
    for size in _list_sized(rule):
        for index, line in enumerate(rule.body):
            for text in (*counts, f"({size} - 1)") if size in line.reads else ():
                other = ast.parse(text, mode="eval").body
                expression = Substitute(size, other).visit(copy.deepcopy(line.expression))
                changed = replace(line, expression=expression)
                body = (*rule.body[:index], changed, *rule.body[index + 1 :])
                words = f"{text} in place of every {size} in {line}"
                yield Slip(replace(rule, body=body), words, line.name)


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
                changed = replace(line, expression=expression)
                body = (*rule.body[:index], changed, *rule.body[index + 1 :])
                text = f"{words.format(ast.unparse(part))} in {line}"
                yield Slip(replace(rule, body=body), text, line.name, {name: function})


def _list_sized(rule: Rule) -> dict[str, str]:
    """The names that are the size of something, with what it is."""
    lines = {line.name: ast.unparse(line.expression) for line in rule.body}
    return {name: text for name, text in lines.items() if text.startswith("count(")}


def _rename(line: Line, name: str, other: str) -> Line:
    expression = Substitute(name, make_name(other)).visit(copy.deepcopy(line.expression))
    return replace(line, expression=expression)


def _list_leaves(part: ast.expr) -> set[str]:
    """The names that a part is made of, without those of functions and of parts of calls."""
    return {node.id for _, node in walk_parts(part) if isinstance(node, ast.Name)}


def _list_names(part: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(part) if isinstance(node, ast.Name)}


def _varies(rule: Rule, part: ast.expr) -> bool:
    """Whether a part has a number for every element: it reads the gradient, or a state or line."""
    return bool(_list_leaves(part) & {"W", "g", *rule.state, *rule.assigns})


def _over(axes: Callable[[FloatArray], Any], reduce: Callable[..., Any]) -> Callable[[Any], Any]:
    """A function of an array that reduces it along some axes and keeps its shape."""

    def apply(values: Any) -> Any:
        array = np.asarray(values, dtype=np.float64)
        if not array.ndim or not array.size:
            return array
        return np.broadcast_to(reduce(array, axis=axes(array), keepdims=True), array.shape)

    return apply


def _every(array: FloatArray) -> Any:
    return tuple(range(array.ndim))


def _last(array: FloatArray) -> Any:
    return -1


def _but_first(array: FloatArray) -> Any:
    return tuple(range(1, array.ndim)) if array.ndim > 1 else _every(array)


def _root_mean_square(array: FloatArray, **over: Any) -> Any:
    return np.sqrt(np.mean(array * array, **over))


def _norm(array: FloatArray, **over: Any) -> Any:
    return np.sqrt(np.sum(array * array, **over))


def _largest(array: FloatArray, **over: Any) -> Any:
    return np.max(np.abs(array), **over)


def _centre(values: Any) -> Any:
    """Without the mean over all axes but the first, in tensors of two axes or more."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim < 2 or not array.size:
        return array
    return array - array.mean(axis=_but_first(array), keepdims=True)


def _centre_all(values: Any) -> Any:
    array = np.asarray(values, dtype=np.float64)
    return array - array.mean() if array.size else array


def _permute(values: Any) -> Any:
    """Row after row where it was column after column."""
    array = np.asarray(values, dtype=np.float64)
    return np.reshape(array.ravel(), array.shape, order="F")


def _factor(values: Any) -> Any:
    """The product of the means of rows and columns, divided by the mean, as in Adafactor."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim < 2 or not array.size:
        return array
    rows, columns = array.mean(-1, keepdims=True), array.mean(-2, keepdims=True)
    return rows * columns / rows.mean(-2, keepdims=True)


#: What may stand for a part of a line, by the name that the changed rule calls it.
STATISTICS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "mean_of": ("the mean of {0} over its tensor in place of {0}", _over(_every, np.mean)),
    "sum_of": ("the sum of {0} over its tensor in place of {0}", _over(_every, np.sum)),
    "norm_of": ("the norm of {0} over its tensor in place of {0}", _over(_every, _norm)),
    "rms_of": (
        "the root mean square of {0} over its tensor in place of {0}",
        _over(_every, _root_mean_square),
    ),
    "largest_of": (
        "the largest absolute value of {0} in its tensor in place of {0}",
        _over(_every, _largest),
    ),
    "row_mean_of": ("the mean of {0} over its last axis in place of {0}", _over(_last, np.mean)),
    "unit_mean_of": (
        "the mean of {0} over all axes but the first in place of {0}",
        _over(_but_first, np.mean),
    ),
    "unit_norm_of": (
        "the norm of {0} over all axes but the first in place of {0}",
        _over(_but_first, _norm),
    ),
    "factored": (
        "{0} from the means of its rows and columns (tensors of two axes or more)",
        _factor,
    ),
    "centred_units": (
        "{0} without its mean over all axes but the first (tensors of two axes or more)",
        _centre,
    ),
    "centred": ("{0} without its mean over its tensor", _centre_all),
    "permuted": ("{0} in another memory order (rows for columns)", _permute),
}
