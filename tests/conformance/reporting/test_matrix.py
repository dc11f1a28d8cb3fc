"""The matrix: rows, columns, and the score of doing nothing."""

from __future__ import annotations

import msgspec

from command_line import run
from trainspec.conformance.checking.declarations import read_declarations
from trainspec.conformance.implementations.baseline import DoNothing
from trainspec.conformance.reporting.matrix import build_columns
from trainspec.conformance.reporting.records import Report


def test_doing_nothing_scores_next_to_nothing():
    found = msgspec.json.decode(run("check", "reference", "--json").output, type=Report)
    (column,) = build_columns([found])
    assert column.passed == column.judged
    assert 0 < column.nothing < column.judged / 20
    assert read_declarations(DoNothing()) == {}
