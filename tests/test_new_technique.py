"""A new technique costs a page, a reference file and a test: CONTRIBUTING's example, and harder ones.

`tests/new_techniques/` holds an update rule, an initialiser that draws its own numbers, a network,
and the training of that network. Nothing else is touched.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import ROOT

NEW = ROOT / "tests" / "new_techniques"
#: The technique, what it stands on, a variant of it, and how many results its check has at least.
TECHNIQUES = {
    "optimizers/adamax": ([], "epsilon-in-maximum", 4),
    "initializers/scaled_he": ([], "without-blocks", 15),
    "networks/perceptron": ([], "mean", 2),
    "networks/perceptron_training": (["networks/perceptron"], "mean", 2),
}


@pytest.fixture
def copy(tmp_path):
    """A copy of the trees, and a way to run its command line."""
    for name in ("spec", "reference", "golden"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))

    def trainspec(*arguments):
        environment = {**os.environ, "PYTHONPATH": str(tmp_path / "reference")}
        command = [sys.executable, "-m", "trainspec.conformance.cli", *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, env=environment, cwd=tmp_path, check=False
        )

    return tmp_path, trainspec


@pytest.mark.slow
@pytest.mark.parametrize("technique", TECHNIQUES)
def test_two_files_make_a_technique(copy, technique):
    root, trainspec = copy
    needs, variant, least = TECHNIQUES[technique]
    for name in (*needs, technique):
        shutil.copy(NEW / f"{name}.md", root / "spec" / f"{name}.md")
        shutil.copy(NEW / f"{name}.py", root / "reference" / "trainspec" / f"{name}.py")
    operation = Path(technique).name
    written = trainspec("certify", "--write", *needs, technique)
    assert (written.returncode, written.stderr) == (0, "")
    assert (root / "golden" / f"{technique}.json").is_file()
    assert f"{operation}/" in (root / "golden" / "ids.txt").read_text()
    assert trainspec("certify", technique).returncode == 0
    checked = trainspec("check", "-t", technique)
    passed = re.search(r"trainspec reference conforms: (\d+) pass", checked.stdout)
    assert passed, checked.stdout + checked.stderr
    assert int(passed[1]) >= least
    wrong = trainspec("check", "-t", technique, "--variant", f"{operation}={variant}")
    assert wrong.returncode == 1
    assert "this is the canonical form" in wrong.stdout
    assert operation in trainspec("list").stdout
    assert trainspec("show", technique).returncode == 0
