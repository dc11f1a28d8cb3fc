"""`spec/adapters.md` names every operation with its inputs, hyperparameters and outputs."""

from __future__ import annotations

import re

from helpers import ROOT
from trainspec.conformance.basics.paths import list_techniques
from trainspec.conformance.pages.load import load_page


def cell(names):
    return re.findall(r"`([^`]+)`", re.sub(r"\([^)]*\)", "", names))


def test_the_table_of_operations_is_what_the_pages_say():
    text = (ROOT / "spec" / "adapters.md").read_text("utf-8")
    told = {}
    for line in text.splitlines():
        cells = [c.strip() for c in line.strip("|").split("|")]
        if line.startswith("| `") and len(cells) in (2, 4):
            for operation in cell(cells[0]):
                told[operation] = [cell(c) for c in cells[1:]]
    for technique in list_techniques():
        spec = load_page(technique)
        rows = told[spec.name]
        parameters = rows[0] if len(rows) == 1 else rows[1]
        assert parameters == list(spec.parameters)
        if spec.inputs:
            assert rows[0] == list(spec.inputs)
            assert rows[2] == list(spec.outputs)
