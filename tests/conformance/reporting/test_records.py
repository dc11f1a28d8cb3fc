"""Records of the report: what is written is what the schema says, and can be read again."""

from __future__ import annotations

import json

import jsonschema
import msgspec
import pytest

from command_line import ADAM, run
from helpers import ROOT
from trainspec.conformance.basics.names import Offering
from trainspec.conformance.reporting.records import Report, to_json

SCHEMA = json.loads((ROOT / "spec" / "schemas" / "report.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("adapter") / "mine.py"
    path.write_text(ADAM + "\ndef sgd(*a, **k): return 1\n\ndef momentum(*a, **k): raise KeyError")
    return run("check", path, "--json").stdout


def test_a_report_is_what_its_schema_says(written):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(json.loads(written), SCHEMA)


def test_a_report_is_read_as_it_was_written(written):
    report = msgspec.json.decode(written, type=Report)
    assert json.loads(to_json(report)) == json.loads(written)
    assert report.diagnosis_of(Offering("adam")).form == "betas-swapped"
    assert report.diagnosis_of(Offering("sgd")) is None
    assert {r.outcome for r in report.results} >= {"wrong", "malformed", "crashed", "unsupported"}


@pytest.mark.parametrize(
    "change",
    [{"format": "other"}, {"format_version": 2}, {"results": [{}]}, {"extra": 1}],
)
def test_the_schema_refuses_what_is_none(written, change):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**json.loads(written), **change}, SCHEMA)
