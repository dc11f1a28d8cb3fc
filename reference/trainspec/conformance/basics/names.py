"""Names, written and parsed here and nowhere else.

| name | example | record |
|---|---|---|
| technique | ``optimizers/adam`` | text; `family_of`, `operation_of` |
| form | ``eps-hat+amsgrad`` | text; `split_form`, `join_form` |
| offering | ``adam``, ``adam:amsgrad`` | `Offering` |
| case in a type | ``adam:amsgrad/first-step in float64`` | `CaseInType` |
| place of a number | ``step 1, tensor 0, element [0, 2]`` | `Place` |
| subject of a result | a golden case, a default, a draw | `Subject` |
"""

from __future__ import annotations

import enum
from collections.abc import Iterable

from msgspec import Struct

#: The number types that a case can be checked in; `float_types` has their parameters.
TYPE_NAMES = ("float64", "float32", "float16", "bfloat16")
#: The word for the form that a page's own rule defines.
CANONICAL = "canonical"
#: How the names of functions end that draw numbers of their own.
DRAW_SUFFIX = "_draw"
#: How the names of functions end that start a run which is then asked step by step.
START_SUFFIX = "_start"


def family_of(technique: str) -> str:
    """The folder of a technique: ``optimizers`` of ``optimizers/adam``."""
    return technique.partition("/")[0]


def operation_of(technique: str) -> str:
    """The operation of a technique: ``adam`` of ``optimizers/adam``."""
    return technique.rpartition("/")[2]


def technique_in(family: str, operation: str) -> str:
    """The technique of an operation in a folder: ``optimizers/adam``."""
    return f"{family}/{operation}"


def matches_technique(word: str, technique: str) -> bool:
    """Whether `word` names a technique: in full, by its operation, one of the functions that
    belong to it, or its folder.
    """
    operation = operation_of(technique)
    functions = (operation, draw_function(operation), start_function(operation))
    return word in (technique, family_of(technique), *functions)


def split_form(name: str) -> tuple[str, ...]:
    """The edits that a form joins; none for the canonical form, which may be written empty."""
    return tuple(part for part in name.split("+") if part not in ("", CANONICAL))


def join_form(edits: Iterable[str]) -> str:
    """The name of a form: its edits joined by ``+``; empty for the canonical form."""
    return "+".join(edits)


def display_form(name: str) -> str:
    """The name of a form as people read it: ``canonical`` where it is empty."""
    return name or CANONICAL


class Offering(Struct, frozen=True, order=True):
    """An operation in one of the forms that an implementation offers: ``adam:amsgrad``.

    The main form of an operation has no second part: ``adam``.
    """

    operation: str
    form: str = ""

    def __str__(self) -> str:
        return f"{self.operation}:{self.form}" if self.form else self.operation

    @property
    def starter(self) -> Offering:
        """The function that starts runs of the operation in this form: ``adam_start:amsgrad``."""
        return Offering(start_function(base_operation(self.operation)), self.form)

    @property
    def starts_runs(self) -> bool:
        """Whether it is such a function itself."""
        return self.operation.endswith(START_SUFFIX)

    @classmethod
    def parse(cls, text: str) -> Offering:
        """Read ``adam`` or ``adam:amsgrad``."""
        operation, _, form = text.partition(":")
        return cls(operation, form)


class CaseInType(Struct, frozen=True, order=True):
    """A case of an offering, and a type where one is meant: ``adam/first-step in float64``."""

    offering: Offering
    case: str
    type: str = ""

    def __str__(self) -> str:
        return self.label + (f" in {self.type}" if self.type else "")

    @property
    def label(self) -> str:
        """Without the type: ``adam:amsgrad/first-step``."""
        return f"{self.offering}/{self.case}"

    @property
    def case_id(self) -> str:
        """The id that the case has in the golden files: ``adam/first-step``."""
        return make_case_id(self.offering.operation, self.case)

    @classmethod
    def parse(cls, text: str) -> CaseInType:
        """Read ``adam/first-step``, ``adam:amsgrad/first-step in float64`` and the like."""
        label, _, kind = text.partition(" in ")
        offering, _, case = label.partition("/")
        return cls(Offering.parse(offering), case, kind)


def split_object(path: str) -> tuple[str, str]:
    """The module and the name in it of an object: of ``torch.optim:Adam``.

    The name is empty where a word is not of that form.
    """
    module, _, name = path.partition(":")
    words = (*module.split("."), name)
    return (module, name) if all(word.isidentifier() for word in words) else (path, "")


def make_case_id(operation: str, case: str) -> str:
    """The id of a case: ``adam/first-step``."""
    return f"{operation}/{case}"


def base_operation(name: str) -> str:
    """The operation that a function belongs to: ``xavier`` of ``xavier_draw``."""
    return name.removesuffix(DRAW_SUFFIX).removesuffix(START_SUFFIX)


def draw_function(operation: str) -> str:
    """The name of the function that draws numbers of its own: ``xavier_draw``."""
    return operation + DRAW_SUFFIX


def start_function(operation: str) -> str:
    """The name of the function that starts a run to be asked step by step: ``adam_start``."""
    return operation + START_SUFFIX


def steps_case(what: str) -> str:
    """The name of the case about one thing that is asked step by step: ``steps-saved``."""
    return f"steps-{what}"


def whole_case(name: str) -> str:
    """The golden case that a stepwise case plays: ``first-step`` of ``steps-first-step``."""
    return name.removeprefix(steps_case(""))


def draw_case(finding: str) -> str:
    """The name of the case that holds one finding about draws: ``draws-mean``."""
    return f"draws-{finding}"


def finding_of(case: str) -> str:
    """The finding of a case about draws: ``mean`` of ``draws-mean`` and of ``draws-2-mean``."""
    parts = case.removeprefix("draws-").split("-", 1)
    return parts[1] if parts[0].isdigit() else "-".join(parts)


def default_case(hyperparameter: str) -> str:
    """The name of the case that holds one default: ``default-learning-rate``."""
    return f"default-{spell_kebab(hyperparameter)}"


def accepted_case(hyperparameter: str) -> str:
    """The name of the case about a hyperparameter that is accepted: ``accepted-weight-decay``."""
    return f"accepted-{spell_kebab(hyperparameter)}"


def names_finding(case: str) -> bool:
    """Whether a case is a finding that no golden file lists: of draws, of steps, of what is
    accepted.
    """
    return case.startswith(("draws-", "accepted-", "steps-"))


def spell_kebab(name: str) -> str:
    """A name as cases spell it: ``learning-rate`` for ``learning_rate``."""
    return name.replace("_", "-")


class Place(Struct, frozen=True):
    """Where a number stands in an answer.

    `step` counts from 1 and is None where there are no steps; `output` is the name of an output,
    or the index of a tensor in a list of tensors; `element` is empty for a 0-d tensor.
    """

    step: int | None
    output: str | int
    element: tuple[int, ...] = ()

    def __str__(self) -> str:
        words = [f"step {self.step}"] if self.step is not None else []
        words.append(f"tensor {self.output}" if isinstance(self.output, int) else self.output)
        return ", ".join([*words, f"element {list(self.element)}"])


class Subject(enum.Enum):
    """What a result is about."""

    CASE = "case"
    DEFAULT = "default"
    DRAW = "draw"
    ACCEPTED = "accepted"
    STEPS = "steps"
