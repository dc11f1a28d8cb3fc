"""Reading a spec page: its rule, parameters, clauses, variants, named errors and cases.

The page is the program: nothing about a technique is written anywhere else. This module knows
the headings and tables that every page has; what a rule may say is in `rule.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from markdown_it import MarkdownIt

from trainspec.conformance.files import page_file
from trainspec.conformance.rule import Rule, parse

#: Names that an update rule may read without their being hyperparameters.
GIVEN_TO_UPDATES = frozenset({"W", "g", "t", "tensor", "tensors"})


#: The value that every hyperparameter which only variants have takes in all cases.
DECAY = 0.125


class PageError(ValueError):
    """A spec page that lacks something or says it in a way that cannot be read."""


@dataclass(frozen=True)
class Parameter:
    """A row of the table of parameters: `domain` is an interval such as ``[0, 1)``."""

    name: str
    default: str
    domain: str
    meaning: str

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
        return next((word for word in ("MUST", "SHOULD", "MAY") if word in self.text), "")


@dataclass(frozen=True)
class Edit:
    """A variant (published) or a named error: how the rule is changed, and in words."""

    name: str
    change: Rule
    text: str
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
class CaseText:
    """A case as the page states it: a name, why it exists, and the YAML that gives its inputs."""

    name: str
    why: str
    yaml: str


@dataclass(frozen=True)
class Page:
    """A spec page, read."""

    technique: str
    title: str
    rule: Rule
    parameters: Mapping[str, Parameter]
    clauses: Mapping[str, Clause]
    variants: Mapping[str, Edit]
    errors: Mapping[str, Edit]
    cases: tuple[CaseText, ...]
    example: tuple[str, list[dict[str, str]]]
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ("params",)
    conversions: tuple[Conversion, ...] = ()

    @property
    def name(self) -> str:
        """The operation's name: ``adam`` for ``optimizers/adam``."""
        return self.technique.rpartition("/")[2]

    @property
    def edits(self) -> dict[str, Rule]:
        """The changes of all variants and errors, by name."""
        return {name: edit.change for name, edit in {**self.variants, **self.errors}.items()}

    @property
    def rules(self) -> dict[str, Rule]:
        """The whole rule of the canonical form (named "") and of every variant and error."""
        edited = {name: self.rule.edited(edit, name) for name, edit in self.edits.items()}
        return {"": self.rule, **edited}

    def extra(self, rule: Rule) -> frozenset[str]:
        """Hyperparameters that `rule` reads and the canonical form does not have."""
        return rule.free - self.parameters.keys() - self.given

    @property
    def given(self) -> frozenset[str]:
        """Names that the rule reads without their being hyperparameters."""
        return frozenset((*self.inputs, "t")) if self.inputs else GIVEN_TO_UPDATES

    def whole_rule(self, name: str) -> Rule:
        """The rule of one variant or error, or of several joined by ``+``."""
        rule = self.rule
        for part in name.split("+"):
            if part in ("", "canonical"):
                continue
            if part not in self.edits:
                raise PageError(
                    f"{self.technique} has no variant or error named {part!r}; it has "
                    f"{', '.join(self.edits)}"
                )
            rule = rule.edited(self.edits[part], part)
        return rule


@cache
def load(technique: str) -> Page:
    """The page of a technique, such as ``optimizers/adam``."""
    return read(page_file(technique).read_text("utf-8"), technique)


def read(text: str, technique: str) -> Page:
    """Read the text of a spec page.

    Raises `PageError` or `RuleError`, which name the page, the place and what was expected.
    """
    sections = _sections(text)
    title = next((s.title for s in sections if s.level == 1), technique)

    def section(name: str) -> _Section:
        for s in sections:
            if s.level == 2 and s.title == name:
                return s
        raise PageError(f"{technique}: the page has no section “## {name}”")

    def below(name: str) -> Iterator[_Section]:
        inside = False
        for s in sections:
            if s.level <= 2:
                inside = s.title == name
            elif inside and s.level == 3:
                yield s

    def block(s: _Section, language: str) -> str:
        for kind, content in s.fences:
            if kind == language:
                return content
        raise PageError(f"{technique}: “{s.title}” has no ```{language} block")

    def names(table: str) -> tuple[str, ...]:
        return tuple(row["name"] for row in section(table).rows)

    written = section("Rule")
    rule = Rule()
    for other in re.findall(r"The lines of \[[^\]]+\]\((\w+)\.md\)", written.text):
        included = load(f"{technique.partition('/')[0]}/{other}").rule
        rule = Rule(rule.start + included.start, rule.body + included.body)
    if written.fences or not rule.body:
        own = parse(block(written, "python"), f"{technique}: the rule")
        rule = Rule(rule.start + own.start, rule.body + own.body)
    variants = {}
    for s in below("Variants"):
        change = parse(block(s, "python"), f"{technique}: variant {s.title}")
        variants[s.title] = Edit(s.title, change, s.text, _link(s.text))
    errors = {}
    for row in section("Errors").rows:
        name = row["error"]
        if name in variants or name in errors:
            raise PageError(f"{technique}: {name!r} names two variants or errors")
        source = "\n".join(part for part in re.findall(r"`([^`]+)`", row["change"]))
        errors[name] = Edit(name, parse(source, f"{technique}: error {name}"), row["what it does"])
    conversions = []
    for row in (row for s in sections if s.title == "Conversions" for row in s.rows):
        for name in filter(lambda n: n != "canonical", (row["of"], row["into"])):
            if name not in variants:
                raise PageError(f"{technique}: conversions name {name!r}, which is no variant")
        source = "\n".join(re.findall(r"`([^`]+)`", row["set"]))
        change = parse(source, f"{technique}: the conversion into {row['into']}")
        constant = "constant" in row["set"]
        conversions.append(Conversion(row["of"], row["into"], change, row["set"], constant))
    example = section("Worked example")
    return Page(
        technique,
        title,
        rule,
        {p.name: p for s in sections if s.title == "Parameters" for p in map(_parameter, s.rows)},
        {c.id: c for c in _clauses(section("Clauses").text)},
        variants,
        errors,
        tuple(CaseText(s.title, s.text, block(s, "yaml")) for s in below("Cases")),
        (block(example, "yaml"), example.rows),
        *(
            (names("Inputs"), names("Outputs"))
            if any(s.title == "Inputs" for s in sections)
            else ((), ("params",))
        ),
        tuple(conversions),
    )


def tables(text: str) -> tuple[str, dict[str, list[dict[str, str]]]]:
    """The title of any page, and the rows of the table under each of its headings."""
    sections = _sections(text)
    title = next((s.title for s in sections if s.level == 1), "")
    return title, {s.title: s.rows for s in sections if s.rows}


@dataclass
class _Section:
    level: int
    title: str
    text: str
    fences: list[tuple[str, str]]
    rows: list[dict[str, str]]


_MARKDOWN = MarkdownIt("commonmark").enable("table")


def _sections(text: str) -> list[_Section]:
    tokens = _MARKDOWN.parse(text)
    sections = [_Section(0, "", "", [], [])]
    cells: list[str] = []
    header: list[str] = []
    for index, token in enumerate(tokens):
        here = sections[-1]
        if token.type == "heading_open":
            title = tokens[index + 1].content.strip("`")
            sections.append(_Section(int(token.tag[1]), title, "", [], []))
        elif token.type == "fence":
            here.fences.append((token.info.strip(), token.content))
        elif token.type == "tr_open":
            cells = []
        elif token.type == "tr_close":
            if tokens[index - 1].type == "th_close":
                header = cells
            else:
                here.rows.append(dict(zip(header, cells)))
        elif token.type == "inline":
            kind = tokens[index - 1].type
            if kind in ("th_open", "td_open"):
                cells.append(_cell(token.content))
            elif kind == "paragraph_open":
                here.text += token.content + "\n"
    return sections


def _cell(content: str) -> str:
    alone = re.fullmatch(r"`([^`]+)`", content)
    return alone[1] if alone and ";" not in content and "=" not in content else content


def _parameter(row: dict[str, str]) -> Parameter:
    return Parameter(row["name"], row["default"], row["domain"], row["meaning"])


def _clauses(text: str) -> Iterator[Clause]:
    for line in text.splitlines():
        match = re.match(r"\*\*([A-Z0-9]+-\d+)\*\* (.+)", line)
        if match:
            yield Clause(match[1], match[2])


def _link(text: str) -> str:
    match = re.search(r"\]\((https?://[^)]+)\)", text)
    return match[1] if match else ""
