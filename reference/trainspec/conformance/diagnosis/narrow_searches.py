"""Searches for numbers that went through a narrower type."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from msgspec.structs import replace

from trainspec.conformance.basics.float_types import TYPES, FloatArray
from trainspec.conformance.basics.names import join_form
from trainspec.conformance.cases.case import Case
from trainspec.conformance.checking.distance import measure_distance
from trainspec.conformance.derivation.values import compute_values
from trainspec.conformance.diagnosis.evidence import Evidence, widest_tolerance
from trainspec.conformance.diagnosis.matching import (
    Match,
    list_complete,
    measure_distances,
)
from trainspec.conformance.diagnosis.wording import describe_form
from trainspec.conformance.pages.forms import (
    Form,
    list_published,
)


def find_rounded_constants(evidence: Evidence) -> Iterator[Match]:
    """The rule, or a variant of it, with hyperparameters that went through float32."""
    if evidence.kind != "float64":
        return
    page = evidence.page
    for form in list_complete(evidence, list_published(page.technique)):
        own = [name for name in page.parameters if name in form.rule.free]
        subsets = [
            own,
            [name for name in own if name != "learning_rate"],
            *([name] for name in own),
        ]
        for rounded in filter(None, subsets):
            distances = measure_distances(evidence, _round_constants(form, rounded), form.edits)
            if distances is not None:
                text = f"{', '.join(rounded)} are held in float32; {describe_form(page, form)}"
                yield Match(form, join_form([*form.edits, "constants-in-float32"]), text, distances)
                return


def _round_constants(form: Form, rounded: Sequence[str]) -> Callable[[Case], FloatArray]:
    """The values of a form with some of its hyperparameters rounded to float32."""

    def compute(case: Case) -> FloatArray:
        given = {
            name: _round_to_float32(value) if name in rounded else value
            for name, value in case.numbers().items()
        }
        return compute_values(replace(case, hyperparameters=given), form.rule)

    return compute


def _round_to_float32(value: Any) -> Any:
    if isinstance(value, list):
        return [_round_to_float32(v) for v in value]
    return float(np.float32(value)) if isinstance(value, float) else value


def find_narrower(evidence: Evidence) -> Iterator[Match]:
    """A form that is right but for the digits of a narrower type.

    Failing cases must serve that type; most numbers must be off, or none have more digits.
    """
    page = evidence.page
    failing = [i for i in evidence.answered if i < evidence.failing]
    for narrow, kind in TYPES.items():
        if kind.precision >= TYPES[evidence.kind].precision or not failing:
            continue
        if not any(narrow in evidence.cases[i].tolerance for i in failing):
            continue
        for form in list_complete(evidence, list_published(page.technique)):
            if _is_narrow(evidence, failing, form, narrow):
                text = (
                    f"the formula is right but the digits are {narrow}'s: an input, a constant or "
                    f"a state is held in {narrow} on the way"
                )
                text += f"; {describe_form(page, form)}" if form.edits else ""
                name = join_form([*form.edits, f"computed-in-{narrow}"])
                yield Match(form, name, text, [0.0] * len(evidence.answered))
                return


def _is_narrow(evidence: Evidence, failing: Sequence[int], form: Form, narrow: str) -> bool:
    """Whether all answers agree with a form as far as the narrow type does, and failing ones no
    better.
    """
    kind = TYPES[narrow]
    shares, exact, farthest = [], True, 0.0
    for index in evidence.answered:
        case, answer = evidence.cases[index], evidence.answers[index]
        if narrow not in case.tolerance or not (index in failing or evidence.ordinary(index)):
            continue
        values = compute_values(case, form.rule)
        tolerance = widest_tolerance(case, form.edits, narrow)
        distance = measure_distance(answer, values, case.expected, tolerance, narrow)
        if distance > 1 or values.shape != answer.shape:
            return False
        if index not in failing:
            continue
        with np.errstate(all="ignore"):
            rounded = answer.astype(kind.dtype).astype(np.float64)
            off = np.abs(answer - values) > case.tolerance[evidence.kind]
        farthest = max(farthest, distance)
        exact = exact and np.array_equal(rounded, answer, equal_nan=True)
        judged = np.isfinite(case.tolerance[evidence.kind]) & (case.expected != 0)
        shares.append(float(off[judged].mean()) if judged.any() else 0.0)
    # Digits of the narrow type are lost, not a few of the wide one's last.
    lost = bool(shares) and max(shares) > 0 and farthest > 0.01
    # The shortest types are so coarse that only digits which are theirs prove them.
    return lost and (exact or (narrow == "float32" and min(shares) > 0.1))
