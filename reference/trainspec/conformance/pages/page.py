"""What a spec page holds: its rule, parameters, clauses, variants, named errors and cases.

The page is the program: nothing about a technique is written anywhere else. `load.py` reads it;
what a rule may say is in `rule.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from trainspec.conformance.basics.errors import UserError
from trainspec.conformance.basics.names import (
    operation_of,
    split_form,
)
from trainspec.conformance.pages.rule import FUNCTIONS, Rule

UPDATE_RULE, FUNCTION, SEQUENCE, TRAINING = "update rule", "function", "sequence", "training"
LAYERED = "layered function"
#: What a page may be; see spec/README.md.
KINDS = (UPDATE_RULE, FUNCTION, LAYERED, SEQUENCE, TRAINING)
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
    """A row of the table of parameters: `domain` is an interval such as ``[0, 1)``.

    `also_called` holds the names that libraries have for it.
    """

    name: str
    default: str
    domain: str
    meaning: str
    symbol: str = ""
    also_called: tuple[str, ...] = ()

    @property
    def numeric(self) -> bool:
        """Whether the domain is an interval, not a list of words."""
        return self.domain[0] in "[("

    @property
    def is_fraction(self) -> bool:
        """Whether it lies between 0 and 1."""
        return self.numeric and self.bounds[0] == 0 and self.bounds[2] == 1

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
    distribution, one of `DISTRIBUTIONS`; `clause` is the clause that wrongly distributed values
    violate, `independence` the one that values violate which depend on each other; `request` holds
    the hyperparameters beside the seed, and `shape` is the shape of every tensor.
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
    `rejects` is the clause that bad hyperparameters break, `stepwise` the one about runs that are
    asked step by step, `watched` are the clauses that the checker verifies in every call, and
    `typed` is the one about the shape and the type of results. `also_called` holds what libraries
    call the technique.
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
    stepwise: str
    watched: tuple[str, ...]
    typed: str = ""
    also_called: tuple[str, ...] = ()

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
        return GIVEN_TO_UPDATES if self.is_update_rule else frozenset((*self.inputs, "t"))

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
