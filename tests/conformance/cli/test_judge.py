"""`trainspec judge`: programs in two languages answer on their own, and are judged as by check."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

from command_line import run
from helpers import ROOT

EXAMPLES = {
    "python": [sys.executable, str(ROOT / "examples" / "adapter.py")],
    "javascript": ["node", str(ROOT / "examples" / "adapter.mjs")],
}


def answer(language, requests, path):
    command = EXAMPLES[language]
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    if language == "python":  # a module of functions: served as a program
        command = [sys.executable, "-m", "trainspec.conformance.cli", "serve", command[1]]
    done = subprocess.run(command, input=requests.encode(), capture_output=True, check=True)
    path.write_bytes(done.stdout)


@pytest.mark.parametrize("language", EXAMPLES)
def test_a_program_that_answered_alone_is_judged_as_check_judges(language, tmp_path):
    path = tmp_path / "answers.jsonl"
    answer(language, run("requests", "-t", "optimizers").output, path)
    done = run("judge", str(path), "--json")
    assert done.exit_code == 0, done.output
    report = json.loads(done.output)
    target = EXAMPLES[language]
    words = [target[1]] if language == "python" else ["--", *target]
    checked = json.loads(run("check", "-t", "optimizers", "--json", *words).output)

    def passed(found):
        return {(r["case"], r["type"]) for r in found["results"] if r["outcome"] == "pass"}

    assert len(passed(report)) > 100
    assert passed(report) <= passed(checked)
    assert {c for c in passed(checked) - passed(report) if "/steps-" not in c[0]} == set()


def test_a_wrong_answer_is_diagnosed_and_a_missing_one_told(tmp_path):
    path = tmp_path / "answers.jsonl"
    answer("python", run("requests", "-t", "sgd", "-d", "float64").output, path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-3]))
    done = run("judge", str(path))
    assert done.exit_code == 3
    assert "the file has no answer with the id" in done.output


def test_a_declared_variant_is_held_to_its_values(tmp_path):
    path = tmp_path / "answers.jsonl"
    answer("python", run("requests", "-t", "adam", "-d", "float64").output, path)
    done = run("judge", str(path), "--variant", "adam=")
    assert done.exit_code == 1
    assert "diagnosis" in done.output


@pytest.mark.parametrize("text", ["", "nonsense\n", '{"id": 3}\n'])
def test_what_is_no_file_of_answers_is_refused(tmp_path, text):
    path = tmp_path / "answers.jsonl"
    path.write_text(text)
    done = run("judge", str(path))
    assert done.exit_code == 2
    assert "answers.jsonl" in done.output
    assert "Traceback" not in done.output
