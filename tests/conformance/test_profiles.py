"""Profiles, defaults, known failures, the matrix and comparisons."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from helpers import ROOT
from trainspec.conformance import cases, matrix, profiles
from trainspec.conformance.check import declarations
from trainspec.conformance.cli import main
from trainspec.conformance.compare import apart
from trainspec.conformance.evidence import values_of
from trainspec.conformance.files import page_file, techniques
from trainspec.conformance.implementations import load
from trainspec.conformance.nothing import Nothing
from trainspec.conformance.page import DECAY, PageError, tables
from trainspec.conformance.page import load as load_page

PORT = """
import numpy as np
{head}
def adam(params, grads, *, learning_rate={rate}, beta1={beta1}, beta2=0.999, epsilon={epsilon}):
    rates = learning_rate if isinstance(learning_rate, list) else [learning_rate] * len(grads)
    params = list(params)
    m, v = [0 * W for W in params], [0 * W for W in params]
    after = []
    for t, (gradient, rate) in enumerate(zip(grads, rates), 1):
        for k, g in enumerate(gradient):
            m[k] = beta1 * m[k] + (1 - beta1) * g
            v[k] = beta2 * v[k] + (1 - beta2) * g * g
            step = m[k] / (1 - beta1**t) / (np.sqrt(v[k] / (1 - beta2**t)) + epsilon{hat})
            params[k] = np.asarray(params[k] - rate * step).astype(params[k].dtype)
        after.append(list(params))
    return after
"""
HAT = " / np.sqrt(1 - beta2**t)"


@pytest.fixture
def port(tmp_path):
    def write(name="port", *, rate=0.001, beta1=0.9, epsilon=1e-8, hat="", head=""):
        path = tmp_path / f"{name}.py"
        path.write_text(PORT.format(rate=rate, beta1=beta1, epsilon=epsilon, hat=hat, head=head))
        return str(path)

    return write


def run(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.mark.parametrize("name", profiles.names())
def test_every_profile_names_forms_and_defaults_that_exist(name):
    profile = profiles.load(name)
    assert profile.libraries
    assert profile.forms
    for row, given in profile.defaults.items():
        operation, _, form = row.partition(":")
        assert not form or form in profile.forms[operation], row
        assert all(np.isfinite(value) for value in given.values())


def test_the_profiles_that_people_ask_for_are_there():
    wanted = {"torch", "optax", "keras", "tensorflow-1", "mlx", "paddle", "tinygrad", "sklearn"}
    assert wanted | {"onnx", "chainer", "dlfs"} <= set(profiles.names())
    readme = (ROOT / "spec" / "profiles" / "README.md").read_text("utf-8")
    assert all(f"[{name}]({name}.md)" in readme for name in profiles.names())


@pytest.mark.parametrize("name", profiles.names())
def test_pages_say_in_which_version_a_form_was_measured(name):
    profile = profiles.load(name)
    versions = [re.split(" of ", v)[0] for v in profile.libraries.values()]
    pages = {t.rpartition("/")[2]: page_file(t).read_text("utf-8") for t in techniques()}
    for operation, forms in profile.forms.items():
        for form in forms:
            heading = f"\n### {form}\n" if form else "\n## Rule\n"
            if "+" in form:
                continue  # a combination has no section of its own
            section = pages[operation].partition(heading)[2]
            section = re.split(r"\n##+ ", section)[0]
            measured = re.search(r"Measured in (.*)", section)
            assert measured, (operation, form)
            assert any(version in measured[1] for version in versions), (operation, form)


@pytest.mark.parametrize("name", profiles.names())
def test_profiles_give_a_source_for_every_library(name):
    _, found = tables((ROOT / "spec" / "profiles" / f"{name}.md").read_text("utf-8"))
    assert any("https://github.com/" in row["source"] for row in found["Forms"])


def test_a_profile_that_does_not_exist_is_refused():
    with pytest.raises(PageError, match="no profile 'pytorch'; there are: chainer"):
        profiles.load("pytorch")
    result = run("check", "reference", "--profile", "pytorch")
    assert result.exit_code == 2
    assert "no profile 'pytorch'" in result.output


def test_a_right_port_passes_with_its_defaults(port):
    result = run("check", port(), "--profile", "torch", "-t", "adam")
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"epsilon": 1e-7}, "epsilon is 1e-07 where it is left out; PyTorch's default is 1e-08"),
        ({"beta1": 0.95}, "beta1 is 0.95 where it is left out; PyTorch's default is 0.9"),
        ({"rate": 0.01}, "learning_rate is 0.01 where it is left out"),
        ({"rate": 0.0123}, "learning_rate is 0.0123 where it is left out"),
    ],
)
def test_a_wrong_default_is_named(port, wrong, said):
    result = run("check", port(**wrong), "--profile", "torch", "-t", "adam")
    assert result.exit_code == 1
    assert said in result.output
    assert "--profile torch" in result.output


def test_several_wrong_defaults_are_all_named(port):
    path = port(epsilon=1e-7, beta1=0.95, hat=HAT)
    result = run("check", path, "--profile", "keras", "-t", "adam")
    assert "beta1 is 0.95" in result.output
    assert "epsilon is" not in result.output
    result = run("check", path, "--profile", "torch", "-t", "adam")
    assert "eps-hat" in result.output
    assert "epsilon is 1e-07" in result.output


def test_a_port_without_a_default_is_not_judged_for_it(port):
    path = port()
    text = Path(path).read_text("utf-8").replace("epsilon=1e-08", "epsilon")
    Path(path).write_text(text, "utf-8")
    result = run("check", path, "--profile", "torch", "-t", "adam")
    assert result.exit_code == 0
    assert "1 unsupported" in result.output


def test_further_forms_are_checked_as_what_they_say(port):
    path = port(head="forms = {}")
    with open(path, "a") as file:
        file.write("\nfrom functools import partial\nforms['adam:eps-hat'] = adam\n")
    result = run("check", path, "-t", "adam", "-d", "float64")
    assert result.exit_code == 1
    assert "adam:eps-hat" in result.output
    assert "this is the canonical form" in result.output


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("forms = {'adam:eps-hatt': adam}", "has no variant 'eps-hatt'"),
        ("forms = {'adamm:eps-hat': adam}", "forms names the operation 'adamm'"),
        ("forms = {'adam:eps-hat': 1}", "must be a dict of functions"),
        ("forms = {'adam:eps-hat+epsilon-in-root': adam}", "cannot be combined: both change step"),
        ("profile = 'pytorch'", "no profile 'pytorch'"),
    ],
)
def test_wrong_declarations_are_one_line(port, head, said):
    path = port()
    with open(path, "a") as file:
        file.write(f"\n{head}\n")
    result = run("check", path, "-t", "adam")
    assert result.exit_code == 2
    assert said in result.output


def test_a_combination_is_held_to_values_derived_for_it(port):
    path = port(hat=HAT)
    result = run("check", path, "-t", "adam", "--variant", "adam=amsgrad+eps-hat", "-d", "float64")
    assert result.exit_code == 1
    assert "eps-hat+amsgrad" in result.output


def test_known_failures_are_written_read_and_grow_stale(port, tmp_path):
    listed = tmp_path / "known.json"
    wrong, right = port("wrong", hat=HAT), port("right")
    chosen = ["-t", "adam", "-d", "float64"]
    result = run("check", wrong, *chosen, "--write-known", listed, "--reason", "it is Keras'")
    assert result.exit_code == 0
    data = json.loads(listed.read_text())
    assert data["format"] == "trainspec-known-failures"
    assert {entry["reason"] for entry in data["failures"]} == {"it is Keras'"}
    assert len(data["failures"]) > 10
    result = run("check", wrong, *chosen, "--known", listed)
    assert result.exit_code == 0
    assert "it is Keras'" in result.output
    result = run("check", right, *chosen, "--known", listed)
    assert result.exit_code == 1
    assert "take it off the list" in result.output
    data["failures"][0]["reason"] = "mine"
    listed.write_text(json.dumps(data))
    run("check", wrong, *chosen, "--write-known", listed, "--reason", "new")
    reasons = [entry["reason"] for entry in json.loads(listed.read_text())["failures"]]
    assert sorted(set(reasons)) == ["it is Keras'", "mine"]
    run("check", right, *chosen, "--write-known", listed)
    assert json.loads(listed.read_text())["failures"] == []


def test_entries_of_cases_that_were_not_asked_stay(port, tmp_path):
    listed = tmp_path / "known.json"
    wrong = port("wrong", hat=HAT)
    run("check", wrong, "-t", "adam", "-d", "float64", "--write-known", listed)
    before = json.loads(listed.read_text())["failures"]
    run("check", wrong, "-c", "adam/first-step", "-d", "float64", "--write-known", listed)
    assert json.loads(listed.read_text())["failures"] == before


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": "trainspec-known-failures", "failures": [1]}']
)
def test_a_file_of_another_form_is_refused(port, tmp_path, text):
    listed = tmp_path / "known.json"
    listed.write_text(text)
    result = run("check", port(), "-t", "adam", "--known", listed)
    assert result.exit_code == 2
    assert "known failures:" in result.output


def test_the_shipped_lists_name_reasons():
    folder = ROOT / "reference" / "trainspec" / "conformance" / "adapters"
    for path in folder.glob("*.json"):
        failures = json.loads(path.read_text("utf-8"))["failures"]
        assert failures, path
        assert all(entry["reason"] for entry in failures), path


@pytest.mark.parametrize("technique", techniques())
def test_conversions_do_what_they_say(technique):
    page = load_page(technique)
    for conversion in page.conversions:
        if not conversion.change.body and not conversion.constant_rate:
            continue  # in words
        one = page.whole_rule(conversion.source).edited(conversion.change)
        other = page.whole_rule(conversion.target)
        more = dict.fromkeys(page.extra(one) | page.extra(other), DECAY)
        judged = 0
        for case in cases.load([technique], ["core", "numerics"]):
            rates = case.hyperparameters.get("learning_rate")
            if conversion.constant_rate and len(set(rates)) > 1:
                continue
            values = values_of(case, one, more), values_of(case, other, more)
            tolerance = case.tolerance.get("float64")
            if tolerance is not None:
                judged += 1
                assert apart(*values, case.expected, tolerance, "float64") <= 8, conversion
        assert judged >= 5


def test_two_forms_are_compared_and_converted(port):
    result = run("compare", port("one"), port("other", hat=HAT), "-t", "adam")
    assert result.exit_code == 1
    assert "eps-hat" in result.output
    assert "step 1, tensor 0, element [0]" in result.output
    assert "do what one does, set `epsilon = epsilon * sqrt(1 - beta2**t)`" in result.output


def test_an_implementation_agrees_with_itself(port):
    path = port()
    result = run("compare", path, path, "-t", "adam", "--json")
    assert result.exit_code == 0
    (entry,) = json.loads(result.output)["operations"]
    assert entry["agree"]
    assert entry["agreeing"] == entry["cases"] > 20


def test_nothing_in_common_is_said(port, tmp_path):
    other = tmp_path / "other.py"
    other.write_text(
        "def sgd(params, grads, *, learning_rate):\n    return [params] * len(grads)\n"
    )
    result = run("compare", port(), other)
    assert result.exit_code == 4
    assert "only port offers it" in result.output


def test_rates_that_change_are_what_parts_the_velocities(tmp_path):
    text = """
def momentum(params, grads, *, learning_rate, momentum):
    params, v, after = list(params), [0 * W for W in params], []
    for gradient, rate in zip(grads, learning_rate):
        for k, g in enumerate(gradient):
            v[k] = {}
            params[k] = (params[k] + {}).astype(params[k].dtype)
        after.append(list(params))
    return after
"""
    one, other = tmp_path / "inside.py", tmp_path / "outside.py"
    one.write_text(text.format("momentum * v[k] - rate * g", "v[k]"))
    other.write_text(text.format("momentum * v[k] + g", "-rate * v[k]"))
    result = run("compare", one, other, "-t", "momentum")
    assert result.exit_code == 1
    assert "they agree as long as the learning rate does not change" in result.output
    assert "momentum = momentum * learning_rate / rate_before" in result.output


def test_the_matrix_is_written_in_every_form(port, tmp_path):
    saved = tmp_path / "saved.json"
    saved.write_text(run("check", port("saved", head="name = 'Saved <one>'"), "--json").output)
    out = tmp_path / "out"
    result = run("report", port("wrong", hat=HAT), saved, "-o", out)
    assert result.exit_code == 1
    assert {p.name for p in out.iterdir()} == {
        "matrix.md", "index.html", "matrix.json", "junit.xml", "badge.svg"
    }  # fmt: skip
    markdown = (out / "matrix.md").read_text("utf-8")
    assert "| optimizers/adam | ✗ canonical, is eps-hat | ✓ canonical |" in markdown
    assert "doing nothing" in markdown
    page = (out / "index.html").read_text("utf-8")
    assert "Saved &lt;one&gt;" in page
    assert "Saved <one>" not in page
    suites = ET.parse(out / "junit.xml").getroot()
    failures = suites.findall("./testsuite/testcase/failure")
    assert len(failures) > 20
    assert "1 of 2 conform" in (out / "badge.svg").read_text("utf-8")
    assert len(json.loads((out / "matrix.json").read_text())["reports"]) == 2


def test_one_format_alone(port, tmp_path):
    result = run("report", port(), "-o", tmp_path / "out", "-f", "badge")
    assert result.exit_code == 0
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["badge.svg"]
    assert "conforms" in (tmp_path / "out" / "badge.svg").read_text("utf-8")


@pytest.mark.parametrize("target", ["nosuch.json", "nosuch.py", "nosuchprogram"])
def test_what_cannot_be_reported_is_one_line(target, tmp_path):
    result = run("report", target, "-o", tmp_path)
    assert result.exit_code == 2
    assert target in result.output


def test_doing_nothing_scores_next_to_nothing():
    found = json.loads(run("check", "reference", "--json").output)
    (column,) = matrix.columns([found])
    assert column.passed == column.judged
    assert 0 < column.nothing < column.judged / 20
    assert declarations(Nothing()) == {}


def test_the_reference_is_the_profile_less_canonical():
    assert load(["reference"]).profile == ""
