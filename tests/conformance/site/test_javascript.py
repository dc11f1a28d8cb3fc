"""The rules of the figures: they are checked as any implementation is, in every form."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from helpers import ROOT, failures
from trainspec.conformance.basics.paths import list_techniques
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.cases.result import Outcome
from trainspec.conformance.checking.check import check_cases
from trainspec.conformance.implementations.target import load_implementation
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.site.javascript import write_module

RULES = [t for t in list_techniques() if load_page(t).is_update_rule]
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="no node")


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    path = tmp_path_factory.mktemp("rules") / "rules.mjs"
    path.write_text(write_module(list_techniques()), encoding="utf-8")
    return path


@needs_node
def test_every_form_of_every_figure_conforms(module):
    implementation = load_implementation(
        ["node", str(ROOT / "tests/rules_adapter.mjs"), str(module)]
    )
    # A figure refuses no value: its sliders have none that is not allowed.
    cases = [case for case in load_cases(RULES) if not case.rejects]
    found = [r for r in check_cases(implementation, cases) if r.kind == "float64"]
    implementation.close()
    assert failures(found) == []
    passed = {r.case.offering for r in found if r.outcome is Outcome.PASS}
    for technique in RULES:
        page = load_page(technique)
        assert {o.form for o in passed if o.operation == page.name} == {"", *page.variants}


@needs_node
def test_a_figure_tells_where_two_forms_part(module, tmp_path):
    static = ROOT / "reference/trainspec/conformance/site/static/figure.mjs"
    shutil.copy(static, module.parent / "figure.mjs")
    script = """
    import { rules, valley } from "./rules.mjs";
    import { findParting, walk } from "./figure.mjs";
    const { forms, hyperparameters } = rules.adam;
    const given = Object.fromEntries(Object.entries(hyperparameters).map(([n, h]) => [n, h.value]));
    const valleys = { gradient: (x, y) => [x / 10, 2 * y] };
    const go = (form) => walk(forms[form], given, valley.start, valley.steps, valleys);
    console.log(JSON.stringify({
      end: go("canonical").at(-1),
      same: findParting(go("canonical"), go("canonical")),
      parts: findParting(go("canonical"), go("no-bias-correction")),
    }));
    """
    done = subprocess.run(
        ["node", "--input-type=module", "-e", script],
        cwd=module.parent, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = json.loads(done.stdout)
    golden = json.loads((ROOT / "golden/effects/update_paths.json").read_text("utf-8"))
    end = golden["end_points"]["adam"]["canonical"]
    for got, name, allowed in zip(found["end"], ("x", "y"), end["tolerance"]["float64"]):
        assert abs(got - end[name]) <= allowed
    assert (found["same"], found["parts"]) == (0, 1)


def test_a_function_has_no_figure():
    assert '"adam"' in write_module(["optimizers/adam"])
    assert "relu" not in write_module(["layers/relu"])
