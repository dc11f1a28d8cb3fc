"""The golden files as records, and the techniques that have one."""

from __future__ import annotations

import pytest

from trainspec.conformance.basics.errors import CaseError
from trainspec.conformance.basics.paths import golden_path, list_techniques
from trainspec.conformance.cases import golden
from trainspec.conformance.cases.golden import find_techniques, read_golden
from trainspec.conformance.pages.load import load_page


@pytest.mark.parametrize("technique", list_techniques())
def test_a_golden_file_names_the_page_s_variants_and_errors(technique):
    golden, page = read_golden(technique), load_page(technique)
    assert golden.operation == page.name
    assert golden.variants == tuple(page.variants)
    assert set(golden.errors) == set(page.errors)
    assert golden.hyperparameters == list(page.parameters)


@pytest.mark.parametrize("name", ["optimizers/adam", "adam"])
def test_a_technique_is_found_by_full_name_and_by_operation(name):
    assert find_techniques([name]) == ["optimizers/adam"]


def test_a_folder_stands_for_all_that_it_holds():
    assert len(find_techniques(["optimizers"])) >= 5
    assert find_techniques(["adam", "optimizers"]).count("optimizers/adam") == 1
    assert find_techniques() == list(list_techniques())


def test_an_unknown_technique_is_refused_with_those_that_exist():
    with pytest.raises(CaseError, match="no technique 'adamm'; there are: initializers/constant"):
        find_techniques(["adamm"])


def test_a_file_that_is_changed_or_cut_is_refused_by_name(monkeypatch, tmp_path):
    path = tmp_path / "sgd.json"
    path.write_bytes(golden_path("optimizers/sgd").read_bytes()[:-1])
    monkeypatch.setattr(golden, "golden_path", lambda technique: path)
    with pytest.raises(CaseError, match=r"sgd\.json is changed or cut"):
        golden.read_golden.__wrapped__("optimizers/sgd")
