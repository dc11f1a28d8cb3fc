"""Slips of a formula that one place does not hold: half of a variant, a power with another running
base, a part that only one line computes otherwise, a factor on the first term of a sum alone.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from trainspec.conformance.basics.float_types import FloatArray
from trainspec.conformance.pages.expressions import (
    Path,
    get_part,
    make_name,
    put_part,
    substitute,
    walk_parts,
)
from trainspec.conformance.pages.page import Page
from trainspec.conformance.pages.replacements import replace_operation
from trainspec.conformance.pages.rule import Line, Rule, execute_lines
from trainspec.conformance.pages.slips import Slip, change_line
from trainspec.conformance.pages.tensor_functions import NORMS

#: Small numbers that stand where an epsilon does.
TINY = (1e-3, 1e-5, 1e-6, 1e-7, 1e-8, 1e-10, 1e-12, 1e-16)
#: A product over more steps than this is not computed.
MOST_COUNTS = 10_000_000


def list_formula_slips(page: Page, rule: Rule) -> Iterator[Slip]:
    """Every such slip of a rule."""
    yield from _list_halves(page, rule)
    yield from _list_powers(page, rule)
    yield from _list_inlined(page, rule)
    yield from _list_reshaped(page, rule)
    yield from _list_compounded(page, rule)
    yield from _list_first_terms(rule)
    yield from _list_norms(rule)


def _list_halves(page: Page, rule: Rule) -> Iterator[Slip]:
    """One line of a published variant without the others that belong to it."""
    known = page.variant_hyperparameters(rule)
    for name, edit in page.variants.items():
        for line in edit.change.body if len(edit.change.body) > 1 else ():
            changed = rule.with_edit(Rule((), (line,)), name)
            if not page.variant_hyperparameters(changed) - known and str(changed) != str(rule):
                yield Slip(changed, f"{line}, which is one line of {name} alone", line.name)


def _list_powers(page: Page, rule: Rule) -> Iterator[Slip]:
    """A running power of a hyperparameter that is multiplied by another one at every step."""
    fractions = [name for name, p in page.parameters.items() if p.is_fraction]
    for one, other in itertools.permutations(fractions, 2):
        whole = f"{one} ** t"
        for index, line in enumerate(rule.body):
            for path, part in walk_parts(line.expression):
                if ast.unparse(part) != whole:
                    continue
                for text in (f"{one} * {other} ** (t - 1)", f"{other} * {one} ** (t - 1)"):
                    product = ast.parse(text, mode="eval").body
                    changed = change_line(rule, index, put_part(line.expression, path, product))
                    yield Slip(changed, f"{text} in place of {whole} in {line}", line.name)


def _list_inlined(page: Page, rule: Rule) -> Iterator[Slip]:
    """A line that reads something else than another line has computed, which others do read.

    What was computed is put in its place, with one operation of it changed.
    """
    for index, line in enumerate(rule.body):
        for before in rule.body[:index]:
            if before.name not in line.reads or before.name in rule.state or before.block:
                continue
            seen = set()
            for path, part in walk_parts(before.expression):
                others = (
                    *replace_operation(page, part, ()),
                    *_find_reshaped(part),
                    *_list_tiny(page, part),
                )
                for other in others:
                    changed = put_part(before.expression, path, other)
                    text = ast.unparse(changed)
                    if text in seen or isinstance(changed, ast.Constant):
                        continue
                    seen.add(text)
                    expression = substitute(line.expression, before.name, changed)
                    words = f"{text} in place of {before.name} in {line}"
                    yield Slip(change_line(rule, index, expression), words, line.name)


def _list_tiny(page: Page, part: ast.expr) -> Iterator[ast.expr]:
    """Small numbers that code adds so that nothing is divided by 0, for such a hyperparameter."""
    if isinstance(part, ast.Name) and part.id in page.parameters:
        parameter = page.parameters[part.id]
        if parameter.numeric and 0 < float(parameter.default) < TINY[0]:
            yield from map(ast.Constant, TINY)


def _list_reshaped(page: Page, rule: Rule) -> Iterator[Slip]:
    """A line that reads what another one has computed, before it took its last shape."""
    for index, line in enumerate(rule.body):
        for before in rule.body[:index]:
            for inner in _find_reshaped(before.expression):
                for path, part in walk_parts(line.expression):
                    if isinstance(part, ast.Name) and part.id not in (
                        before.name,
                        *page.parameters,
                    ):
                        text = f"{ast.unparse(inner)} (which is {before.name})"
                        words = f"{text} in place of {part.id} in {line}"
                        changed = put_part(line.expression, path, inner)
                        yield Slip(change_line(rule, index, changed), words, line.name)


def _find_reshaped(part: ast.expr) -> Sequence[ast.expr]:
    """What a part puts into another shape, if it does so."""
    if isinstance(part, ast.Call) and ast.unparse(part.func) == "reshape_like":
        return part.args[:1]
    return ()


def _list_compounded(page: Page, rule: Rule) -> Iterator[Slip]:
    """A schedule whose every value is made of the one before, not of the first."""
    for index, line in enumerate(rule.body if len(page.inputs) == 1 else ()):
        value = line.expression
        if not isinstance(value, ast.BinOp) or not isinstance(value.op, (ast.Mult, ast.Div)):
            continue
        if not isinstance(value.left, ast.Name) or value.left.id not in page.parameters:
            continue
        compounded = ast.Call(make_name("product_so_far"), [value.right], [])
        changed = change_line(rule, index, ast.BinOp(value.left, value.op, compounded))
        words = f"the product of all {ast.unparse(value.right)} so far in place of it in {line}"
        more = {"product_so_far": np.cumprod}
        yield Slip(changed, words, line.name, more)
        yield from _list_compounded_from_first(page, rule, index)


def _list_compounded_from_first(page: Page, rule: Rule, index: int) -> Iterator[Slip]:
    """Such a schedule where the input is counts: the product runs over every count up to it."""
    line, (counts,) = rule.body[index], page.inputs
    value = line.expression
    assert isinstance(value, ast.BinOp)
    factor = Line("factor", value.right)
    free = sorted(factor.reads - {counts})

    def multiply_all(steps: FloatArray, *given: float) -> FloatArray:
        most = float(np.max(steps, initial=0.0))
        if not 1 <= most <= MOST_COUNTS:
            return np.full(np.shape(steps), np.nan)
        names: dict[str, Any] = {counts: np.arange(1.0, most + 1), **dict(zip(free, given))}
        execute_lines((factor.code,), names)
        products = np.cumprod(np.broadcast_to(names[factor.name], (int(most),)))
        return np.asarray(products[np.asarray(steps, dtype=int) - 1])

    call = ast.Call(make_name("product_from_first"), [make_name(counts), *map(make_name, free)], [])
    changed = change_line(rule, index, ast.BinOp(value.left, value.op, call))
    words = (
        f"the product of {ast.unparse(value.right)} over every step from the first in place of it "
        f"in {line}"
    )
    yield Slip(changed, words, line.name, {"product_from_first": multiply_all})


def _list_norms(rule: Rule) -> Iterator[Slip]:
    """Another norm of a tensor where the sum of its squares should be."""
    for index, line in enumerate(rule.body):
        for path, part in walk_parts(line.expression):
            if not isinstance(part, ast.Call) or ast.unparse(part.func) != "sum":
                continue
            squared = part.args[0]
            if not isinstance(squared, ast.BinOp) or not isinstance(squared.op, ast.Pow):
                continue
            for name, (words, function) in NORMS.items():
                other = ast.Call(make_name(name), [squared.left], [])
                changed = change_line(rule, index, put_part(line.expression, path, other))
                text = f"{words.format(ast.unparse(squared.left))} in {line}"
                yield Slip(changed, text, line.name, {name: function})


def _list_first_terms(rule: Rule) -> Iterator[Slip]:
    """A factor before brackets that multiplies, or divides, the first term in them alone."""
    for index, line in enumerate(rule.body):
        for path, part in walk_parts(line.expression):
            if not isinstance(part, ast.BinOp) or not isinstance(part.op, (ast.Mult, ast.Div)):
                continue
            factors, terms = _split_product(part)
            first = _find_first_term(terms) if terms is not None else ()
            for k, (op, factor) in enumerate(factors if first else ()):
                assert terms is not None
                inner = ast.BinOp(get_part(terms, first), op, factor)
                if isinstance(op, ast.Mult):
                    inner = ast.BinOp(factor, op, get_part(terms, first))
                whole: ast.expr = put_part(terms, first, inner)
                for other, rest in (*factors[:k], *factors[k + 1 :]):
                    whole = ast.BinOp(whole, other, rest)
                changed = change_line(rule, index, put_part(line.expression, path, whole))
                words = f"{ast.unparse(whole)} in place of {ast.unparse(part)} in {line}"
                yield Slip(changed, words, line.name)


def _split_product(
    part: ast.expr,
) -> tuple[list[tuple[ast.operator, ast.expr]], ast.expr | None]:
    """The factors and divisors of a product, and the sum among its factors, if there is one."""
    if isinstance(part, ast.BinOp) and isinstance(part.op, (ast.Mult, ast.Div)):
        factors, terms = _split_product(part.left)
        right = part.right
        is_sum = isinstance(right, ast.BinOp) and isinstance(right.op, (ast.Add, ast.Sub))
        if is_sum and isinstance(part.op, ast.Mult) and terms is None:
            return factors, right
        return [*factors, (part.op, right)], terms
    if isinstance(part, ast.BinOp) and isinstance(part.op, (ast.Add, ast.Sub)):
        return [], part
    return [(ast.Mult(), part)], None


def _find_first_term(terms: ast.expr) -> Path:
    """The way to the first term of a sum."""
    path: Path = ()
    while isinstance(terms, ast.BinOp) and isinstance(terms.op, (ast.Add, ast.Sub)):
        path, terms = (*path, ("left", None)), terms.left
    return path
