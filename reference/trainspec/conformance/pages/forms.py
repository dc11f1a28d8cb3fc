"""Forms that an implementation may have: `page -> candidates`.

A form is a set of the page's edits, variants and named errors alike, together with constants of
the implementation's own. Nobody lists the combinations: edits that change different lines compose.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from msgspec import Struct, field
from msgspec.structs import replace

from trainspec.conformance.basics.names import display_form, join_form, spell_kebab
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.page import Page
from trainspec.conformance.pages.rule import Rule, apply_edits, find_compositions, parse_rule


class Form(Struct, frozen=True):
    """Edits of a page's rule, and constants: `rule` is what they make of it.

    `words` describes the constants, `more` has the rule's hyperparameters that nobody passes,
    `slot` is where a constant of its own stands in the form `base`.
    """

    edits: tuple[str, ...]
    rule: Rule
    constants: Mapping[str, float] = field(default_factory=dict)
    more: Mapping[str, float] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    base: Form | None = None
    slot: ConstantSlot | None = None

    @property
    def name(self) -> str:
        """The form's name: ``eps-hat+amsgrad``, with constants ``eps-hat, epsilon=1e-05``."""
        parts = [join_form(self.edits)] if self.edits else []
        return ", ".join(parts + [f"{k}={v!r}" for k, v in self.constants.items()])

    @property
    def display(self) -> str:
        """The name as people read it: ``canonical`` where it is empty."""
        return display_form(self.name)


#: How a hyperparameter between 0 and 1 may be meant the other way round.
COMPLEMENT = "{0} = 1 - {0}"


@cache
def list_complements(technique: str) -> Mapping[str, Rule]:
    """Hyperparameters that may be read in the other sense, as edits: ``momentum-complement``."""
    page = load_page(technique)
    return {
        f"{spell_kebab(p.name)}-complement": parse_rule(COMPLEMENT.format(p.name))
        for p in page.parameters.values()
        if p.is_fraction and p.name in page.rule.free
    }


@cache
def list_float_products(technique: str) -> Mapping[str, Rule]:
    """A whole part of an exact product that is taken of a rounded one: ``int(0.3 * 10)``.

    Nobody can certify what it is: it depends on the type.
    """
    rule = load_page(technique).rule
    found = {}
    for line in rule.body:
        text = str(line)
        exact = re.sub(r"floor_of_product\((\w+), (\w+\(\w+\))\)", r"floor_int(\1 * \2)", text)
        if exact != text:
            found["product-in-floats"] = parse_rule(exact)
    return found


@cache
def list_edits(technique: str) -> Mapping[str, Rule]:
    """Every edit of a page: variants, errors, readings of its hyperparameters and products."""
    page = load_page(technique)
    return {**page.changes, **list_complements(technique), **list_float_products(technique)}


@cache
def compose_rule(technique: str, names: tuple[str, ...]) -> Rule:
    """The page's rule with the named edits."""
    return apply_edits(load_page(technique).rule, list_edits(technique), names)


@cache
def list_published(technique: str) -> tuple[tuple[str, ...], ...]:
    """Every set of variants that compose, the smallest first; the first is empty.

    Where two sets make the same rule, the first of them stands for both.
    """
    page = load_page(technique)
    changes = {name: edit.change for name, edit in page.variants.items()}
    sets: dict[str, tuple[str, ...]] = {}
    for size in range(len(changes) + 1):
        for names in find_compositions(page.rule, changes, size):
            sets.setdefault(str(compose_rule(technique, names)), names)
    return tuple(sets.values())


@cache
def list_single(technique: str) -> tuple[tuple[str, ...], ...]:
    """Every edit alone."""
    return tuple((name,) for name in list_edits(technique))


@cache
def list_several(technique: str) -> tuple[tuple[str, ...], ...]:
    """Every set of two variants or more."""
    return tuple(names for names in list_published(technique) if len(names) > 1)


@cache
def list_pairs(technique: str) -> tuple[tuple[str, ...], ...]:
    """Every two edits that compose and are not both published."""
    every = set(list_several(technique))
    page = load_page(technique)
    pairs = find_compositions(page.rule, list_edits(technique), 2)
    return tuple(names for names in pairs if names not in every)


@cache
def list_flawed(technique: str) -> tuple[tuple[str, ...], ...]:
    """Every set of two variants or more with one error or reading."""
    page = load_page(technique)
    touched = {name: page.rule.changed_names(edit) for name, edit in list_edits(technique).items()}
    faults = [name for name in touched if name not in page.variants]
    return tuple(
        (*names, fault)
        for names in list_several(technique)
        for fault in faults
        if all(touched[fault].isdisjoint(touched[name]) for name in names)
    )


def find_neighbours(page: Page, form: Form) -> Iterator[Form]:
    """The forms that differ from one by an edit left out, added or exchanged."""
    touched = {
        name: page.rule.changed_names(edit) for name, edit in list_edits(page.technique).items()
    }
    shorter = [tuple(n for n in form.edits if n != left) for left in form.edits]
    sets = dict.fromkeys(shorter)
    for kept in (form.edits, *shorter):
        for name, lines in touched.items():
            if name not in form.edits and all(lines.isdisjoint(touched[k]) for k in kept):
                sets[(*kept, name)] = None
    if form.base:
        yield replace(form.base, constants={}, words=())
    for names in sets:
        other = Form(names, compose_rule(page.technique, names), form.more, form.more)
        if form.slot:
            other = form.slot.fill(other, form.constants[form.slot.name])
        yield other


class ConstantSlot(Struct, frozen=True):
    """Where a constant of the implementation's own may stand: an edit, and the words for it.

    `factor` says that it multiplies what is there, `passed` that it changes what is passed.
    """

    name: str
    line: str
    words: str
    factor: bool = False
    passed: bool = True

    def fill(self, base: Form, value: float) -> Form:
        """The form `base` with the constant there."""
        edit = parse_rule(self.line.format(repr(value)))
        constants = {**base.constants, self.name: value}
        words = self.words.format(repr(value)) + (", whatever is passed" if self.passed else "")
        rule = base.rule.with_edit(edit, self.name)
        return Form(base.edits, rule, constants, base.more, (*base.words, words), base, self)


def change_constants(form: Form) -> Iterator[Form]:
    """The form with another constant in place of each of its own."""

    def other(value: float) -> float:
        return value * 1.5 if value else 0.5

    if form.slot and form.base:
        yield form.slot.fill(form.base, other(form.constants[form.slot.name]))
    for name, value in form.more.items():
        yield replace(form, more={**form.more, name: other(value)})


def find_slots(page: Page, rule: Rule, given: Iterable[str] = ()) -> list[ConstantSlot]:
    """The slots of a rule for a constant; `given` are variants' hyperparameters."""
    found = [
        ConstantSlot(name, f"{name} = {{}}", f"{name} is taken as {{}}")
        for name in page.parameters
        if name in rule.free and page.parameters[name].numeric
    ]
    found += [
        ConstantSlot(name, f"if t == 1: {name} = {{}}", f"{name} starts at {{}}")
        for name in rule.state
    ]
    found += [
        ConstantSlot(f"{name}*", f"{name} = {{}} * {name}", f"{name} is multiplied by {{}}", True)
        for name in (*page.parameters, *sorted(given), *(page.inputs or ("g",)))
        if name in rule.free and (name not in page.parameters or page.parameters[name].numeric)
    ]
    return found


def find_factors(page: Page, rule: Rule, given: Iterable[str] = ()) -> list[ConstantSlot]:
    """A slot for every line of a rule that returns no output: a factor before what it computes."""
    return [
        ConstantSlot(
            f"{line.name}*",
            f"{line.name} = {{}} * ({ast.unparse(line.expression)})",
            f"{line.name} is multiplied by {{}}",
            factor=True,
            passed=False,
        )
        for line in rule.body
        if line.name not in ("W", *page.outputs)
    ]


def find_literals(page: Page, rule: Rule, given: Iterable[str] = ()) -> list[ConstantSlot]:
    """A slot for every number that an edit of the page's rule holds, such as a momentum of 0.9.

    Whole numbers belong to the formula.
    """
    own = set(map(str, page.rule.body))
    found = []
    for line in rule.body:
        if line.name in page.parameters or str(line) in own:
            continue
        constants = [n.value for n in ast.walk(line.expression) if isinstance(n, ast.Constant)]
        for value in dict.fromkeys(constants):
            if isinstance(value, float) and not value.is_integer():
                text = str(line).replace(repr(value), "{0}")
                words = f"with {{}} in place of {value!r}"
                found.append(ConstantSlot("constant", text, words, passed=False))
    return found


@cache
def list_with_literals(technique: str) -> tuple[tuple[str, ...], ...]:
    """Every error that holds a number of its own."""
    page = load_page(technique)
    return tuple(
        (name,) for name in page.errors if find_literals(page, compose_rule(technique, (name,)))
    )
