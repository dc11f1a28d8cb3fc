"""A spec page: `text -> page`, part by part.

The page is the program: nothing about a technique is written anywhere else. This module knows the
headings and tables that every page has, and reads each when it is first asked for: few commands
need them all.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property

from trainspec.conformance.basics.names import (
    family_of,
    join_form,
    operation_of,
    split_form,
    technique_in,
)
from trainspec.conformance.pages.document import Document
from trainspec.conformance.pages.markdown import find_code, find_link
from trainspec.conformance.pages.parts import (
    DISTRIBUTIONS,
    GIVEN_TO_LAYERS,
    GIVEN_TO_UPDATES,
    KINDS,
    LAYERED,
    RESERVED,
    SEQUENCE,
    UPDATE_RULE,
    CaseText,
    Clause,
    Conversion,
    Draws,
    Edit,
    Order,
    PageError,
    Parameter,
    split_list,
)
from trainspec.conformance.pages.rule import Rule, parse_rule

#: How a shape begins whose first axis has a name: ``(N,``.
LEADING_AXIS = re.compile(r"\(\w+,")


class Page:
    """The spec page of a technique, such as ``optimizers/adam``, from its text.

    `load` finds a page that this one includes. Every part raises `PageError` or `RuleError`, which
    name the page, the place and what was expected, where the text does not say it rightly.
    """

    def __init__(self, technique: str, text: str, load: Callable[[str], Page]) -> None:
        self.technique = technique
        self._document = Document(technique, text)
        self._load = load

    def read_all(self) -> Page:
        """Read every part now, so that any mistake in the text is raised here."""
        for name, part in vars(Page).items():
            if isinstance(part, cached_property):
                getattr(self, name)
        return self

    @cached_property
    def title(self) -> str:
        """The heading of the page."""
        return self._document.title

    @cached_property
    def properties(self) -> dict[str, str]:
        """The table “At a glance”."""
        return {row["property"]: row["value"] for row in self._document.rows("At a glance")}

    @cached_property
    def kind(self) -> str:
        """What the page defines, one of `KINDS`."""
        kind = self.properties.get("kind", "")
        if kind not in KINDS:
            raise PageError(
                f"{self.technique}: the table “At a glance” needs a row “kind”, one of "
                f"{', '.join(KINDS)}; got {kind!r}"
            )
        return kind

    @cached_property
    def also_called(self) -> tuple[str, ...]:
        """What libraries call the technique."""
        return tuple(split_list(self.properties.get("also called", "").replace("`", "")))

    @cached_property
    def trained(self) -> tuple[str, ...]:
        """The parameters that a training page updates."""
        return tuple(find_code(self.properties.get("trains", "")))

    @cached_property
    def rejects(self) -> str:
        """The clause that bad hyperparameters break, or nothing."""
        return self._read_property("rejects")

    @cached_property
    def stepwise(self) -> str:
        """The clause about runs that are asked step by step, or nothing."""
        return self._read_property("asked step by step")

    @cached_property
    def typed(self) -> str:
        """The clause about the shape and the type of results, or nothing."""
        return self._read_property("shape and type")

    @cached_property
    def watched(self) -> tuple[str, ...]:
        """The clauses that the checker verifies in every call."""
        row = "checked in every call"
        names = split_list(self.properties.get(row, ""))
        return tuple(self._check_clause(name, row) for name in names)

    @cached_property
    def includes(self) -> tuple[str, ...]:
        """The techniques whose rules stand before the page's own."""
        others = re.findall(r"\((\w+)\.md\)", self.properties.get("includes", ""))
        return tuple(technique_in(family_of(self.technique), other) for other in others)

    @cached_property
    def rule(self) -> Rule:
        """The lines of the pages that are included, then the page's own."""
        rule = Rule()
        for other in self.includes:
            included = self._load(other).rule
            rule = Rule(rule.start + included.start, rule.body + included.body)
        section = self._document.section("Rule")
        if section.fences or not rule.body:
            own = parse_rule(
                self._document.code_of(section, "python"), f"{self.technique}: the rule"
            )
            rule = Rule(rule.start + own.start, rule.body + own.body)
        return rule

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """The names of the inputs; an update rule has its own."""
        return self._read_names("Inputs")

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """The names of the outputs."""
        return self._read_names("Outputs") or ("params",)

    @cached_property
    def of_each_row(self) -> tuple[str, ...]:
        """The inputs and outputs that hold a row for each sample of the first input's batch."""
        rows = [*self._document.rows("Inputs"), *self._document.rows("Outputs")]
        axis = LEADING_AXIS.match(rows[0].get("shape", "")) if rows else None
        if not axis:
            return ()
        found: dict[str, None] = {}
        for row in rows:
            if row["shape"].startswith((axis[0], *(f"as `{name}`" for name in found))):
                found[row["name"]] = None
        return tuple(found)

    @cached_property
    def parameters(self) -> Mapping[str, Parameter]:
        """The hyperparameters, by name."""
        return {row["name"]: Parameter.read(row) for row in self._document.rows("Parameters")}

    @cached_property
    def clauses(self) -> Mapping[str, Clause]:
        """The clauses, by id."""
        return {clause.id: clause for clause in Clause.read(self._document.section("Clauses").text)}

    @cached_property
    def variants(self) -> Mapping[str, Edit]:
        """The variants, by name: the table, and the section of each."""
        broken = {row["variant"]: row["departs from"] for row in self._document.rows("Variants")}
        variants = {}
        for s in self._document.below("Variants"):
            change = parse_rule(
                self._document.code_of(s, "python"), f"{self.technique}: variant {s.title}"
            )
            if s.title not in broken:
                raise PageError(
                    f"{self.technique}: the table under “## Variants” has no row for {s.title!r}"
                )
            names = self._check_clauses(broken.pop(s.title), s.title)
            variants[s.title] = Edit(s.title, change, s.text, names, find_link(s.text))
        for name in broken:
            raise PageError(f"{self.technique}: the variant {name!r} has no section of its own")
        return variants

    @cached_property
    def errors(self) -> Mapping[str, Edit]:
        """The named errors, by name."""
        errors: dict[str, Edit] = {}
        for row in self._document.rows("Errors"):
            name = row["error"]
            if name in self.variants or name in errors:
                raise PageError(f"{self.technique}: {name!r} names two variants or errors")
            source = "\n".join(find_code(row["change"]))
            change = parse_rule(source, f"{self.technique}: error {name}")
            breaks = self._check_clauses(row.get("breaks", ""), name)
            errors[name] = Edit(name, change, row["what it does"], breaks)
        return errors

    @cached_property
    def cases(self) -> tuple[CaseText, ...]:
        """The cases."""
        below = list(self._document.below("Cases"))
        for name, count in Counter(section.title for section in below).items():
            if count > 1:
                raise PageError(f"{self.technique}: {count} cases are named {name!r}")
        return tuple(CaseText(s.title, s.text, self._document.code_of(s, "yaml")) for s in below)

    @cached_property
    def example(self) -> tuple[str, list[dict[str, str]]]:
        """The worked example: the YAML that makes its inputs, and the rows of its table."""
        section = self._document.section("Worked example")
        return self._document.code_of(section, "yaml"), section.rows

    @cached_property
    def conversions(self) -> tuple[Conversion, ...]:
        """How to set one form so that it behaves as another."""
        return tuple(self._read_conversions())

    @cached_property
    def draws(self) -> tuple[Draws, ...]:
        """What is asked of an implementation that draws its own numbers."""
        return tuple(self._read_draws())

    @cached_property
    def orders(self) -> tuple[Order, ...]:
        """Other orders of operations."""
        return tuple(self._read_orders())

    @cached_property
    def ways(self) -> dict[str, Rule]:
        """Other ways in which code writes the canonical rule, by name: the lines of each."""
        return dict(self._read_ways())

    @property
    def name(self) -> str:
        """The operation's name: ``adam`` for ``optimizers/adam``."""
        return operation_of(self.technique)

    @property
    def is_update_rule(self) -> bool:
        """Whether the page defines an update rule."""
        return self.kind == UPDATE_RULE

    @property
    def is_sequence(self) -> bool:
        """Whether the page defines what happens to inputs that come one after the other."""
        return self.kind == SEQUENCE

    @property
    def edits(self) -> dict[str, Edit]:
        """All variants and errors, by name."""
        return {**self.variants, **self.errors}

    @property
    def changes(self) -> dict[str, Rule]:
        """The changes of all variants and errors, by name."""
        return {name: edit.change for name, edit in self.edits.items()}

    @property
    def rules(self) -> dict[str, Rule]:
        """The whole rule of the canonical form (named "") and of every variant and error."""
        edited = {name: self.rule.with_edit(edit, name) for name, edit in self.changes.items()}
        return {"": self.rule, **edited}

    @property
    def free_names(self) -> frozenset[str]:
        """Names that the rule may read without their being hyperparameters."""
        given = GIVEN_TO_LAYERS if self.kind == LAYERED else ()
        return GIVEN_TO_UPDATES if self.is_update_rule else frozenset((*self.inputs, "t", *given))

    def variant_hyperparameters(self, rule: Rule) -> frozenset[str]:
        """Hyperparameters that `rule` reads and the canonical form does not have."""
        return rule.free - self.parameters.keys() - self.free_names

    @cached_property
    def optional_hyperparameters(self) -> frozenset[str]:
        """Hyperparameters that only variants have."""
        rules = map(self.rule_of_form, self.variants)
        return frozenset[str]().union(*map(self.variant_hyperparameters, rules))

    def orders_of(self, name: str) -> list[Rule]:
        """The rule of a form in every other order of operations that the page states.

        An order of a part of the form counts if the rest of it leaves its lines alone.
        """
        rule, parts = self.rule_of_form(name), split_form(name)
        orders = []
        for order in self.orders:
            own = split_form(order.form)
            if not set(own) <= set(parts):
                continue
            ordered = rule.with_edit(order.change, "order")
            # Lines that the order rewrites, and lines that it does without.
            touched = rule.changed_names(order.change) | (rule.used_lines - ordered.used_lines)
            rest = (self.edits[part].change for part in parts if part not in own)
            if all(touched.isdisjoint(self.rule.changed_names(edit)) for edit in rest):
                orders.append(ordered)
        return orders

    def rule_of_form(self, name: str) -> Rule:
        """The rule of one variant or error, or of several joined by ``+``."""
        rule = self.rule
        for part in split_form(name):
            if part not in self.edits:
                raise PageError(
                    f"{self.technique} has no variant or error named {part!r}; it has "
                    f"{', '.join(self.edits)}"
                )
            rule = rule.with_edit(self.edits[part].change, part)
        return rule

    def _read_names(self, section: str) -> tuple[str, ...]:
        """The names in a table of inputs or outputs: none is a name of the rule language."""
        names = tuple(row["name"] for row in self._document.rows(section))
        for name in names:
            if name in RESERVED:
                raise PageError(
                    f"{self.technique}: {name!r} cannot be the name of an input or output: "
                    "in a rule it is the number of the step, or a function"
                )
        return names

    def _read_conversions(self) -> Iterator[Conversion]:
        for row in self._document.rows("Conversions"):
            for name in (row["of"], row["into"]):
                if split_form(name) and name not in self.variants:
                    raise PageError(
                        f"{self.technique}: the conversions name {name!r}, which is not a variant"
                    )
            source = "\n".join(find_code(row["set"]))
            change = parse_rule(source, f"{self.technique}: the conversion into {row['into']}")
            constant = row["holds"] == "while the learning rate is constant"
            if not constant and row["holds"] != "always":
                raise PageError(
                    f"{self.technique}: the conversion into {row['into']} holds {row['holds']!r}; "
                    "write “always” or “while the learning rate is constant”"
                )
            yield Conversion(row["of"], row["into"], change, row["set"], constant)

    def _read_orders(self) -> Iterator[Order]:
        for row in self._document.rows("Orders"):
            for name in split_form(row["of"]):
                if name not in self.variants:
                    raise PageError(
                        f"{self.technique}: “Orders” names {name!r}, which is not a variant"
                    )
            source = "\n".join(find_code(row["change"]))
            change = parse_rule(source, f"{self.technique}: an order of {row['of']}")
            yield Order(join_form(split_form(row["of"])), change)

    def _read_ways(self) -> Iterator[tuple[str, Rule]]:
        for section in self._document.below("Ways of writing"):
            source = self._document.code_of(section, "python")
            yield section.title, parse_rule(source, f"{self.technique}: {section.title}")

    def _read_draws(self) -> Iterator[Draws]:
        for row in self._document.rows("Draws"):
            if row["distribution"] not in DISTRIBUTIONS:
                raise PageError(
                    f"{self.technique}: the table “Draws” has the distribution "
                    f"{row['distribution']!r}; it must be one of {', '.join(DISTRIBUTIONS)}"
                )
            drawn = row["input"]
            if drawn not in self.inputs:
                raise PageError(f"{self.technique}: “Draws” names {drawn!r}, which is no input")
            pairs = (code.split(" = ") for code in find_code(row["request"]))
            yield Draws(
                drawn,
                row["distribution"],
                self._check_clause(row["values"], "Draws"),
                self._check_clause(row["independence"], "Draws"),
                {name: _read_number(value) for name, value in pairs},
                tuple(int(n) for n in row["shape"].split(" × ")),
            )

    def _read_property(self, row: str) -> str:
        """The clause that a row of “At a glance” names, or nothing."""
        return self._check_clause(self.properties.get(row, ""), row)

    def _check_clauses(self, text: str, where: str) -> tuple[str, ...]:
        """The clauses that a cell lists; there must be at least one."""
        names = split_list(text)
        if not names:
            raise PageError(f"{self.technique}: {where} names no clause that it breaks")
        return tuple(self._check_clause(name, where) for name in names)

    def _check_clause(self, name: str, where: str) -> str:
        """The name of a clause that the page has, or nothing."""
        if name and name not in self.clauses:
            raise PageError(f"{self.technique}: {where} names {name!r}, which is not a clause")
        return name


def _read_number(text: str) -> float:
    number = float(text)
    return int(number) if number.is_integer() else number
