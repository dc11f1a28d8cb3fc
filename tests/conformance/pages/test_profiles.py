"""Profiles: every page names forms, defaults, versions and sources that exist."""

from __future__ import annotations

import re

import numpy as np
import pytest

from command_line import run
from helpers import ROOT
from trainspec.conformance.basics.paths import list_techniques, page_path
from trainspec.conformance.implementations.target import load_implementation
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.markdown import read_tables
from trainspec.conformance.pages.parts import PageError
from trainspec.conformance.pages.profiles import list_profiles, load_profile


@pytest.mark.parametrize("name", list_profiles())
def test_every_profile_names_forms_and_defaults_that_exist(name):
    profile = load_profile(name)
    assert profile.libraries
    assert profile.forms
    for row, given in profile.defaults.items():
        assert not row.form or row.form in profile.forms[row.operation], row
        assert all(np.isfinite(value) for value in given.values())


def test_the_profiles_that_people_ask_for_are_there():
    wanted = {"torch", "optax", "keras", "tensorflow-1", "mlx", "paddle", "tinygrad", "sklearn"}
    assert wanted | {"onnx", "chainer", "dlfs"} <= set(list_profiles())
    readme = (ROOT / "spec" / "profiles" / "README.md").read_text("utf-8")
    assert all(f"[{name}]({name}.md)" in readme for name in list_profiles())


@pytest.mark.parametrize("name", list_profiles())
def test_pages_say_in_which_version_a_form_was_measured(name):
    profile = load_profile(name)
    versions = [re.split(" of ", v)[0] for v in profile.libraries.values()]
    pages = {t.rpartition("/")[2]: page_path(t).read_text("utf-8") for t in list_techniques()}
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


#: Parts of paths that hold update rules, and so nothing that another page describes.
UPDATE_RULES = ("optim/", "optimizer.py", "optimizers", "/_src/alias.py", "training_ops")


@pytest.mark.parametrize("technique", list_techniques())
def test_what_was_measured_is_linked_to_a_file_of_its_kind(technique):
    """An update rule stands in a file of update rules, and nothing else does."""
    text = page_path(technique).read_text("utf-8")
    is_rule = load_page(technique).is_update_rule
    for line in re.findall(r"Measured in (.*)", text):
        for name, link in re.findall(r"\[([^]]*)\]\((https://github.com/[^)]*)\)", line):
            version = name.split()[-1]
            # Autograd and DeZero are linked to their main branch.
            assert version in link or "/master/" in link, link
            # Keras and PyTorch keep the schedules beside their optimizers.
            if not is_rule and not technique.startswith("regularizers/"):
                file = link.replace("/optimizers/schedules/", "/schedules/")
                file = file.replace("/optim/lr_scheduler", "/lr_scheduler")
                assert not any(part in file for part in UPDATE_RULES), link


@pytest.mark.parametrize("name", list_profiles())
def test_profiles_give_a_source_for_every_library(name):
    _, found = read_tables((ROOT / "spec" / "profiles" / f"{name}.md").read_text("utf-8"))
    assert any("https://github.com/" in row["source"] for row in found["Forms"])


def test_a_profile_that_does_not_exist_is_refused():
    with pytest.raises(PageError, match="no profile 'pytorch'; there are: chainer"):
        load_profile("pytorch")
    result = run("check", "reference", "--profile", "pytorch")
    assert result.exit_code == 2
    assert "no profile 'pytorch'" in result.output


def test_the_reference_is_the_profile_less_canonical():
    assert load_implementation(["reference"]).profile == ""
