"""Messages: what is sent, what is read, and what an author is told; all held to the schemas."""

from __future__ import annotations

import json

import jsonschema
import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from helpers import ROOT
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.cases.result import CallError, Outcome
from trainspec.conformance.cases.script import (
    RESTORE,
    SAVE,
    START,
    Action,
    make_script,
    play_once,
)
from trainspec.conformance.implementations.implementation import AdapterError
from trainspec.conformance.implementations.json_lines import (
    MalformedError,
    Request,
    clean_text,
    encode_describe,
    encode_line,
    make_request,
    read_answer,
    read_description,
    read_outputs,
)
from trainspec.conformance.implementations.program import ProgramRuns
from trainspec.conformance.implementations.serve import Server
from trainspec.conformance.implementations.stepwise import run_script
from trainspec.conformance.implementations.target import load_implementation


def schema(name):
    return json.loads((ROOT / "spec" / "schemas" / f"{name}.json").read_text("utf-8"))


@pytest.mark.slow
def test_every_request_is_what_the_schema_says():
    validator = jsonschema.Draft202012Validator(schema("request"))
    validator.validate(json.loads(encode_describe(0)))
    for case in load_cases():
        line = encode_line({"id": 7, **make_request(replace(case, offered="eps-hat"), "float32")})
        assert line.count(b"\n") == 1
        validator.validate(json.loads(line))


def test_the_reference_answers_as_the_schema_says():
    reference = load_implementation(["reference"])
    answer = jsonschema.Draft202012Validator(schema("answer"))
    for case in load_cases([], ["core"]):
        request = msgspec.json.decode(
            encode_line({"id": 7, **make_request(case, "float64")}), type=Request
        )
        answer.validate(Server(reference).answer(request))
    about = Server(reference).answer(Request(0, "describe"))
    jsonschema.validate(about, schema("description"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": 1},
        {"outputs": {}},
        {"id": 1, "outputs": []},
        {"id": 1, "outputs": {"y": {"shape": [1]}}},
        {"id": 1, "outputs": {"y": {"shape": [1], "data": [None]}}},
        {"id": 1, "outputs": {"y": {"shape": [-1], "data": []}}},
        {"id": 1, "unsupported": "yes"},
    ],
)
def test_the_schema_of_answers_refuses_what_the_checker_refuses(wrong):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, schema("answer"))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"loading...", "not JSON: 'loading...' ("),
        (b"\xff\xfe", "not JSON"),
        (b'{"id": 7, "outputs": {"y": {"shape": [], "data": [NaN]}}}', '"NaN", "Infinity"'),
        (b"[1]", "an answer must be an object, got [1]"),
        (b"null", "an answer must be an object, got null"),
        (b'{"outputs": {}}', 'the answer has no "id"; the request\'s was 7'),
        (b'{"id": null}', "the answer's id is null, the request's was 7"),
        (b'{"id": true}', "the answer's id is true, the request's was 7"),
        (b'{"id": "7"}', "the answer's id is \"7\", the request's was 7"),
    ],
)
def test_an_author_reads_json_s_own_words(line, message):
    with pytest.raises(MalformedError) as caught:
        read_answer(line, 7)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("line", "outcome", "message"),
    [
        (b'{"id": 7, "error": "no twos"}', Outcome.REJECTED, "no twos"),
        (b'{"id": 7, "error": ""}', Outcome.REJECTED, "no reason given"),
        (b'{"id": 7, "unsupported": true}', Outcome.UNSUPPORTED, "no such operation"),
    ],
)
def test_a_program_may_say_that_there_is_no_answer(line, outcome, message):
    with pytest.raises(CallError, match=message) as caught:
        read_answer(line, 7)
    assert caught.value.outcome is outcome


def test_outputs_are_rounded_to_the_type():
    answer = {"outputs": {"y": [{"shape": [2], "data": [0.1, "-Infinity"]}]}}
    (y,) = read_outputs(answer, "float32")["y"]
    np.testing.assert_array_equal(y, np.array([0.1, -np.inf], np.float32))


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        ([1, 2], 'a tensor is {"shape": [...], "data": [...]}, got 1'),
        ({"shape": None, "data": []}, "a shape is a list of whole numbers, got null"),
        ({"shape": [True], "data": [1]}, "a shape is a list of whole numbers, got [true]"),
        ({"shape": [2], "data": [1]}, "a tensor of shape [2] needs a list of 2 numbers"),
        ({"shape": [1], "data": [None]}, 'got null; write "NaN" or "Infinity" as strings'),
        ({"shape": [1], "data": [True]}, "data must hold numbers, got true"),
        ({"shape": [1], "data": ["x"]}, 'data must hold numbers, got "x"'),
        ({"shape": [1], "data": [10**400]}, "a whole number too large for a float"),
    ],
)
def test_a_wrong_tensor_is_shown(tensor, message):
    with pytest.raises(MalformedError) as caught:
        read_outputs({"outputs": {"y": tensor}}, "float64")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ({"variants": ["a"]}, "Expected `object`, got `array` - at `$.variants`"),
        ({"operations": "adam"}, "Expected `array | null`, got `str` - at `$.operations`"),
        ({"accepts": {"adam": "weight_decay"}}, "Expected `array`, got `str`"),
        ({"forms": [1]}, "Expected `str`, got `int` - at `$.forms[0]`"),
    ],
)
def test_a_wrong_description_is_refused_with_its_place(about, message):
    with pytest.raises(AdapterError) as caught:
        read_description({"outputs": about})
    assert message in str(caught.value)


def test_a_description_may_leave_out_anything():
    about = read_description({"outputs": {"version": 1.5, "profile": None}})
    assert (about.name, about.version, about.profile) == (None, 1.5, None)
    assert read_description({"outputs": None}).operations is None


def test_text_of_a_program_is_fit_to_be_printed():
    assert clean_text("a\x1b[31mb\nc" + "x" * 500) == "a [31mb c" + "x" * 291


def test_requests_about_a_run_are_what_the_schema_says():
    asked = []

    class Recording:
        def ask(self, request):
            asked.append(json.loads(encode_line({"id": 1, **request})))
            return {"id": 1, "outputs": {"params": []}, "state": None}

    (case,) = load_cases(ids=["adam/missing-gradients"])
    actions = [*play_once(3), Action(SAVE, "a"), Action(START, "b", source="a")]
    actions.append(Action(RESTORE, "b", source="a"))
    script = make_script(case.technique, case.inputs, actions)
    runs = ProgramRuns(Recording(), case.offering.starter, "float32")
    run_script(script, case.inputs, case.hyperparameters, runs)
    verbs = ["adam_start", "step", "step", "step", "save", "adam_start", "restore", "end", "end"]
    assert [request["operation"] for request in asked] == verbs
    assert None in asked[2]["inputs"]["grads"]
    validator = jsonschema.Draft202012Validator(schema("request"))
    for request in asked:
        validator.validate(request)
        assert not validator.is_valid({**request, "run": 1})


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b'{"id": 1, "error": "\xff"}', "UTF-8"),
        (b'{"id": true, "outputs": {}}', "id is true"),
        (b'{"id": 1, "error": false, "outputs": {}}', '"error" must be a text'),
        (b'{"id": 1, "unsupported": "no"}', '"unsupported" must be true'),
    ],
)
def test_an_answer_of_another_form_is_malformed(line, words):
    with pytest.raises(MalformedError, match=words):
        read_answer(line, 1)


@pytest.mark.parametrize("shape", [[1] * 65, [10**18, 10**18, 0], [10**400]])
def test_a_shape_that_no_array_has_is_malformed(shape):
    with pytest.raises(MalformedError, match="a shape has at most"):
        read_outputs({"outputs": {"y": {"shape": shape, "data": []}}}, "float64")
