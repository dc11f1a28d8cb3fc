"""One golden example: the record, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from trainspec.conformance.basics.float_types import TYPES, FloatArray
from trainspec.conformance.basics.names import (
    CaseInType,
    Offering,
    Subject,
    operation_of,
    start_function,
)
from trainspec.conformance.basics.tensors import Nest, to_floats
from trainspec.conformance.cases.script import Script

#: Cases of this level can only be asked step by step.
STEPS = "steps"
LEVELS = ("core", "numerics", "edge", "statistics", STEPS)
#: A case of more steps than this is long: what is done with every form is not done with it.
LONG = 100


class Case(Struct, frozen=True, eq=False):
    """One golden example, with the values of the canonical form or of the form that it names.

    `outputs` maps every output to its shape, or to its shape at one step if there are `steps`.
    `expected` is flat: all numbers of the outputs in order; if `keep` is set, only those of its
    steps (counted from 1). `tolerance` has as many numbers for each type that the case serves. A
    case with `rejects` expects the implementation to reject that hyperparameter. `offered` is the
    further form that the implementation is asked for, beside its main one. A `subject` other than a
    golden case belongs to a default (of the profile `profile`) or to a draw (of the function
    `draw`). `skipped` are outputs that an answer left out, which the case has no more. `count` says
    who counts the steps where gradients are missing, ``shared`` or ``own``; with a `script` the
    case is asked step by step.
    """

    id: str
    technique: str
    name: str
    level: str
    requirement: str
    clauses: tuple[str, ...]
    why: str
    link: str
    inputs: Nest
    hyperparameters: Mapping[str, Any]
    outputs: Mapping[str, Any]
    steps: int | None
    keep: tuple[int, ...] | None
    expected: FloatArray
    tolerance: Mapping[str, FloatArray]
    margins: Mapping[str, Mapping[str, Any]]
    variants: Mapping[str, Any]
    rejects: str = ""
    form: str = ""
    offered: str = ""
    subject: Subject = Subject.CASE
    profile: str = ""
    draw: str = ""
    skipped: tuple[str, ...] = ()
    count: str = ""
    script: Script | None = None

    @property
    def operation(self) -> str:
        """The operation that the case belongs to: ``adam``."""
        return operation_of(self.technique)

    @property
    def offering(self) -> Offering:
        """The operation in the form that the implementation is asked for: ``adam:amsgrad``."""
        return Offering(self.operation, self.offered)

    @property
    def entry_point(self) -> Offering:
        """What is called: the offering, the function that draws, or the one that starts a run."""
        if self.script:
            return Offering(start_function(self.operation), self.offered)
        return Offering(self.draw, self.offered) if self.draw else self.offering

    @property
    def label(self) -> str:
        """The id with the further form in it: ``adam:amsgrad/first-step``."""
        return CaseInType(self.offering, self.name).label

    @property
    def is_long(self) -> bool:
        """Whether it has so many steps that few forms are run on it."""
        return (self.steps or 0) > LONG

    @property
    def types(self) -> tuple[str, ...]:
        """The types that this case serves."""
        return tuple(TYPES) if self.rejects else tuple(self.tolerance)

    def numbers(self) -> dict[str, Any]:
        """The hyperparameters as Python floats; a draw's seed and sizes are whole numbers."""
        if self.subject is Subject.DRAW:
            return dict(self.hyperparameters)
        return {name: to_floats(value) for name, value in self.hyperparameters.items()}
