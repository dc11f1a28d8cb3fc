"""`trainspec requests`: the lines that a program on another machine is to answer."""

from __future__ import annotations

import json

import jsonschema

from command_line import run
from helpers import ROOT


def test_every_line_is_a_request():
    done = run("requests", "-t", "adam", "-d", "float32")
    assert done.exit_code == 0, done.output
    lines = [json.loads(line) for line in done.output.splitlines()]
    schema = json.loads((ROOT / "spec/schemas/request.json").read_text("utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    for line in lines:
        validator.validate(line)
    assert lines[0] == {"id": 0, "operation": "describe"}
    assert {line["type"] for line in lines[1:]} == {"float32"}
    assert len({line["id"] for line in lines}) == len(lines) > 30


def test_a_variant_s_hyperparameters_are_asked_for():
    plain = run("requests", "-t", "sgd", "-d", "float64").output
    decayed = run("requests", "-t", "sgd", "-d", "float64", "--variant", "sgd=weight-decay").output
    assert "weight_decay" not in plain
    assert "weight_decay" in decayed


def test_wrong_usage_is_told():
    assert run("requests", "-t", "nothing").exit_code == 2
    assert "must be OPERATION=NAME" in run("requests", "--variant", "adam").output
