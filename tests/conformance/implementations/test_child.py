"""A Python adapter in its own process: what it does there costs its case, and no other."""

from __future__ import annotations

import time

import psutil
import pytest

from command_line import run
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.cases.result import CallError, Outcome
from trainspec.conformance.implementations.child import ChildModule
from trainspec.conformance.implementations.implementation import AdapterError

HEAD = "import os, sys, time, threading, signal, subprocess\nimport numpy as np\nname = 'mine'\n"
RELU = """
def relu(x, dy):
    if x.ndim == 0:
        {}
    return {{"y": np.maximum(x, 0), "dx": np.where(x > 0, dy, 0)}}
"""


@pytest.fixture
def child(tmp_path):
    started = []

    def start(code, timeout=2.0):
        path = tmp_path / "mine.py"
        path.write_text(HEAD + code)
        started.append(ChildModule(str(path), timeout))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.mark.parametrize(
    ("line", "outcome", "message"),
    [
        ("os._exit(0)", Outcome.CRASHED, "exit status 0"),
        ("sys.exit(0)", Outcome.CRASHED, "SystemExit"),
        ("os.abort()", Outcome.CRASHED, "SIGABRT"),
        ("os.kill(os.getpid(), signal.SIGKILL)", Outcome.CRASHED, "SIGKILL"),
        ("os.closerange(3, 50)", Outcome.CRASHED, ""),
        ("x[...] = 0", Outcome.WRONG, "changed its input x in place"),
        ("raise ValueError('no')", Outcome.REJECTED, "ValueError: no"),
        ("raise NotImplementedError('later')", Outcome.UNSUPPORTED, "later"),
        ("raise KeyboardInterrupt", Outcome.CRASHED, ""),
    ],
)
def test_a_fault_costs_its_case_and_no_other(child, line, outcome, message):
    of = child(RELU.format(line))
    cases = [c for c in load_cases(["relu"]) if not c.rejects]
    bad = [c for c in cases if c.inputs["x"]["shape"] == []]
    good = [c for c in cases if c.inputs["x"]["shape"] != []]
    assert bad
    assert good
    for case in (good[0], bad[0], good[0], bad[0], good[-1]):
        if case in good:
            assert of.call(case, "float64")["y"].dtype == "float64"
            continue
        with pytest.raises(CallError) as caught:
            of.call(case, "float64")
        assert caught.value.outcome is outcome
        assert message in str(caught.value)


HANGS = {
    "python": "while True: pass",
    "swallowed": "while True:\n            try:\n                time.sleep(9)\n"
    "            except BaseException:\n                pass",
    "c": "np.linalg.svd(np.random.rand(6000, 6000))",
    "children": "subprocess.Popen(['sleep', '77']); time.sleep(77)",
}


@pytest.mark.parametrize("how", HANGS)
def test_time_runs_out_and_nothing_is_left(child, how):
    of = child(RELU.format(HANGS[how]), timeout=0.5)
    case = next(c for c in load_cases(["relu"]) if c.inputs["x"]["shape"] == [])
    start = time.monotonic()
    with pytest.raises(CallError, match="no answer within") as caught:
        of.call(case, "float64")
    assert caught.value.outcome is Outcome.TIMED_OUT
    assert time.monotonic() - start < 30
    of.close()
    left = [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", "77"]]
    assert not left


def test_what_it_prints_is_no_answer_and_is_bounded(child, capfd):
    loud = "print('x' * 1000, flush=True); os.write(1, b'raw\\n')\n        for _ in range(9999): print('y' * 99)"
    of = child(RELU.format(loud))
    case = next(c for c in load_cases(["relu"]) if c.inputs["x"]["shape"] == [])
    assert set(of.call(case, "float64")) == {"y", "dx"}
    assert len(capfd.readouterr().err) < 50_000


@pytest.mark.parametrize(
    ("code", "error", "message"),
    [
        ("raise RuntimeError('bad')", AdapterError, "cannot be imported: RuntimeError: bad"),
        ("def broken(", AdapterError, "cannot be imported: SyntaxError"),
        ("types = ['float8']", AdapterError, "must be a list of some of"),
        ("os._exit(0)", CallError, "ended without answering"),
        ("sys.exit(0)", AdapterError, "cannot be imported: SystemExit"),
    ],
)
def test_what_goes_wrong_at_import_is_told_when_it_is_asked(child, code, error, message):
    with pytest.raises(error, match=message):
        assert child(code).name


def test_it_says_what_a_module_in_the_checker_would(child):
    of = child(
        "version = '2'\nvariants = {'adam': 'eps-hat'}\nprofile = 'torch'\ntypes = ['float32']\n"
        "def adam(params, grads, *, learning_rate, weight_decay=0.0): return grads\n"
        "forms = {'adam:amsgrad': adam}\n"
    )
    assert (of.name, of.version, of.profile) == ("mine", "2", "torch")
    assert (of.variants, of.forms, of.types) == (
        {"adam": "eps-hat"}, ("adam:amsgrad",), ("float32",)
    )  # fmt: skip
    assert of.offers("adam")
    assert not of.offers("sgd")
    assert of.operations == {"adam"}
    assert of.known_failures == {}


def test_a_first_call_that_crashes_is_not_forgotten(tmp_path):
    """A program that survives one request a process must not conform."""
    path = tmp_path / "mine.py"
    once = (
        "\ncalls = []\ndef relu(x, dy):\n    calls.append(1)\n    if len(calls) > 1: os._exit(0)\n"
    )
    path.write_text(HEAD + once + "    return np.maximum(x, 0), np.where(x > 0, dy, 0)\n")
    result = run("check", str(path), "-t", "relu", "-d", "float64")
    assert result.exit_code == 3
    assert "crashed" in result.output


def test_the_present_folder_holds_the_adapters_modules_and_not_the_checkers(tmp_path, monkeypatch):
    (tmp_path / "types.py").write_text("raise SystemExit('this is not the library')")
    (tmp_path / "beside.py").write_text("DOUBLE = 2")
    (tmp_path / "inner").mkdir()
    path = tmp_path / "inner" / "adapter.py"
    path.write_text("import beside\n\n\ndef tanh(x, dy):\n    return {'y': x, 'dx': dy}\n")
    monkeypatch.chdir(tmp_path)
    module = ChildModule(str(path))
    try:
        assert module.offers("tanh")
    finally:
        module.close()
