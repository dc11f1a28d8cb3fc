"""Values without Arb: bit for bit those of the golden files, with tolerances that are as good."""

from __future__ import annotations

import numpy as np
import pytest

from trainspec.conformance.basics.names import operation_of
from trainspec.conformance.basics.paths import list_techniques
from trainspec.conformance.cases.load import flatten_numbers, load_cases
from trainspec.conformance.derivation import as_form as as_form_module
from trainspec.conformance.derivation.as_form import as_form, derive_form
from trainspec.conformance.derivation.quick import derive_quickly
from trainspec.conformance.pages.load import load_page

RULES = ("sgd", "momentum", "adagrad", "rmsprop", "adam")


@pytest.mark.parametrize("operation", RULES)
def test_every_variant_is_what_the_golden_file_holds(operation):
    derived, ratios = 0, []
    for case in load_cases([operation]):
        if case.is_long:
            continue  # left to Arb where it is installed
        for name in () if case.rejects else load_page(case.technique).variants:
            stored, quick = case.variants[name], derive_quickly(case, name)
            if quick is None:
                continue
            derived += 1
            assert quick.expected == stored.expected
            assert quick.hyperparameters == stored.hyperparameters
            for kind in quick.tolerance.keys() & stored.tolerance.keys():
                mine, theirs = (flatten_numbers(f.tolerance[kind]) for f in (quick, stored))
                judged = np.isfinite(theirs) & (theirs > 0)
                ratios += (mine[judged] / theirs[judged]).tolist()
    assert derived > 50
    # Where a page's orders interpolate, this bound is the tighter one; it is never far above.
    assert min(ratios) > 0.3
    assert max(ratios) < 4
    assert 0.6 < np.median(ratios) < 1.1


def test_a_parameter_that_must_stay_has_no_tolerance_and_one_that_moves_has():
    (edge,) = load_cases(ids=["adam/zero-gradient-usual-epsilon"])
    stays, moves = (
        derive_quickly(edge, "amsgrad+eps-hat"),
        derive_quickly(edge, "amsgrad+coupled-decay"),
    )
    assert all(set(t) == {0.0} for t in stays.tolerance.values())
    assert stays.tolerance.keys() == edge.tolerance.keys()
    assert all(min(t) > 0 for t in moves.tolerance.values())


def test_where_orders_part_nothing_is_judged():
    (case,) = load_cases(ids=["sgd/infinite-gradient"])
    found = derive_quickly(case, "weight-decay-without-rate")
    assert found.expected == case.variants["weight-decay-without-rate"].expected


@pytest.mark.parametrize(
    "technique", [t for t in list_techniques() if operation_of(t) not in RULES]
)
def test_every_other_technique_is_what_the_golden_file_holds(technique):
    derived, asked, ratios = 0, 0, []
    for case in load_cases([technique]):
        if case.rejects or case.is_long:
            continue
        for name in ("", *case.variants):
            stored, quick = as_form(case, name), derive_quickly(case, name)
            asked += 1
            if quick is None:
                continue
            derived += 1
            assert np.array_equal(flatten_numbers(quick.expected), stored.expected, equal_nan=True)
            assert (quick.outputs or case.outputs) == stored.outputs
            for kind in quick.tolerance.keys() & stored.tolerance.keys():
                mine, theirs = flatten_numbers(quick.tolerance[kind]), stored.tolerance[kind]
                judged = np.isfinite(mine) & np.isfinite(theirs) & (theirs > 0)
                ratios += (mine[judged] / theirs[judged]).tolist()
    # Values that are zero in truth, such as a bias's gradient before a normalisation, need Arb.
    assert derived >= (0 if technique == "networks/network" else 0.3 * asked)
    assert max(ratios, default=1.0) < 2.2
    assert 0.9 < np.median(ratios or [1.0]) < 1.1


def test_a_combination_needs_no_extra(monkeypatch):
    monkeypatch.setattr(as_form_module, "_derive", None)  # Arb is not asked
    (case,) = load_cases(ids=["adam/changing-rate"])
    held = as_form(case, "eps-hat+amsgrad+decoupled-decay")
    assert held.hyperparameters["weight_decay"] == 0.125
    assert not np.array_equal(held.expected, case.expected)
    assert derive_form(case, "eps-hat").expected == case.variants["eps-hat"].expected
