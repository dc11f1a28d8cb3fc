"""Reading a spec page: `technique -> page`.

This module knows the headings and tables that every page has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache

from trainspec.conformance.basics.names import family_of, join_form, split_form, technique_in
from trainspec.conformance.basics.paths import page_path
from trainspec.conformance.pages.markdown import Section, find_code, find_link, read_sections
from trainspec.conformance.pages.page import (
    DISTRIBUTIONS,
    KINDS,
    RESERVED,
    CaseText,
    Clause,
    Conversion,
    Draws,
    Edit,
    Order,
    Page,
    PageError,
    Parameter,
)
from trainspec.conformance.pages.rule import Rule, parse_rule


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
            rejects=self.check_property("rejects", clauses),
            stepwise=self.check_property("asked step by step", clauses),
            watched=tuple(
                self.check_clause(name, clauses, "checked in every call")
                for name in _split_list(self.properties.get("checked in every call", ""))
            ),
            typed=self.check_property("shape and type", clauses),
            also_called=tuple(_split_list(self.properties.get("also called", "").replace("`", ""))),
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

    def check_property(self, row: str, clauses: Mapping[str, Clause]) -> str:
        """The clause that a row of “At a glance” names, or nothing."""
        return self.check_clause(self.properties.get(row, ""), clauses, row)

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
    names = tuple(_split_list(row.get("also called", "").replace("`", "")))
    return Parameter(row["name"], row["default"], row["domain"], row["meaning"], symbol, names)


def _read_clauses(text: str) -> Iterator[Clause]:
    for line in text.splitlines():
        match = re.match(r"\*\*([A-Z0-9]+-\d+)\*\* (.+)", line)
        if match:
            yield Clause(match[1], match[2])
