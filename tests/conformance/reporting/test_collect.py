"""Collecting reports: run in processes of their own, or read; what is none is said to be none."""

from __future__ import annotations

import pytest

from command_line import ADAM, run
from trainspec.conformance.implementations.implementation import AdapterError
from trainspec.conformance.reporting.collect import collect_report


def test_an_implementation_is_run_and_reported(module):
    report = collect_report(module(ADAM), ["float32"])
    assert report.name == "my_adapter"
    assert {r.type for r in report.results if r.type} == {"float32"}


def test_a_saved_report_is_read(module, tmp_path):
    path = tmp_path / "saved.json"
    path.write_text(run("check", module(ADAM), "-t", "adam", "--json").stdout)
    assert collect_report(str(path)).diagnoses["adam"].form == "betas-swapped"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not JSON"),
        ("{}", "is not a report of `trainspec check --json`: Object missing required field"),
        ('{"format": "trainspec-matrix"}', "is not a report"),
    ],
)
def test_a_file_that_is_no_report_is_refused(tmp_path, text, message):
    path = tmp_path / "saved.json"
    path.write_text(text)
    with pytest.raises(AdapterError, match=message):
        collect_report(str(path))


@pytest.mark.parametrize("target", ["none.json", "none.py", "nonesuch"])
def test_what_is_not_there_is_named(target):
    with pytest.raises(AdapterError, match=target):
        collect_report(target)
