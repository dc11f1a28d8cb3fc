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

from helpers import KINDS, ROOT, adapter, failures, margins, results
from trainspec.conformance.arithmetic.float64 import FLOAT64_FUNCTIONS
from trainspec.conformance.arithmetic.run import run_rule
from trainspec.conformance.basics.paths import golden_path, list_techniques, page_path
from trainspec.conformance.basics.tensors import iterate_tensors, map_tensors, to_array
from trainspec.conformance.cases.case import STEPS
from trainspec.conformance.cases.inputs import make_inputs
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.cases.result import Outcome
from trainspec.conformance.checking.check import check_cases
from trainspec.conformance.checking.distance import measure_distance
from trainspec.conformance.derivation.certify import certify_technique, compare_manifest
from trainspec.conformance.derivation.golden_files import format_manifest
from trainspec.conformance.derivation.inputs import make_function_inputs
from trainspec.conformance.derivation.values import compute_values
from trainspec.conformance.diagnosis.diagnose import diagnose
from trainspec.conformance.implementations.target import load_implementation
from trainspec.conformance.pages.load import load_page

TECHNIQUES = list_techniques()
each_technique = pytest.mark.parametrize("technique", TECHNIQUES)


@pytest.mark.slow
@each_technique
def test_golden_values_are_what_the_page_gives(technique, file_regression):
    """Write them anew with `pytest --force-regen tests/test_promises.py`."""
    text, differences = certify_technique(technique)
    assert [d for d in differences if "tolerances apart" in d.stored] == []
    golden = ROOT / "golden" / f"{technique}.json"
    file_regression.check(text, fullpath=golden, extension=".json", encoding="utf-8", newline="")


def function_of(technique):
    """What takes the hyperparameters in the reference: an update rule's step, or the operation."""
    module = importlib.import_module("trainspec." + technique.replace("/", "."))
    updates = technique.startswith("optimizers/")
    return module.step if updates else getattr(module, technique.rpartition("/")[2])


@each_technique
def test_reference_agrees_in_every_type(technique):
    found = results(load_implementation(["reference"]), technique.rpartition("/")[2], *KINDS)
    assert failures(found) == []
    assert {r.outcome for r in found} == {Outcome.PASS}
    assert {"float64", "float32"} <= {r.kind for r in found}
    assert len(found) > 12


@each_technique
def test_installed_files_are_those_of_the_repository(technique):
    for folder, path in (("spec", page_path(technique)), ("golden", golden_path(technique))):
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


@pytest.mark.slow
@each_technique
def test_golden_file_has_the_form_that_its_schema_says(technique):
    schema = json.loads((ROOT / "golden" / "schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(golden_path(technique).read_text("utf-8")), schema)


def test_manifest_seals_the_golden_files():
    assert compare_manifest() == []
    assert json.loads(format_manifest())["sha256"].keys() == {
        f"{t}.json" for t in (*TECHNIQUES, "effects/update_paths")
    }


def test_golden_files_are_small():
    assert sum(golden_path(t).stat().st_size for t in TECHNIQUES) < 4_000_000


def test_no_id_is_ever_lost_or_given_twice():
    """`golden/ids.txt` only grows: an id that is there must be in a page for ever."""
    listed = (ROOT / "golden" / "ids.txt").read_text("utf-8").split()
    present = [case.id for case in (*load_cases(), *load_cases(levels=[STEPS]))]
    present += [clause for t in TECHNIQUES for clause in load_page(t).clauses]
    assert len(set(listed)) == len(listed)
    assert len(set(present)) == len(present)
    assert sorted(listed) == sorted(present)


@each_technique
def test_every_clause_is_judged_somewhere(technique):
    cases = (*load_cases([technique]), *load_cases([technique], [STEPS]))
    judged = {clause for case in cases for clause in case.clauses}
    page = load_page(technique)
    # Inputs are watched in every call, own draws are judged by statistics, runs step by step.
    by_the_checker = {
        *page.watched,
        page.stepwise,
        *(c for d in page.draws for c in (d.clause, d.independence)),
    }
    assert page.clauses.keys() - judged - by_the_checker == set()


@each_technique
def test_types_are_served_by_ordinary_cases(technique):
    for kind in KINDS if technique.startswith("optimizers/") else ("float64", "float32"):
        core = [c for c in load_cases([technique], ["core"]) if kind in c.types]
        assert len(core) >= 3, kind


@each_technique
def test_defaults_of_the_reference_are_the_page_s(technique):
    signature = inspect.signature(function_of(technique))
    for parameter in load_page(technique).parameters.values():
        default = signature.parameters[parameter.name].default
        assert default == (float(parameter.default) if parameter.numeric else parameter.default)


@each_technique
def test_reference_rejects_what_is_out_of_a_domain_by_name(technique):
    reference = load_implementation(["reference"])
    rejecting = [case for case in load_cases([technique]) if case.rejects]
    for case in rejecting:
        function = getattr(reference.module, case.operation)
        with pytest.raises(ValueError, match=rf"^{case.rejects} must be in [\[(]"):
            function(*make_inputs(case, "float64").nest.values(), **case.numbers())
    parameters = load_page(technique).parameters.values()
    assert {c.rejects for c in rejecting} == {p.name for p in parameters if p.numeric}


@each_technique
def test_reference_rejects_integers(technique):
    (case, *_) = load_cases([technique], ["core"])
    function = getattr(load_implementation(["reference"]).module, case.operation)
    whole = map_tensors(lambda a: np.asarray(a, dtype=np.int64), make_inputs(case, "float64").nest)
    with pytest.raises(TypeError, match="must be an array of a floating-point type, got .*int64"):
        function(*whole.values(), **case.numbers())


def example_values(technique, source, rows):
    """The worked example's table as (row, name, printed text, value that the rule gives)."""
    spec, given = load_page(technique), yaml.safe_load(source)
    seen = []

    def watch(place, names):
        seen.append(dict(names))

    if not spec.is_update_rule:
        named = {"x/example": given.pop("inputs")}["x/example"]
        tensors = make_function_inputs("example", {"inputs": named}, spec.inputs)
        arrays = map_tensors(lambda t: to_array(t, np.float64), tensors)
    else:
        steps, rate = len(given["g"]), given["learning_rate"]
        given["learning_rate"] = rate if isinstance(rate, list) else [rate] * steps
        arrays = {"params": [np.array(given.pop("W"))]}
        arrays["grads"] = [[np.array(g)] for g in given.pop("g")]
    run_rule(spec, spec.rule, arrays, given, FLOAT64_FUNCTIONS, watch)
    if not spec.is_update_rule:
        return [(row["name"], row["value"], seen[0][row["name"]]) for row in rows]
    assert len(rows) == len(seen)
    return [(n, text, names[n]) for row, names in zip(rows, seen) for n, text in row.items()]


@each_technique
def test_worked_example_is_right(technique):
    compared = example_values(technique, *load_page(technique).example)
    assert compared
    for name, text, value in compared:
        printed = np.array(ast.literal_eval(text), dtype=np.float64)
        assert printed.shape == np.shape(np.squeeze(value)) or printed.shape == np.shape(value)
        # Half a unit of the last digit printed.
        np.testing.assert_allclose(
            printed, np.asarray(value, np.float64), rtol=0, atol=5.1e-7, err_msg=name
        )


def as_implementation(technique, rule):
    """A rule as an implementation: computed in float64, rounded to the type at the end."""
    spec = load_page(technique)

    def run(*arguments, **numbers):
        kinds = [leaf.dtype for _, leaf in iterate_tensors(list(arguments))]
        wide = map_tensors(
            lambda a: a.astype(np.float64), dict(zip(case_inputs(technique), arguments))
        )
        given = {**dict.fromkeys(spec.variant_hyperparameters(rule), 0.125), **numbers}
        out = run_rule(spec, rule, wide, given, FLOAT64_FUNCTIONS)
        return map_tensors(lambda a: np.asarray(a, dtype=np.float64).astype(kinds[0]), out)

    return run


def case_inputs(technique):
    return load_page(technique).inputs or ("params", "grads")


@each_technique
def test_every_number_is_judged_in_float64(technique):
    for case in load_cases([technique]):
        if not case.rejects and "float64" in case.tolerance:
            assert np.isfinite(case.tolerance["float64"]).all(), case.id


@each_technique
def test_every_error_is_caught_by_two_cases(technique):
    page = load_page(technique)
    cases = [c for c in load_cases([technique]) if "float64" in c.tolerance and not c.rejects]
    for name in page.errors:
        rule = page.rule_of_form(name)
        caught = []
        for case in cases:
            missing = page.variant_hyperparameters(rule) - case.hyperparameters.keys()
            with np.errstate(all="ignore"):
                values = compute_values(case, rule, dict.fromkeys(missing, 0.125))
                expected, allowed = case.expected, case.tolerance["float64"]
                same = values.shape == expected.shape
                if not same or measure_distance(values, expected, expected, allowed, "float64") > 1:
                    caught.append(case.name)
            if len(caught) == 2:
                break
        assert len(caught) == 2, f"{name} is caught by {caught} alone"


@pytest.mark.slow
@each_technique
def test_every_variant_and_error_is_rejected_and_named(technique):
    """The kill table: each known form, run as an implementation, in float64 and float32."""
    spec = load_page(technique)
    short = [c for c in load_cases([technique]) if not c.rejects and (c.steps or 0) <= 100]
    for name, rule in spec.rules.items():
        if not name:
            continue
        implementation = adapter(**{spec.name: as_implementation(technique, rule)})
        found = list(check_cases(implementation, short, ["float64", "float32"]))
        rejected = {r.kind for r in found if r.outcome is not Outcome.PASS}
        sure = {k for k, margin in margins(spec.name, name).items() if margin > 2}
        assert sure & {"float64", "float32"} <= rejected, name
        if any(r.outcome is Outcome.MALFORMED for r in found):
            continue  # another number of rows: the shape tells it
        found_to_be = diagnose([r for r in found if r.kind == "float64"])
        assert "+".join(found_to_be.edits) == name or same_values(short, found_to_be, rule), (
            name,
            found_to_be.form,
        )


def same_values(chosen, found_to_be, rule):
    """Whether another form gives the same on all cases: then either name is right."""
    other = found_to_be.found
    if other is None:
        return found_to_be.form in (
            "before-the-step", "nan-spreads", "gradient-averaged-over-tensor"
        )  # fmt: skip
    extra = dict.fromkeys(load_page(chosen[0].technique).variant_hyperparameters(rule), 0.125)
    return all(
        measure_distance(compute_values(c, other.rule, other.more), compute_values(c, rule, extra), c.expected,
              c.tolerance["float64"], "float64") <= 4
        for c in chosen if "float64" in c.tolerance
    )  # fmt: skip


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
    # Effects judge nothing by it: it stands in for the parts that an implementation lacks.
    beside = {"adapters", "effects"}
    sources = [p for p in root.rglob("*.py") if not beside & set(p.parts)]
    assert len(sources) > 12
    assert [p for p in sources if reference.search(p.read_text("utf-8"))] == []
