"""Golden entries: rejections come from the table of parameters, problems name their case."""

from __future__ import annotations

import pytest

from trainspec.conformance.basics.float_types import TYPES
from trainspec.conformance.basics.paths import page_path
from trainspec.conformance.derivation.golden import derive_golden, derive_variant
from trainspec.conformance.pages.load import load_page, read_page
from trainspec.conformance.pages.parts import PageError

TECHNIQUE = "schedules/learning_rate_decay"


def test_every_bound_of_a_domain_has_a_case():
    golden = derive_golden(load_page(TECHNIQUE))
    rejecting = {c["id"] for c in golden["cases"] if "rejects" in c}
    assert rejecting == {
        f"learning_rate_decay/rejects-{name}"
        for name in ("learning-rate-nan", "learning-rate-below", "decay-nan", "decay-below")
    }
    clauses = {tuple(c["clauses"]) for c in golden["cases"] if "rejects" in c}
    assert clauses == {("DECAY-4",)}


def test_a_page_without_a_clause_for_it_rejects_nothing():
    text = page_path(TECHNIQUE).read_text("utf-8").replace("| rejects | DECAY-4 |\n", "")
    golden = derive_golden(read_page(text, TECHNIQUE))
    assert not [c for c in golden["cases"] if "rejects" in c]


def test_a_variant_alone_is_the_golden_entry():
    page = load_page("optimizers/sgd")
    golden = derive_golden(page)
    case = golden["cases"][0]
    kinds = {kind: TYPES[kind] for kind in case["tolerance"]}
    entry = derive_variant(page, "weight-decay", page.cases[0], kinds)
    assert entry["expected"] == case["variants"]["weight-decay"]["expected"]
    assert entry["tolerance"] == case["variants"]["weight-decay"]["tolerance"]
    assert entry["hyperparameters"] == {"weight_decay": 0.125}


def test_a_problem_names_its_case():
    text = page_path(TECHNIQUE).read_text("utf-8").replace("level: core", "level: easy", 1)
    with pytest.raises(PageError, match="learning_rate_decay/.*: level must be one of core"):
        derive_golden(read_page(text, TECHNIQUE))
