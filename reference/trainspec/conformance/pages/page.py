"""Reading a spec page: its rule, parameters, clauses, variants, named errors and cases.

The page is the program: nothing about a technique is written anywhere else. This module knows
the headings and tables that every page has; what a rule may say is in `rule.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from trainspec.conformance.basics.errors import UserError
from trainspec.conformance.basics.names import (
    family_of,
    join_form,
    operation_of,
    split_form,
    technique_in,
)
from trainspec.conformance.basics.paths import page_path
from trainspec.conformance.pages.markdown import Section, find_code, find_link, read_sections
from trainspec.conformance.pages.rule import FUNCTIONS, Rule, parse_rule

UPDATE_RULE, FUNCTION, SEQUENCE, TRAINING = "update rule", "function", "sequence", "training"
#: What a page may be; see spec/README.md.
KINDS = (UPDATE_RULE, FUNCTION, SEQUENCE, TRAINING)
NORMAL, UNIFORM = "normal", "uniform"
#: How an input may be distributed that an implementation draws itself; see spec/statistics.md.
DISTRIBUTIONS = (NORMAL, UNIFORM)
#: Names that an update rule may read without their being hyperparameters.
GIVEN_TO_UPDATES = frozenset({"W", "g", "t", "tensor", "tensors"})
#: Names that have a meaning in every rule.
RESERVED = frozenset({"t", *FUNCTIONS})
#: The value that every hyperparameter which only variants have takes in all cases.
VARIANT_HYPERPARAMETER = 0.125


class PageError(UserError):
    """A spec page that lacks something, or says it in a way that cannot be read."""


@dataclass(frozen=True)
class Parameter:
    """A row of the table of parameters: `domain` is an interval such as ``[0, 1)``."""

    name: str
    default: str
    domain: str
    meaning: str
    symbol: str = ""

    @property
    def numeric(self) -> bool:
        """Whether the domain is an interval, not a list of words."""
        return self.domain[0] in "[("

    @property
    def bounds(self) -> tuple[float, bool, float, bool]:
        """Lower bound, whether it is allowed, upper bound, whether it is allowed.

        Raises ValueError for a domain that is a list of words.
        """
        low, high = self.domain[1:-1].split(",")
        return float(low), self.domain[0] == "[", float(high), self.domain[-1] == "]"


@dataclass(frozen=True)
class Clause:
    """One normative sentence: `requirement` is its strongest word, MUST, SHOULD or MAY."""

    id: str
    text: str

    @property
    def requirement(self) -> str:
        """The strongest of the words that RFC 2119 defines, or nothing."""
        return next((word for word in ("MUST", "SHOULD", "MAY") if word in self.text), "")


@dataclass(frozen=True)
class Edit:
    """A variant (published) or a named error: how the rule is changed, and in words.

    `clauses` are those that an implementation with this edit does not follow.
    """

    name: str
    change: Rule
    text: str
    clauses: tuple[str, ...]
    link: str = ""


@dataclass(frozen=True)
class Conversion:
    """How to set one form so that it behaves as another: an edit of its hyperparameters, or words.

    `constant_rate` says that it holds only while the learning rate does not change.
    """

    source: str
    target: str
    change: Rule
    text: str
    constant_rate: bool


@dataclass(frozen=True)
class Order:
    """Another order of operations, which computes the same as the form `form` of a page."""

    form: str
    change: Rule


@dataclass(frozen=True)
class Draws:
    """How an implementation's own random draws are asked for and judged.

    `input` is the input of the rule that the implementation draws itself, `distribution` its
    distribution, one of `DISTRIBUTIONS`; `clause` is what wrong values break, `independence` what
    dependent ones break; `request` holds the hyperparameters beside the seed, and `shape` is the
    shape of every tensor.
    """

    input: str
    distribution: str
    clause: str
    independence: str
    request: Mapping[str, float]
    shape: tuple[int, ...]


@dataclass(frozen=True)
class CaseText:
    """A case as the page states it: a name, why it exists, and the YAML that makes its inputs."""

    name: str
    why: str
    yaml: str


@dataclass(frozen=True)
class Page:
    """A spec page, read.

    `kind` is one of `KINDS`. `trained` names the parameters that a training page updates.
    `rejects` is the clause that bad hyperparameters break, and `watched` are the clauses that the
    checker verifies in every call.
    """

    technique: str
    title: str
    kind: str
    rule: Rule
    parameters: Mapping[str, Parameter]
    clauses: Mapping[str, Clause]
    variants: Mapping[str, Edit]
    errors: Mapping[str, Edit]
    cases: tuple[CaseText, ...]
    example: tuple[str, list[dict[str, str]]]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    conversions: tuple[Conversion, ...]
    draws: tuple[Draws, ...]
    orders: tuple[Order, ...]
    trained: tuple[str, ...]
    rejects: str
    watched: tuple[str, ...]

    @property
    def name(self) -> str:
        """The operation's name: ``adam`` for ``optimizers/adam``."""
        return operation_of(self.technique)

    @property
    def is_update_rule(self) -> bool:
        """Whether the page defines an update rule."""
        return self.kind == UPDATE_RULE

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
        return GIVEN_TO_UPDATES if self.is_update_rule else frozenset((*self.inputs, "t"))

    def variant_hyperparameters(self, rule: Rule) -> frozenset[str]:
        """Hyperparameters that `rule` reads and the canonical form does not have."""
        return rule.free - self.parameters.keys() - self.free_names

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


@cache
def load_page(technique: str) -> Page:
    """The page of a technique, such as ``optimizers/adam``."""
    return read_page(page_path(technique).read_text("utf-8"), technique)


def read_page(text: str, technique: str) -> Page:
    """Read the text of a spec page.

    Raises `PageError` or `RuleError`, which name the page, the place and what was expected.
    """
    return _Reader(technique, read_sections(text)).read()


class _Reader:
    """Takes a page apart, a method for each section."""

    def __init__(self, technique: str, sections: list[Section]) -> None:
        self.technique = technique
        self.sections = sections
        self.properties = {row["property"]: row["value"] for row in self.rows("At a glance")}

    def read(self) -> Page:
        """The whole page."""
        clauses = {clause.id: clause for clause in _read_clauses(self.section("Clauses").text)}
        variants = self.read_variants(clauses)
        title = next((s.title for s in self.sections if s.level == 1), self.technique)
        example = self.section("Worked example")
        return Page(
            technique=self.technique,
            title=title,
            kind=self.read_kind(),
            rule=self.read_rule(),
            parameters={row["name"]: _read_parameter(row) for row in self.rows("Parameters")},
            clauses=clauses,
            variants=variants,
            errors=self.read_errors(variants, clauses),
            cases=tuple(
                CaseText(s.title, s.text, self.code_of(s, "yaml")) for s in self.below("Cases")
            ),
            example=(self.code_of(example, "yaml"), example.rows),
            inputs=self.read_names("Inputs"),
            outputs=self.read_names("Outputs") or ("params",),
            conversions=tuple(self.read_conversions(variants)),
            draws=tuple(self.read_draws(clauses)),
            orders=tuple(self.read_orders(variants)),
            trained=tuple(find_code(self.properties.get("trains", ""))),
            rejects=self.check_clause(self.properties.get("rejects", ""), clauses, "rejects"),
            watched=tuple(
                self.check_clause(name, clauses, "checked in every call")
                for name in _split_list(self.properties.get("checked in every call", ""))
            ),
        )

    def read_names(self, section: str) -> tuple[str, ...]:
        """The names in a table of inputs or outputs: none is a name of the rule language."""
        names = tuple(row["name"] for row in self.rows(section))
        for name in names:
            if name in RESERVED:
                raise PageError(
                    f"{self.technique}: {name!r} cannot be the name of an input or output: "
                    "in a rule it is the number of the step, or a function"
                )
        return names

    def read_kind(self) -> str:
        """What the page defines."""
        kind = self.properties.get("kind", "")
        if kind not in KINDS:
            raise PageError(
                f"{self.technique}: the table “At a glance” needs a row “kind”, one of "
                f"{', '.join(KINDS)}; got {kind!r}"
            )
        return kind

    def read_rule(self) -> Rule:
        """The lines of the pages that are included, then the page's own."""
        rule = Rule()
        for other in re.findall(r"\((\w+)\.md\)", self.properties.get("includes", "")):
            included = load_page(technique_in(family_of(self.technique), other)).rule
            rule = Rule(rule.start + included.start, rule.body + included.body)
        section = self.section("Rule")
        if section.fences or not rule.body:
            own = parse_rule(self.code_of(section, "python"), f"{self.technique}: the rule")
            rule = Rule(rule.start + own.start, rule.body + own.body)
        return rule

    def read_variants(self, clauses: Mapping[str, Clause]) -> dict[str, Edit]:
        """The table of variants, and the section of each."""
        broken = {row["variant"]: row["departs from"] for row in self.rows("Variants")}
        variants = {}
        for s in self.below("Variants"):
            change = parse_rule(self.code_of(s, "python"), f"{self.technique}: variant {s.title}")
            if s.title not in broken:
                raise PageError(
                    f"{self.technique}: the table under “## Variants” has no row for {s.title!r}"
                )
            names = self.check_clauses(broken.pop(s.title), clauses, s.title)
            variants[s.title] = Edit(s.title, change, s.text, names, find_link(s.text))
        for name in broken:
            raise PageError(f"{self.technique}: the variant {name!r} has no section of its own")
        return variants

    def read_errors(
        self, variants: Mapping[str, Edit], clauses: Mapping[str, Clause]
    ) -> dict[str, Edit]:
        """The table of errors."""
        errors: dict[str, Edit] = {}
        for row in self.rows("Errors"):
            name = row["error"]
            if name in variants or name in errors:
                raise PageError(f"{self.technique}: {name!r} names two variants or errors")
            source = "\n".join(find_code(row["change"]))
            change = parse_rule(source, f"{self.technique}: error {name}")
            breaks = self.check_clauses(row.get("breaks", ""), clauses, name)
            errors[name] = Edit(name, change, row["what it does"], breaks)
        return errors

    def read_conversions(self, variants: Mapping[str, Edit]) -> Iterator[Conversion]:
        """The table of conversions."""
        for row in self.rows("Conversions"):
            for name in (row["of"], row["into"]):
                if split_form(name) and name not in variants:
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

    def read_orders(self, variants: Mapping[str, Edit]) -> Iterator[Order]:
        """The table of other orders of operations."""
        for row in self.rows("Orders"):
            for name in split_form(row["of"]):
                if name not in variants:
                    raise PageError(
                        f"{self.technique}: “Orders” names {name!r}, which is not a variant"
                    )
            source = "\n".join(find_code(row["change"]))
            change = parse_rule(source, f"{self.technique}: an order of {row['of']}")
            yield Order(join_form(split_form(row["of"])), change)

    def read_draws(self, clauses: Mapping[str, Clause]) -> Iterator[Draws]:
        """The table of draws, where an implementation may draw its own numbers."""
        for row in self.rows("Draws"):
            if row["distribution"] not in DISTRIBUTIONS:
                raise PageError(
                    f"{self.technique}: the table “Draws” has the distribution "
                    f"{row['distribution']!r}; it must be one of {', '.join(DISTRIBUTIONS)}"
                )
            drawn = row["input"]
            if drawn not in self.read_names("Inputs"):
                raise PageError(f"{self.technique}: “Draws” names {drawn!r}, which is no input")
            pairs = (code.split(" = ") for code in find_code(row["request"]))
            yield Draws(
                drawn,
                row["distribution"],
                self.check_clause(row["values"], clauses, "Draws"),
                self.check_clause(row["independence"], clauses, "Draws"),
                {name: _read_number(value) for name, value in pairs},
                tuple(int(n) for n in row["shape"].split(" × ")),
            )

    def section(self, name: str) -> Section:
        """A section of the second level."""
        for s in self.sections:
            if s.level == 2 and s.title == name:
                return s
        raise PageError(f"{self.technique}: the page has no section “## {name}”")

    def rows(self, name: str) -> list[dict[str, str]]:
        """The rows of the table in a section that a page need not have."""
        return next((s.rows for s in self.sections if s.level == 2 and s.title == name), [])

    def below(self, name: str) -> Iterator[Section]:
        """The sections of the third level in one of the second."""
        inside = False
        for s in self.sections:
            if s.level <= 2:
                inside = s.title == name
            elif inside and s.level == 3:
                yield s

    def code_of(self, section: Section, language: str) -> str:
        """The first code block of a language in a section."""
        for kind, content in section.fences:
            if kind == language:
                return content
        raise PageError(f"{self.technique}: “{section.title}” has no ```{language} block")

    def check_clauses(
        self, text: str, clauses: Mapping[str, Clause], where: str
    ) -> tuple[str, ...]:
        """The clauses that a cell lists; there must be at least one."""
        names = _split_list(text)
        if not names:
            raise PageError(f"{self.technique}: {where} names no clause that it breaks")
        return tuple(self.check_clause(name, clauses, where) for name in names)

    def check_clause(self, name: str, clauses: Mapping[str, Clause], where: str) -> str:
        """The name of a clause that the page has, or nothing."""
        if name and name not in clauses:
            raise PageError(f"{self.technique}: {where} names {name!r}, which is not a clause")
        return name


def _split_list(text: str) -> list[str]:
    return [word for word in re.split(r",\s*", text.strip()) if word]


def _read_number(text: str) -> float:
    number = float(text)
    return int(number) if number.is_integer() else number


def _read_parameter(row: Mapping[str, str]) -> Parameter:
    symbol = row.get("symbol", "")
    return Parameter(row["name"], row["default"], row["domain"], row["meaning"], symbol)


def _read_clauses(text: str) -> Iterator[Clause]:
    for line in text.splitlines():
        match = re.match(r"\*\*([A-Z0-9]+-\d+)\*\* (.+)", line)
        if match:
            yield Clause(match[1], match[2])
