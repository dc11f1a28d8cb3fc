"""What is known of an implementation: its answers to the cases of one operation in one type.

Rules are run here in float64 and compared with the answers. That explains a verdict; it does not
make one: golden values do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from trainspec.conformance.arithmetic.float64 import FLOAT64_FUNCTIONS
from trainspec.conformance.arithmetic.run import run_rule
from trainspec.conformance.basics.float_types import TYPES, FloatArray
from trainspec.conformance.basics.names import split_form
from trainspec.conformance.basics.tensors import (
    split_outputs,
    to_array,
)
from trainspec.conformance.cases.case import Case
from trainspec.conformance.cases.load import flatten_numbers
from trainspec.conformance.cases.result import Outcome, Result
from trainspec.conformance.checking.distance import measure_distance
from trainspec.conformance.derivation.values import compute_values
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.page import Page
from trainspec.conformance.pages.rule import Rule

#: A form explains an answer that is within this number of tolerances of what it gives: the rule's
#: own rounding in float64, and tolerances that were derived for its parts, add to the one.
NEAR = 4.0


class Evidence(Struct, frozen=True, eq=False, dict=True):
    """Cases with the answers to them, those that tell most first.

    The first `failing` ones have wrong numbers; `given` names the hyperparameters that the
    implementation was given beyond those of the canonical form.
    """

    page: Page
    kind: str
    cases: Sequence[Case]
    answers: Sequence[FloatArray]
    failing: int
    given: frozenset[str]
    divergences: Sequence[Any] = ()

    def allowed(self, index: int, names: Sequence[str]) -> FloatArray:
        """The tolerances of a case for a form made of the edits `names`.

        Each variant's own rounding is in its golden tolerance: the largest of them counts.
        """
        case = self.cases[index]
        tolerance = widest_tolerance(case, names, self.kind)
        if names and not tolerance.any():
            # Where the rule says that nothing moves, a form that moves it rounds at every step:
            # a decay's product with W, its product with the rate, a sum and the difference from
            # W are four roundings of numbers that are no larger than W.
            steps = case.steps or 1
            tolerance = 4 * steps * TYPES[self.kind].roundoff * np.abs(case.expected)
        return tolerance

    def distance(
        self,
        index: int,
        values: FloatArray,
        names: Sequence[str] = (),
        part: slice = slice(None),
    ) -> float:
        """Largest distance of the answer to a case from `values`, or of a part, in tolerances."""
        expected, allowed = self.cases[index].expected, self.allowed(index, names)
        answer = self.answers[index]
        if values.shape != answer.shape:
            return np.inf
        if answer.shape != expected.shape:  # the shape is the mistake, and this form makes it
            # No tolerance was derived: some roundings of the largest number, which separate
            # forms whose shapes are the same already.
            largest = np.max(np.abs(values), initial=0.0, where=np.isfinite(values))
            allowed = np.full_like(values, 16 * TYPES[self.kind].roundoff * largest)
            expected = values
        return measure_distance(
            answer[part], values[part], expected[part], allowed[part], self.kind
        )

    def take(self, kept: Sequence[int], cases: Sequence[Case] = ()) -> Evidence:
        """The evidence of some cases, with others in their place where they are given."""
        return replace(
            self,
            cases=cases or [self.cases[index] for index in kept],
            answers=[self.answers[index] for index in kept],
            failing=sum(index < self.failing for index in kept),
            divergences=[self.divergences[index] for index in kept] if self.divergences else (),
        )

    @cached_property
    def parts(self) -> list[dict[str, slice]]:
        """For every case the numbers of each output."""
        return [name_outputs(case) for case in self.cases]

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """The outputs that every answer has: an implementation may leave some out."""
        return tuple(
            name for name in self.page.outputs if all(name in case.outputs for case in self.cases)
        )

    @cached_property
    def answered(self) -> list[int]:
        """The cases whose answers hold numbers, which an empty tensor's does not."""
        return [index for index in range(len(self.cases)) if len(self.answers[index])]

    @cached_property
    def short(self) -> list[int]:
        """The answered cases that are short enough to run every form on them."""
        return [index for index in self.answered if not self.cases[index].is_long]

    @cached_property
    def shortest_first(self) -> list[int]:
        """All of them, the long ones last: a form that is not it is soon left."""
        return [*self.short, *(index for index in self.answered if index not in self.short)]

    @cached_property
    def probe(self) -> int:
        """The case that tells mistakes around the formula apart best, and is short.

        A failing one, with several steps, and with several tensors if there is one.
        """
        return min(
            self.short or self.answered,
            key=lambda i: (
                i >= self.failing,
                (self.cases[i].steps or 0) < 3,
                len(self.cases[i].inputs.get("params", ())) < 2,
                not self.ordinary(i),
                i,
            ),
        )

    @cached_property
    def first_wrong_step(self) -> int:
        """The first step, from 1, at which an answer is wrong; 0 where there are no steps."""
        steps = [
            divergence.place.step
            for divergence in self.divergences
            if divergence is not None and divergence.place.step is not None
        ]
        return min(steps, default=0)

    def has_numbers(self, values: FloatArray, index: int, outputs: Sequence[str] = ()) -> bool:
        """Whether `values`, what a form returns on a case, are numbers in each of the outputs.

        What cannot be computed is NaN, and so may an answer be: that they agree says nothing.
        """
        if values.shape != self.answers[index].shape:
            return True
        parts = self.parts[index]
        named = [parts[name] for name in outputs or parts if parts[name].stop > parts[name].start]
        return all(np.isfinite(values[part]).any() for part in named)

    @cached_property
    def plain(self) -> int:
        """An ordinary case that was answered, or the first if there is none."""
        return next((i for i in self.answered if self.ordinary(i)), self.answered[0])

    @cached_property
    def declared(self) -> dict[tuple[str, ...], None]:
        """The edits of each form that the answers were checked against; usually there is one."""
        return dict.fromkeys(split_form(case.form) for case in self.cases)

    def ordinary(self, index: int) -> bool:
        """Whether a case is of ordinary numbers, not of an edge."""
        return self.cases[index].level != "edge"

    @cached_property
    def sample(self) -> Sample:
        """A small part of the evidence, on which a rule is quickly tried."""
        chosen = min(
            self.answered,
            key=lambda i: (
                self.answers[i].shape != self.cases[i].expected.shape,
                not np.isfinite(self.cases[i].tolerance[self.kind]).any(),
                not self.ordinary(i),
                self.cases[i].keep is not None,
                i >= self.failing,
                (self.cases[i].steps or 0) < 2,
                len(self.answers[i]) > 64,
                i,
            ),
        )
        return Sample.of(self, chosen)


def name_outputs(case: Case) -> dict[str, slice]:
    """Which numbers of an answer each output has."""
    steps = len(case.keep) if case.keep else case.steps or 1
    return dict(zip(case.outputs, split_outputs(case.outputs, steps)))


def widest_tolerance(case: Case, names: Sequence[str], kind: str) -> FloatArray:
    """The largest tolerance, in a type, of a case and of its variants among `names`."""
    tolerance = case.tolerance[kind]
    for name in names:
        own = case.variants[name].tolerance.get(kind) if name in case.variants else None
        if own is not None and len(own) == len(tolerance):
            tolerance = np.maximum(tolerance, flatten_numbers(own))
    return tolerance


def gather_evidence(results: Sequence[Result]) -> Evidence | None:
    """The evidence in one operation's results in one type, or None if no case was answered."""
    known = [r for r in results if r.answer is not None and not r.case.rejects]
    if not known:
        return None
    page = load_page(known[0].case.technique)
    given = {name for r in known for name in r.case.hyperparameters} - page.parameters.keys()
    # Failing cases of ordinary numbers first: they carry the evidence, the others confirm it.
    known.sort(key=lambda r: (not r.outcome.fails, r.case.level == "edge", r.case.steps or 0))
    return Evidence(
        page,
        known[0].kind,
        [r.case for r in known],
        [r.answer for r in known],
        sum(r.outcome is Outcome.WRONG for r in known),
        frozenset(given),
        [r.divergence for r in known],
    )


class Sample(Struct, frozen=True, eq=False, dict=True):
    """One case of the evidence or, of an update rule's, one tensor of it over the first steps.

    There constants may be columns of candidates, and all of them are tried at once.
    """

    case: Case
    kind: str
    answer: FloatArray
    expected: FloatArray
    tolerance: FloatArray
    params: Any = None
    grads: Any = None

    @staticmethod
    def of(evidence: Evidence, index: int) -> Sample:
        """The sample in the case of that index."""
        case, answer = evidence.cases[index], evidence.answers[index]
        allowed = evidence.allowed(index, tuple(case.variants))
        whole = Sample(case, evidence.kind, answer, case.expected, allowed)
        if not evidence.page.is_update_rule or case.keep or case.steps is None:
            return whole
        params = [to_array(t, np.float64).ravel() for t in case.inputs["params"]]
        sizes = [W.size for W in params]
        ends = np.cumsum([0, *sizes])
        judged = np.isfinite(case.tolerance[evidence.kind][: ends[-1]])

        def rate(i: int) -> tuple[bool, bool, int]:
            few = 2 <= sizes[i] <= 6
            return bool(judged[ends[i] : ends[i + 1]].any()), few, -sizes[i] if sizes[i] else 0

        k = max(range(len(sizes)), key=rate)
        if not sizes[k]:
            return whole
        steps = min(case.steps, 6)
        part = slice(sum(sizes[:k]), sum(sizes[: k + 1]))

        def cut(values: FloatArray) -> FloatArray:
            return values.reshape(len(case.inputs["grads"]), -1)[:steps, part].ravel()

        grads = [[to_array(g[k], np.float64).ravel()] for g in case.inputs["grads"][:steps]]
        return Sample(
            case, evidence.kind, cut(answer), cut(case.expected), cut(allowed),
            [params[k]], grads,
        )  # fmt: skip

    @cached_property
    def numbers(self) -> dict[str, Any]:
        """The case's hyperparameters."""
        return self.case.numbers()

    @property
    def vectorised(self) -> bool:
        """Whether constants may be columns."""
        return self.params is not None

    def judges(self, rule: Rule) -> bool:
        """Whether the sample says anything of a rule: not of one that counts the tensors."""
        return not (self.vectorised and rule.free & {"tensor", "tensors"})

    def values(self, rule: Rule, more: Mapping[str, Any]) -> FloatArray:
        """What the rule returns on the sample: one row, or a row for each candidate in `more`."""
        if not self.vectorised:
            return compute_values(self.case, rule, more)
        given = {**more, **self.numbers}
        try:
            with np.errstate(all="ignore"):
                page = load_page(self.case.technique)
                inputs = {"params": self.params, "grads": self.grads}
                found = run_rule(page, rule, inputs, given, FLOAT64_FUNCTIONS)
        except (ArithmeticError, AttributeError, LookupError, NameError, TypeError, ValueError):
            return np.full(self.answer.shape, np.nan)
        steps = [np.asarray(tensors[0], dtype=np.float64) for tensors in found["params"]]
        rows = max((s.shape[0] for s in steps if s.ndim == 2), default=0)
        size = self.params[0].size
        steps = [s if s.ndim else np.full(size, s) for s in steps]
        if rows:
            steps = [np.broadcast_to(s, (rows, size)) for s in steps]
        return np.concatenate(steps, axis=-1)

    def distance(self, values: FloatArray) -> float:
        """Largest distance of the answer from `values`, in tolerances."""
        return measure_distance(self.answer, values, self.expected, self.tolerance, self.kind)

    @cached_property
    def opening(self) -> Sample:
        """The first two steps of an update rule's, on which most rules are soon ruled out."""
        if not self.vectorised or len(self.grads) < 3:
            return self
        end = 2 * self.params[0].size
        answer, expected, tolerance = self.answer[:end], self.expected[:end], self.tolerance[:end]
        return replace(
            self, answer=answer, expected=expected, tolerance=tolerance, grads=self.grads[:2]
        )

    def allows(self, rule: Rule, more: Mapping[str, Any]) -> bool:
        """Whether a rule explains the sample, the first steps of it first."""
        return all(
            part.distance(part.values(rule, more)) <= NEAR
            for part in dict.fromkeys((self.opening, self))
        )
