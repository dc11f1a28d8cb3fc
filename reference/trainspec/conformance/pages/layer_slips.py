"""Changes of a layered rule that hold in some of the layers only: the first, the last, the others.

A loop that ends too early, a layer that is set up by hand, an index that is off by one.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator

from msgspec.structs import replace

from trainspec.conformance.pages.expressions import substitute
from trainspec.conformance.pages.page import Page
from trainspec.conformance.pages.rule import Line, Rule
from trainspec.conformance.pages.slips import Slip, list_plain_slips

#: Which layers: the condition in a rule, and in words.
LAYERS = {
    "layer == 0": "in the first layer only",
    "layer == layers - 1": "in the last hidden layer only",
    "layer > 0": "in every layer but the first",
    "layer < layers - 1": "in every hidden layer but the last",
}


def list_layer_slips(page: Page, block: str) -> Iterator[Slip]:
    """The named edits, and the plain slips, of a layered page's rule, each in some layers only.

    The first line that is another is in `block`.
    """
    edits = (
        Slip(page.rule_of_form(name), f"this is {name} ({edit.text})", "")
        for name, edit in page.edits.items()
    )
    plain = list_plain_slips(page, page.rule)
    for slip in itertools.chain(edits, _list_defaults(page), plain):
        changed = _find_changed(page.rule, slip.rule)
        if changed is None or changed.block != block:
            continue
        for condition, words in LAYERS.items():
            restricted = _restrict(page.rule, slip.rule, condition)
            yield Slip(restricted, f"{words}, {slip.words}", changed.name, slip.more)


def _list_defaults(page: Page) -> Iterator[Slip]:
    """A hyperparameter that does not reach the layers, which use its default."""
    for name, parameter in page.parameters.items():
        default = ast.parse(parameter.default, mode="eval").body if parameter.numeric else None
        if default is not None:
            body = tuple(
                replace(line, expression=substitute(line.expression, name, default))
                if line.block and name in line.reads
                else line
                for line in page.rule.body
            )
            words = f"{name} is {parameter.default}, whatever is passed"
            yield Slip(replace(page.rule, body=body), words, "")


def _restrict(rule: Rule, changed: Rule, condition: str) -> Rule:
    """A changed rule whose lines are those of `rule` wherever `condition` does not hold."""
    own = _name_lines(rule)
    test = ast.parse(condition, mode="eval").body
    body = []
    for line in changed.body:
        before = own.get((line.name, line.block))
        if before is None or not _differs(line, before):
            body.append(line)
        else:
            either = ast.IfExp(test, line.expression, before.expression)
            body.append(replace(line, expression=either))
    return replace(changed, body=tuple(body))


def _find_changed(rule: Rule, changed: Rule) -> Line | None:
    """The first line of a layer that is another."""
    own = _name_lines(rule)
    for line in changed.body:
        before = own.get((line.name, line.block))
        if before is not None and _differs(line, before):
            return line
    return None


def _name_lines(rule: Rule) -> dict[tuple[str, str], Line]:
    return {(line.name, line.block): line for line in rule.body if line.block}


def _differs(line: Line, before: Line) -> bool:
    """Whether two lines say something else; most of a changed rule's are the rule's own."""
    return line is not before and str(line) != str(before)
