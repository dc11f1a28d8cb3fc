"""The checker as a library: the page that shows it runs, and records are what it says."""

from __future__ import annotations

import re
import subprocess
import sys
import types

import numpy as np
import pytest

import trainspec.conformance as face
from command_line import ADAM
from helpers import ROOT
from trainspec.conformance import check, compare, identify, load_cases, load_implementation
from trainspec.conformance.basics.errors import UserError


def sgd(params, grads, *, learning_rate):
    after = []
    for gradient, rate in zip(grads, learning_rate):
        params = [np.asarray(W - W.dtype.type(rate) * g) for W, g in zip(params, gradient)]
        after.append(params)
    return after


def test_the_page_runs_as_it_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_adapter.py").write_text(ADAM)
    blocks = re.findall(
        r"^```python\n(.*?)^```", (ROOT / "spec" / "library.md").read_text("utf-8"), re.M | re.S
    )
    assert len(blocks) >= 5
    names: dict[str, object] = {}
    for block in blocks:
        exec(block, names)


@pytest.mark.parametrize("target", [{"sgd": sgd}, types.SimpleNamespace])
def test_functions_and_modules_are_implementations(target):
    if target is types.SimpleNamespace:
        target = types.ModuleType("mine")
        target.sgd = sgd
    checked = check(load_implementation(target), ["sgd"])
    assert checked.conforms
    assert checked.failures == []
    assert checked.exit_status == 0
    assert "conforms" in str(checked)


def test_failures_are_explained(module):
    checked = check(load_implementation(module(ADAM)), ["adam"], types=["float64"])
    assert not checked.conforms
    ((offering, diagnosis),) = checked.diagnoses.items()
    assert (str(offering), diagnosis.form) == ("adam", "betas-swapped")
    assert checked.report.diagnoses["adam"].form == "betas-swapped"
    assert {r.kind for r in checked.failures} == {"float64"}
    assert "betas-swapped" in str(checked)


def test_a_profile_adds_defaults():
    of = load_implementation({"sgd": sgd})
    cases = check(of, ["sgd"], profile="torch").results
    assert {r.subject.value for r in cases} == {"case", "default", "steps"}
    assert [r.message for r in cases if r.subject.value == "steps"] == ["not offered step by step"]


def test_ctrl_c_keeps_what_is_done():
    calls = []

    def interrupted(params, grads, *, learning_rate):
        calls.append(1)
        if len(calls) > 6:
            raise KeyboardInterrupt
        return sgd(params, grads, learning_rate=learning_rate)

    checked = check(load_implementation({"sgd": interrupted}), ["sgd"])
    assert not checked.finished
    assert len(checked.results) == 4  # two calls are the smoke test's


def test_identify_and_compare_return_records():
    of = load_implementation({"sgd": sgd})
    (identity,) = identify(of, ["sgd"])
    assert identity.diagnosis.form == "canonical"
    (comparison,) = compare(of, load_implementation("reference"), ["sgd"])
    assert comparison.agree
    assert load_cases(["sgd"])[0].technique == "optimizers/sgd"


@pytest.mark.parametrize("wrong", [lambda: check(load_implementation({}), ["adamm"]), lambda: load_implementation("none.py").name])  # fmt: skip
def test_what_does_not_exist_is_a_user_s_error(wrong):
    with pytest.raises(UserError):
        wrong()


def test_the_face_is_small_documented_and_lazy():
    assert all(getattr(face, name).__doc__ for name in face.__all__)
    with pytest.raises(AttributeError):
        face.nonesuch  # noqa: B018
    code = "import trainspec.conformance, sys; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
