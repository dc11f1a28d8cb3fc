"""What a spec page is made of: parameters, clauses, variants, named errors, cases.

What a rule may say is in `rule.py`; `page.py` reads all of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

from trainspec.conformance.basics.errors import UserError
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
#: Names that a line for every layer gets: the number of the layer, from 0, and how many there are.
GIVEN_TO_LAYERS = frozenset({"layer", "layers"})
#: Names that have a meaning in every rule.
RESERVED = frozenset({"t", *FUNCTIONS})
#: The value that every hyperparameter which only variants have takes in all cases.
VARIANT_HYPERPARAMETER = 0.125


def split_list(text: str) -> list[str]:
    """The words of a cell that lists some, with commas between them."""
    return [word for word in re.split(r",\s*", text.strip()) if word]


class PageError(UserError):
    """A spec page that lacks something, or says it in a way that cannot be read."""


class Parameter(Struct, frozen=True):
    """A row of the table of parameters: `domain` is an interval such as ``[0, 1)``.

    `also_called` holds the names that libraries have for it.
    """

    name: str
    default: str
    domain: str
    meaning: str
    symbol: str = ""
    also_called: tuple[str, ...] = ()

    @staticmethod
    def read(row: Mapping[str, str]) -> Parameter:
        """The parameter of a row."""
        names = tuple(split_list(row.get("also called", "").replace("`", "")))
        symbol = row.get("symbol", "")
        return Parameter(row["name"], row["default"], row["domain"], row["meaning"], symbol, names)

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


class Clause(Struct, frozen=True):
    """One normative sentence: `requirement` is its strongest word, MUST, SHOULD or MAY."""

    id: str
    text: str

    @staticmethod
    def read(text: str) -> Iterator[Clause]:
        """The clauses in a text, one a line."""
        for line in text.splitlines():
            match = re.match(r"\*\*([A-Z0-9]+-\d+)\*\* (.+)", line)
            if match:
                yield Clause(match[1], match[2])

    @property
    def requirement(self) -> str:
        """The strongest of the words that RFC 2119 defines, or nothing."""
        return next((word for word in ("MUST", "SHOULD", "MAY") if word in self.text), "")


class Edit(Struct, frozen=True):
    """A variant (published) or a named error: how the rule is changed, and in words.

    `clauses` are those that an implementation with this edit does not follow.
    """

    name: str
    change: Rule
    text: str
    clauses: tuple[str, ...]
    link: str = ""


class Conversion(Struct, frozen=True):
    """How to set one form so that it behaves as another: an edit of its hyperparameters, or words.

    `constant_rate` says that it holds only while the learning rate does not change.
    """

    source: str
    target: str
    change: Rule
    text: str
    constant_rate: bool


class Order(Struct, frozen=True):
    """Another order of operations, which computes the same as the form `form` of a page."""

    form: str
    change: Rule


class Draws(Struct, frozen=True):
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


class CaseText(Struct, frozen=True):
    """A case as the page states it: a name, why it exists, and the YAML that makes its inputs."""

    name: str
    why: str
    yaml: str
