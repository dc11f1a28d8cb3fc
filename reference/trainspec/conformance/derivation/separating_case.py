"""The golden case that tells two rules apart: `page, two rules -> case`."""

from __future__ import annotations

from collections.abc import Container

import numpy as np

from trainspec.conformance.cases.case import Case
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.derivation.values import compute_values
from trainspec.conformance.pages.page import Page
from trainspec.conformance.pages.parts import VARIANT_HYPERPARAMETER
from trainspec.conformance.pages.rule import Rule

#: Answers that differ by more than this part differ in every type.
CLEAR = 2.0**-7


def find_separating_case(
    page: Page, one: Rule, other: Rule, without: Container[str] = ()
) -> Case | None:
    """The first case of a page whose answers clearly differ between two rules.

    If no case differs clearly it is the one that differs most, and None if none differs. Cases
    `without` are left out, by label. Hyperparameters that only variants have get their usual value.
    """
    best, found = 0.0, None
    for case in load_cases([page.technique]):
        if case.rejects or case.is_long or case.level == "edge" or case.label in without:
            continue
        with np.errstate(all="ignore"):
            first, second = (
                compute_values(
                    case,
                    rule,
                    dict.fromkeys(page.variant_hyperparameters(rule), VARIANT_HYPERPARAMETER),
                )
                for rule in (one, other)
            )
            if first.shape != second.shape:
                return case
            apart = np.abs(first - second) / np.maximum(np.abs(first), 1e-300)
        most = float(np.max(apart, initial=0.0, where=np.isfinite(apart)))
        if most > CLEAR:
            return case
        if most > best:
            best, found = most, case
    return found
