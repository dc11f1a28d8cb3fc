"""Answers from a file: by their ids, whatever their order, and what is missing or malformed."""

from __future__ import annotations

import json

import pytest

from trainspec.conformance.basics.errors import UserError
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.cases.result import CallError, Outcome
from trainspec.conformance.checking.check import check_cases
from trainspec.conformance.checking.declarations import as_declared
from trainspec.conformance.implementations.answer_file import (
    AnswerFile,
    identify_request,
    write_requests,
)
from trainspec.conformance.implementations.json_lines import Request
from trainspec.conformance.implementations.serve import Server
from trainspec.conformance.implementations.target import load_implementation

CASES = load_cases(["sgd", "adam"], ["core"])
EXPECTED = 67329200228352


def answer_all(types=("float64", "float32")):
    server = Server(load_implementation(["reference"], in_process=True))
    requests = [json.loads(line) for line in write_requests(CASES, types)]
    return [json.dumps(server.answer(Request(**request))).encode() for request in requests]


ANSWERS = answer_all()


def record(lines):
    return AnswerFile("answers.jsonl", lines, load_cases())


def test_ids_are_of_the_case_and_type_and_nothing_else():
    every = [identify_request(c, k) for c in load_cases() for k in c.types]
    assert len(set(every)) == len(every)
    assert min(every) > 0
    assert max(every) < 2**48
    (case,) = load_cases(ids=["adam/first-step"])
    assert identify_request(case, "float32") == EXPECTED
    assert identify_request(as_declared(case, "eps-hat"), "float32") == EXPECTED
    assert identify_request(as_declared(case, "coupled-decay"), "float32") // 256 == EXPECTED // 256
    assert identify_request(as_declared(case, "coupled-decay"), "float32") != EXPECTED


def test_the_verdict_is_that_of_a_check_in_any_order():
    implementation = record(reversed(ANSWERS))
    assert (implementation.name, implementation.types) == (
        "trainspec reference",
        ["float64", "float32"],
    )
    assert implementation.operations == {"sgd", "adam"}
    found = list(check_cases(implementation, CASES))
    assert {r.outcome for r in found} == {Outcome.PASS}
    assert len(found) == len(ANSWERS) - 1


def test_a_missing_answer_is_told():
    (case,) = load_cases(ids=["adam/first-step"])
    number = identify_request(case, "float32")
    some = [line for line in ANSWERS if json.loads(line)["id"] != number]
    with pytest.raises(CallError, match=f"the file has no answer with the id {number}") as caught:
        record(some).call(case, "float32")
    assert caught.value.outcome is Outcome.CRASHED
    with pytest.raises(CallError, match="not asked in this type") as caught:
        record(some).call(case, "float16")
    assert caught.value.outcome is Outcome.UNSUPPORTED


def test_a_malformed_answer_is_that_of_its_case():
    (case,) = load_cases(ids=["adam/first-step"])
    number = identify_request(case, "float64")
    lines = [json.dumps({"id": number, "outputs": {"params": [[{"shape": [1], "data": []}]]}})]
    with pytest.raises(CallError, match="needs a list of 1 numbers") as caught:
        record([lines[0].encode()]).call(case, "float64")
    assert caught.value.outcome is Outcome.MALFORMED


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([b"{}"], "line 1 must have the id of its request"),
        ([ANSWERS[0], b"", b"nonsense"], "line 3 is not JSON"),
        ([ANSWERS[1], ANSWERS[1]], "lines 1 and 2 both answer the request"),
        ([b'{"id": 7, "outputs": {}}'], "none of the lines answers a request"),
        ([], "none of the lines answers a request"),
    ],
)
def test_what_is_no_file_of_answers_is_refused(lines, message):
    with pytest.raises(UserError, match=message):
        record(lines)


def test_a_variant_that_was_not_asked_for_is_told():
    (case,) = load_cases(ids=["adam/first-step"])
    decayed = as_declared(case, "coupled-decay")
    with pytest.raises(CallError, match="write the requests with --variant adam=coupled-decay"):
        record(ANSWERS).call(decayed, "float64")


def test_what_is_said_and_not_answered_is_listed():
    told = record([a for a in ANSWERS if json.loads(a)["id"] == 0] + ANSWERS[1:3]).list_unanswered()
    assert "adam: no answer in any type; was it asked?" in told
    assert "sgd: no answer in float16, bfloat16; was it asked?" in told


def test_ids_may_be_written_as_floats_and_files_begin_with_a_mark():
    lines = [ANSWERS[0], ANSWERS[1].replace(b'"id": ', b'"id": ', 1)]
    number = json.loads(lines[1])["id"]
    lines[1] = lines[1].replace(str(number).encode(), f"{number}.0".encode(), 1)
    assert record([b"\xef\xbb\xbf" + lines[0], lines[1]]).operations == {"sgd"}
    with pytest.raises(UserError, match="UTF-16"):
        record(["{}".encode("utf-16")])
