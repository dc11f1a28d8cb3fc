"""What holds for every technique, whichever it is: spec, golden values and reference agree."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re

import jsonschema
import numpy as np
import pytest
import yaml

from helpers import KINDS, ROOT, failures, results
from trainspec.conformance import cases, page, store
from trainspec.conformance.certify import certified, manifest_differences
from trainspec.conformance.evaluate import evaluated
from trainspec.conformance.files import golden_file, page_file, techniques
from trainspec.conformance.implementations import load
from trainspec.conformance.numbers import FUNCTIONS

TECHNIQUES = techniques()
each_technique = pytest.mark.parametrize("technique", TECHNIQUES)


@each_technique
def test_golden_values_are_what_the_page_gives(technique, file_regression):
    """Write them anew with `pytest --force-regen tests/test_promises.py`."""
    text, differences = certified(technique)
    assert [d for d in differences if "tolerances apart" in d.stored] == []
    golden = ROOT / "golden" / f"{technique}.json"
    file_regression.check(text, fullpath=golden, extension=".json", encoding="utf-8", newline="")


@each_technique
def test_reference_agrees_in_every_type(technique):
    found = results(load(["reference"]), technique.rpartition("/")[2], *KINDS)
    assert failures(found) == []
    assert {r.kind for r in found} == set(KINDS)
    assert len(found) > 20


@each_technique
def test_installed_files_are_those_of_the_repository(technique):
    for folder, path in (("spec", page_file(technique)), ("golden", golden_file(technique))):
        mine = ROOT / folder / f"{technique}{path.suffix}"
        assert path.read_bytes() == mine.read_bytes()


@each_technique
def test_trees_mirror_each_other(technique):
    family, _, name = technique.partition("/")
    assert (ROOT / "reference" / "trainspec" / family / f"{name}.py").is_file()
    assert (ROOT / "golden" / family / f"{name}.json").is_file()
    assert (ROOT / "tests" / family / f"test_{name}.py").is_file()


def test_no_tree_has_more_than_the_spec():
    names = set(TECHNIQUES)
    families = {name.partition("/")[0] for name in names}
    for family in families:
        python = (ROOT / "reference" / "trainspec" / family).glob("[a-z]*.py")
        assert {f"{family}/{p.stem}" for p in python} <= names
        assert {f"{family}/{p.stem}" for p in (ROOT / "golden" / family).glob("*")} <= names
        tests = (ROOT / "tests" / family).glob("test_*.py")
        assert {f"{family}/{p.stem[5:]}" for p in tests} <= names


@each_technique
def test_golden_file_has_the_form_that_its_schema_says(technique):
    schema = json.loads((ROOT / "golden" / "schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(golden_file(technique).read_text("utf-8")), schema)


def test_manifest_seals_the_golden_files():
    assert manifest_differences() == []
    assert json.loads(store.manifest())["sha256"].keys() == {f"{t}.json" for t in TECHNIQUES}


def test_golden_files_are_small():
    assert sum(golden_file(t).stat().st_size for t in TECHNIQUES) < 3_000_000


def test_no_id_is_ever_lost_or_given_twice():
    """`golden/ids.txt` only grows: an id that is there must be in a page for ever."""
    listed = (ROOT / "golden" / "ids.txt").read_text("utf-8").split()
    present = [case.id for case in cases.load()]
    present += [clause for t in TECHNIQUES for clause in page.load(t).clauses]
    assert len(set(listed)) == len(listed)
    assert len(set(present)) == len(present)
    assert sorted(listed) == sorted(present)


@each_technique
def test_every_clause_is_judged_somewhere(technique):
    judged = {clause for case in cases.load([technique]) for clause in case.clauses}
    by_the_checker = {  # "not modified" is watched in every call
        clause.id for clause in page.load(technique).clauses.values() if "modified" in clause.text
    }
    assert page.load(technique).clauses.keys() - judged - by_the_checker == set()


@each_technique
def test_every_type_is_served_by_ordinary_cases(technique):
    for kind in KINDS:
        core = [c for c in cases.load([technique], ["core"]) if kind in c.types]
        assert len(core) >= 3


@each_technique
def test_defaults_of_the_reference_are_the_page_s(technique):
    module = importlib.import_module("trainspec." + technique.replace("/", "."))
    signature = inspect.signature(module.step)
    for parameter in page.load(technique).parameters.values():
        assert signature.parameters[parameter.name].default == float(parameter.default)


@each_technique
def test_reference_rejects_what_is_out_of_a_domain_by_name(technique):
    module = importlib.import_module("trainspec." + technique.replace("/", "."))
    W = np.array([1.0])
    for parameter in page.load(technique).parameters.values():
        with pytest.raises(ValueError, match=rf"^{parameter.name} must be in .*got -0.5"):
            module.step(W, W, module.init(W), **{parameter.name: -0.5})
    with pytest.raises(TypeError, match="W must be an array of a floating-point type, got .*int64"):
        module.step(np.array([1]), W, module.init(W))
    with pytest.raises(ValueError, match=r"g must have the shape and type of W, \(1,\) float64"):
        module.step(W, np.ones(2), module.init(W))


@each_technique
def test_worked_example_is_right(technique):
    source, rows = page.load(technique).example
    given = yaml.safe_load(source)
    steps = len(given["g"])
    W, gradients = np.array(given.pop("W")), [[np.array(g)] for g in given.pop("g")]
    rate = given.pop("learning_rate")
    given["learning_rate"] = rate if isinstance(rate, list) else [rate] * steps
    seen = []

    def watch(place, names):
        seen.append(dict(names))

    rule = page.load(technique).rule
    FAMILIES["optimizers"](rule, {"params": [W], "grads": gradients}, given, FUNCTIONS, watch)
    assert len(rows) == steps
    for row, names in zip(rows, seen):
        for name, text in row.items():
            assert float(text) == pytest.approx(float(names[name]), abs=5e-7), (name, row)


def test_reference_imports_nothing_of_the_checker():
    root = ROOT / "reference" / "trainspec"
    sources = [p for p in root.rglob("*.py") if "conformance" not in p.parts]
    assert len(sources) > 7
    for path in sources:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not [n for n in names if n.startswith("trainspec.conformance")], path


def test_the_checker_judges_without_the_reference():
    root = ROOT / "reference" / "trainspec" / "conformance"
    reference = re.compile(r"^\s*(from|import) trainspec\.(?!conformance)", re.MULTILINE)
    sources = [p for p in root.rglob("*.py") if "adapters" not in p.parts]
    assert len(sources) > 12
    assert [p for p in sources if reference.search(p.read_text("utf-8"))] == []
