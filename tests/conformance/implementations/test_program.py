"""Programs on the other end of the pipe: real ones, and every way to be a bad one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from helpers import ROOT, failures
from trainspec.conformance.basics.names import operation_of
from trainspec.conformance.basics.paths import list_techniques
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.cases.result import CallError, Outcome
from trainspec.conformance.checking.check import check_cases
from trainspec.conformance.implementations.implementation import AdapterError
from trainspec.conformance.implementations.program import Program
from trainspec.conformance.implementations.target import load_implementation
from trainspec.conformance.pages.load import load_page

#: Where Debian keeps the sources of Rust packages.
CRATES = Path("/usr/share/cargo/registry")

HEAD = """
import json, os, signal, sys, time, subprocess
sys.path.insert(0, {root!r})
from trainspec.conformance.implementations.json_lines import Request
from trainspec.conformance.implementations.serve import Server
from trainspec.conformance.implementations.target import load_implementation
adapter = load_implementation(["reference"])
def right(adapter, q):
    return Server(adapter).answer(Request(**q))
def say(x):
    print(x if isinstance(x, str) else json.dumps(x), flush=True)
for count, line in enumerate(sys.stdin):
    q = json.loads(line)
    a = right(adapter, q)
    bad = q["operation"] != "describe" and len(q["inputs"]["params"]) == 2
"""


#: What the program does for requests of two tensors; every other answer is right.
BAD = {
    "hangs": ("time.sleep(60)", Outcome.TIMED_OUT, "no answer within"),
    "crashes": ("sys.exit('no memory')", Outcome.CRASHED, "exit status 1; its last message: no memory"),
    "ends": ("sys.exit(0)", Outcome.CRASHED, "exit status 0"),
    "is killed": ("os.kill(os.getpid(), 9)", Outcome.CRASHED, "signal SIGKILL"),
    "closes": ("os.close(1); time.sleep(60)", Outcome.CRASHED, "closed its output"),
    "babbles": ("print('loading...')", Outcome.MALFORMED, "not JSON: 'loading...'"),
    "is binary": (
        "sys.stdout.buffer.write(b'\\xff\\xfe\\n'); sys.stdout.flush()",
        Outcome.MALFORMED,
        "not JSON",
    ),
    "other id": ("a['id'] += 1", Outcome.MALFORMED, "the answer's id is"),
    "no id": ("del a['id']", Outcome.MALFORMED, "the answer has no"),
    "list": ("a = [a]", Outcome.MALFORMED, "an answer must be an object"),
    "empty": ("a = {'id': q['id']}", Outcome.MALFORMED, 'neither "outputs"'),
    "other name": ("a['outputs'] = {'w': a['outputs']['params']}", Outcome.MALFORMED, "'params'"),
    "fewer steps": ("a['outputs']['params'].pop()", Outcome.MALFORMED, "for each of the"),
    "fewer tensors": ("a['outputs']['params'][0].pop()", Outcome.MALFORMED, "a list of 2 tensors"),
    "other shape": ("a['outputs']['params'][0][0]['shape'] = [1, 2]", Outcome.WRONG, "shape"),
    "wrong data": ("a['outputs']['params'][0][0]['data'] = ['x', 1]", Outcome.MALFORMED, "must hold numbers, got \"x\""),
    "null data": ("a['outputs']['params'][0][0]['data'] = [None, 1]", Outcome.MALFORMED, "as strings"),
    "nested": ("a['outputs']['params'][0][0] = [1, 2]", Outcome.MALFORMED, ""),
    "null error": ("a['error'] = None", Outcome.PASS, ""),
    "huge number": ("a['outputs']['params'][0][0]['data'][0] = 10**400", Outcome.MALFORMED, "large"),
    "bad shape": ("a['outputs']['params'][0][0]['shape'] = None", Outcome.MALFORMED, "a shape is"),
    "deep": ("say('[' * 100000 + ']' * 100000)", Outcome.MALFORMED, "not JSON"),
    "leaves a child": (
        "subprocess.Popen(['sleep', '60']); sys.exit(1)", Outcome.CRASHED, "exit status 1"
    ),
    "refuses": ("a = {'id': q['id'], 'error': 'no twos'}", Outcome.REJECTED, "no twos"),
    "lacks": ("a = {'id': q['id'], 'unsupported': True}", Outcome.UNSUPPORTED, "no such"),
}  # fmt: skip


@pytest.fixture
def program(tmp_path):
    """Load a program made of the right answers and a few lines for the bad one."""
    loaded = []

    def make(lines, timeout=5.0, head=HEAD):
        path = tmp_path / "program.py"
        body = f"    if bad:\n{textwrap.indent(lines, ' ' * 8)}\n    say(a)\n" if lines else ""
        path.write_text(head.format(root=str(ROOT / "reference")) + body)
        program = [sys.executable, str(path)]
        loaded.append(load_implementation(program, timeout, start_timeout=60.0))
        return loaded[-1]

    yield make
    for implementation in loaded:
        implementation.close()


def alive(group):
    """Processes of a group that are not yet gone."""
    listing = subprocess.run(
        ["ps", "-eo", "pgid=,stat="], capture_output=True, text=True, check=True
    ).stdout
    rows = [row.split() for row in listing.splitlines()]
    return [row for row in rows if int(row[0]) == group and not row[1].startswith("Z")]


@pytest.mark.parametrize("fault", BAD)
def test_a_fault_costs_its_case_and_no_other(program, fault):
    lines, outcome, message = BAD[fault]
    implementation = program(lines, timeout=5.0 if outcome is Outcome.TIMED_OUT else 30.0)
    chosen = load_cases(ids=["sgd/changing-rate", "sgd/few-digits", "sgd/large-gradients"])
    found = {r.case.id: r for r in check_cases(implementation, chosen, ["float64"])}
    bad = found.pop("sgd/few-digits")
    assert bad.outcome is outcome
    assert message in bad.message
    assert [r.outcome for r in found.values()] == [Outcome.PASS] * 2


@pytest.mark.parametrize(
    "lines",
    [
        "time.sleep(60)",
        "subprocess.Popen(['sleep', '61']); time.sleep(60)",
        "subprocess.Popen(['sleep', '61'], start_new_session=True); time.sleep(60)",
    ],
)
def test_no_process_is_left(program, lines):
    implementation = program(lines, timeout=5.0)
    group = implementation._process.pid
    assert alive(group)
    (case,) = load_cases(ids=["sgd/few-digits"])
    with pytest.raises(CallError, match="no answer within"):
        implementation.call(case, "float64")
    deadline = time.monotonic() + 5
    while (alive(group) or sleeping()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not alive(group)
    assert not sleeping()


def sleeping():
    """Children of the bad programs, whichever group they are in."""
    listing = subprocess.run(["ps", "-wweo", "args="], capture_output=True, text=True, check=True)
    return [row for row in listing.stdout.splitlines() if row.startswith("sleep 61")]


def test_a_terminated_checker_leaves_no_program_behind(program, tmp_path):
    program("time.sleep(60)")
    command = [sys.executable, "-m", "trainspec.conformance.cli", "check", "--timeout", "30", "--"]
    checker = subprocess.Popen([*command, sys.executable, str(tmp_path / "program.py")])
    wanted = f"{sys.executable} {tmp_path / 'program.py'}"

    def running():
        listing = subprocess.run(
            ["ps", "-wweo", "args="], capture_output=True, text=True, check=True
        )
        return [row for row in listing.stdout.splitlines() if row.startswith(wanted)]

    deadline = time.monotonic() + 20
    while len(running()) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)  # one is the fixture's own
    assert len(running()) == 2
    checker.terminate()
    assert checker.wait(timeout=10) == 143
    assert len(running()) == 1


def test_a_malformed_first_answer_stops_the_operation_with_advice(program):
    implementation = program("", head=HEAD + "    a['outputs'] = {{}}\n    say(a)\n")
    found = list(check_cases(implementation, load_cases(["sgd"]), ["float64"]))
    assert {r.outcome for r in found} == {Outcome.MALFORMED}
    assert "asked for sgd/changing-rate" in found[0].message


def test_a_program_that_keeps_state_between_calls_is_told(program):
    drift = "    if 'outputs' in a and count:\n        a['outputs']['params'][0][0]['data'][0] += count\n"
    implementation = program("", head=HEAD + drift + "    say(a)\n")
    found = list(check_cases(implementation, load_cases(["sgd"]), ["float64"]))
    assert found[0].outcome is Outcome.MALFORMED
    assert "two different answers" in found[0].message


def test_a_program_that_does_not_exist_is_a_clear_error():
    with pytest.raises(AdapterError, match="'./none' is not a program on this machine"):
        load_implementation(["./none"])


def test_the_javascript_example_conforms():
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed")
    implementation = load_implementation([node, str(ROOT / "examples" / "adapter.mjs")])
    rules = [technique for technique in list_techniques() if load_page(technique).is_update_rule]
    found = list(check_cases(implementation, load_cases(), steps_of=rules))
    implementation.close()
    assert failures(found) == []
    assert {r.case.operation for r in found if r.kind} >= {"sgd", "adam"}
    assert {r.outcome for r in found if r.kind} == {Outcome.PASS}
    stepped = {r.case.operation for r in found if r.case.name == "steps-saved" and r.kind}
    assert stepped == {operation_of(technique) for technique in rules}


@pytest.mark.slow
def test_the_cpp_example_conforms(tmp_path):
    compiler = shutil.which("c++")
    if compiler is None or not os.path.exists("/usr/include/nlohmann/json.hpp"):
        pytest.skip("no C++ compiler, or no nlohmann-json")
    program = tmp_path / "adapter"
    source = ROOT / "examples" / "adapter.cpp"
    subprocess.run([compiler, "-std=c++17", "-O1", "-o", program, source], check=True)
    implementation = load_implementation([str(program)])
    found = list(check_cases(implementation, load_cases()))
    implementation.close()
    assert failures(found) == []
    assert {r.kind for r in found} - {""} == {"float64", "float32"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "source", ["examples/adapter.rs", "reference/trainspec/conformance/templates/adapter.rs"]
)
def test_rust(source, tmp_path):
    """The example conforms, and the template builds and says that nothing is written yet."""
    if shutil.which("cargo") is None or not list(CRATES.glob("serde_json-*")):
        pytest.skip("no cargo, or no serde_json of Debian's")
    (tmp_path / "src").mkdir()
    shutil.copy(ROOT / source, tmp_path / "src" / "main.rs")
    (tmp_path / "Cargo.toml").write_text(
        '[package]\nname = "adapter"\nversion = "0.1.0"\nedition = "2021"\n\n'
        '[dependencies]\nserde_json = { version = "1", features = ["float_roundtrip"] }\n'
    )
    (tmp_path / ".cargo").mkdir()
    (tmp_path / ".cargo" / "config.toml").write_text(
        f'[source.crates-io]\nreplace-with = "debian"\n\n[source.debian]\ndirectory = "{CRATES}"\n'
    )
    subprocess.run(["cargo", "build", "--quiet", "--offline"], cwd=tmp_path, check=True)
    implementation = load_implementation([str(tmp_path / "target" / "debug" / "adapter")])
    found = [r for r in check_cases(implementation, load_cases(["optimizers"])) if r.kind]
    implementation.close()
    if "templates" in source:
        assert not [r for r in found if r.outcome is Outcome.PASS]
    else:
        assert failures(found) == []
        assert {r.case.operation for r in found} >= {
            "sgd",
            "momentum",
            "adagrad",
            "rmsprop",
            "adam",
        }


def test_every_operation_can_be_answered_by_a_program():
    """The reference behind the pipe: inputs and outputs of every technique, in JSON."""
    command = [sys.executable, "-m", "trainspec.conformance.cli", "serve", "reference"]
    implementation = load_implementation(command, 30.0)
    found = list(check_cases(implementation, load_cases(), ["float32"]))
    implementation.close()
    assert failures(found) == []
    assert {r.case.technique for r in found if r.outcome is Outcome.PASS} == set(list_techniques())


@pytest.mark.parametrize("name", ["adapter.mjs", "adapter.cpp", "adapter.py"])
def test_examples_are_short(name):
    assert len((ROOT / "examples" / name).read_text("utf-8").splitlines()) < 80


def test_a_program_may_take_longer_to_start_than_to_answer(tmp_path):
    path = tmp_path / "slow.py"
    path.write_text(
        "import sys, time, json\ntime.sleep(1.5)\nfor line in sys.stdin:\n"
        "    asked = json.loads(line)\n"
        "    print(json.dumps({'id': asked['id'], 'unsupported': True}), flush=True)\n"
    )
    with pytest.raises(CallError, match="--start-timeout"):
        Program([sys.executable, str(path)], 0.5)
    program = Program([sys.executable, str(path)], 0.5, start_timeout=20)
    program.close()
    with pytest.raises(CallError) as caught:  # started again, as after a crash
        program.call(load_cases(["relu"])[0], "float64")
    assert caught.value.outcome is Outcome.UNSUPPORTED
    program.close()
