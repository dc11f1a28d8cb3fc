"""The command line, as a person uses it: output, exit statuses, no traceback for bad input."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from helpers import ROOT
from trainspec.conformance import cases
from trainspec.conformance.cli import main

ADAM = """
import numpy as np
def adam(params, grads, *, learning_rate, beta1, beta2, epsilon):
    m = [np.zeros_like(W) for W in params]
    v = [np.zeros_like(W) for W in params]
    after = []
    for t, (gradient, rate) in enumerate(zip(grads, learning_rate), 1):
        params = list(params)
        for k, g in enumerate(gradient):
            m[k] = beta2 * m[k] + (1 - beta2) * g
            v[k] = beta1 * v[k] + (1 - beta1) * g * g
            m_hat, v_hat = m[k] / (1 - beta2**t), v[k] / (1 - beta1**t)
            step = rate * m_hat / (np.sqrt(v_hat) + epsilon)
            params[k] = np.asarray(params[k] - step, dtype=g.dtype)
        after.append(params)
    return after
"""


def run(*arguments):
    return CliRunner().invoke(main, list(arguments), catch_exceptions=False)


@pytest.fixture
def module(tmp_path):
    """Write an adapter and give its path."""

    def write(text):
        path = tmp_path / "my_adapter.py"
        path.write_text(text)
        return str(path)

    return write


def test_check_without_arguments_checks_the_reference():
    result = run("check")
    assert result.exit_code == 0
    assert "trainspec reference conforms" in result.output


def test_a_wrong_adam_is_named_located_and_can_be_run_again(module):
    path = module(ADAM)
    result = run("check", path)
    assert result.exit_code == 1
    for text in (
        "this is the known error betas-swapped",
        "adam/changing-rate in float64: wrong",
        "step 2, tensor 0, element [0, 0]",
        "expected",
        "0x1.",
        "ulps",
        "ADAM-1",
        "there the rule has m = ",
        f"trainspec check {path} --case adam/changing-rate --dtype float64",
    ):
        assert text in result.output
    again = run("check", path, "--case", "adam/changing-rate", "--dtype", "float64")
    assert again.exit_code == 1
    assert "does not conform: 1 wrong" in again.output


def test_json_is_json_and_nothing_else(module):
    result = run("check", module(ADAM), "--json")
    report = json.loads(result.stdout)
    assert report["format"] == "trainspec-report"
    assert report["diagnoses"]["adam"]["form"] == "betas-swapped"
    wrong = [r for r in report["results"] if r["outcome"] == "wrong"]
    assert {"place", "expected", "got", "ulps", "tolerances"} == wrong[0]["divergence"].keys()
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["check", "none.py"], 2, "there is no file none.py"),
        (["check", "nonesuch"], 2, "is no program on this machine, no .py file and no shipped"),
        (["check", "-t", "adamm"], 2, "no technique 'adamm'; there are: initializers/constant"),
        (["check", "-c", "adam/none"], 2, "no case adam/none"),
        (["check", "-c", "none/none"], 2, "no case none/none"),
        (["check", "-l", "easy"], 2, "'easy' is not one of 'core'"),
        (["check", "-d", "float8"], 2, "'float8' is not one of 'float64'"),
        (["check", "--variant", "adam"], 2, "must be OPERATION=NAME"),
        (
            ["check", "--variant", "adam=none"],
            2,
            "has no variant 'none'; its variants are: eps-hat",
        ),
        (["check", "-t", "adam", "-l", "statistics"], 2, "no case is left by these options"),
        (["check", "--timeout", "0"], 2, "0 is not in the range"),
        (["check", "--timeout", "nan"], 2, "nan is no time"),
        (["check", "-c", "adam/usual-values", "-d", "float16"], 2, "cases serves float16"),
        (["check", "reference", "sgd"], 2, "one implementation at a time"),
        (["check", "--", "/"], 2, "is a folder, not a program"),
        (["list", "--cases", "--variants"], 2, "not both"),
        (["show", "nonesuch"], 2, "no technique 'nonesuch'"),
        (["show", "adam:none"], 2, "has no variant or error named 'none'"),
        (["certify", "nonesuch"], 2, "no technique nonesuch"),
        (["new", "cobol"], 2, "'cobol' is not one of 'python'"),
        (["check", "--", "false"], 3, "the adapter gives no answer: crashed"),
    ],
)
def test_bad_input_is_one_clear_line(arguments, status, message):
    result = run(*arguments)
    assert result.exit_code == status
    assert message in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("text", "status", "message"),
    [
        ("def adam(:", 2, "cannot be imported: SyntaxError"),
        ("import nonesuch", 2, "ModuleNotFoundError: No module named 'nonesuch'"),
        ("raise SystemExit(0)", 2, "cannot be imported: SystemExit"),
        ("types = ['float8']", 2, "types = ['float8'] must be a list of some of float64"),
        ("variants = ['a']", 2, "must be a dict of strings"),
        ("def adam(*a, **k): return None", 3, "got None (does the function return its result?)"),
        ("def adam(params, grads, **k): return [params]", 3, "one entry for each of the 6 steps"),
        ("def adam(*a, **k): raise SystemExit(0)", 3, "crashed"),
        ("def adam(*a, **k): return adam(*a, **k)", 3, "RecursionError"),
        ("def adam(*a): return a", 1, "unexpected keyword argument"),
        ("x = 1", 4, "nothing was checked"),
        ("def adam(*a, **k): raise NotImplementedError", 4, "nothing was checked"),
        ("types = 3", 2, "types = 3 must be a list of some of float64"),
        ("types = []", 2, "types = [] must be a list of some of float64"),
        ("variants = {'adamm': 'eps-hat'}", 2, "names the operation 'adamm'; there are"),
        ("variants = {'adam': 'nope'}", 2, "has no variant 'nope'; its variants are: eps-hat"),
        ("known_failures = {'sgd/none': 'x'}", 2, "names 'sgd/none', which is no case"),
        ("class E(BaseException): pass\ndef sgd(*a, **k): raise E('odd')", 3, "E: odd"),
        ("def sgd(params, grads, lr): return []", 1, "55 rejected, 8 advice"),
        ("def sgd(p, g, **k): p[0] = None; return g", 1, "changed its input params[0] in place"),
        ("def sgd(p, g, **k): p.clear(); return g", 1, "changed its input"),
        ("def sgd(p, g, **k): return [[['a'] for x in y] for y in g]", 3, "of numbers, got"),
        ("def sgd(*a, **k): raise TimeoutError('mine')", 3, "TimeoutError: mine"),
        (
            "def sgd(params, grads, learning_rate):\n"
            "    for g, r in zip(grads, learning_rate):\n"
            "        for W, d in zip(params, g): W -= r * d\n"
            "    return [[W.copy() for W in params] for _ in grads]",
            1,
            "changed its input params[0] in place",
        ),
        (
            "def sgd(params, grads, learning_rate):\n"
            "    out = []\n"
            "    for g, r in zip(grads, learning_rate):\n"
            "        params = [(W - r * d).astype('float32') for W, d in zip(params, g)]\n"
            "        out.append(params)\n"
            "    return out",
            1,
            "returned float32 where the inputs are float64",
        ),
        (
            "def sgd(params, grads, learning_rate):\n"
            "    params = [W.copy() for W in params]\n"
            "    out = []\n"
            "    for g, r in zip(grads, learning_rate):\n"
            "        for W, d in zip(params, g): W[...] = W - r * d\n"
            "        out.append(params)\n"
            "    return out",
            1,
            "return a copy after each step",
        ),
    ],
)
def test_faults_of_an_adapter_are_told(module, text, status, message):
    result = run("check", module(text))
    assert message in result.output
    assert result.exit_code == status
    assert "Traceback" not in result.output


def test_an_endless_loop_is_ended(module):
    text = "def sgd(*a, **k):\n    while True: pass"
    result = run(
        "check", module(text), "--timeout", "0.05", "-c", "sgd/few-digits", "-d", "float64"
    )
    assert result.exit_code == 3
    assert "no answer within 0.05 s" in result.output


def test_known_failures_are_kept_apart_and_stale_ones_fail(module):
    known = "known_failures = {'adam/changing-rate in float64': 'because', 'adam/betas-zero in float64': 'gone'}"
    path = module(ADAM + known)
    result = run("check", path, "-c", "adam/changing-rate", "-d", "float64")
    assert result.exit_code == 0
    assert "known failure adam/changing-rate: because" in result.output
    result = run("check", path, "-c", "adam/betas-zero", "-d", "float64")
    assert result.exit_code == 1
    assert "take it off the list" in result.output


def test_list_and_show_name_everything():
    listed = run("list").output
    assert "optimizers/adam" in listed
    assert "tensorflow, tinygrad, torch" in listed
    every = run("list", "--cases").output
    assert all(case.id in every for case in cases.load())
    assert "adam variant eps-hat" in run("list", "--variants", "-t", "adam").output
    assert "W = W - learning_rate * step" in run("show", "adam").output
    assert "epsilon / sqrt(1 - beta2 ** t)" in run("show", "adam:eps-hat").output
    assert "g = g + weight_decay * W" in run("show", "adam:eps-hat+coupled-decay").output
    assert '"shape": [3]' in run("show", "adam/first-step").output


@pytest.mark.parametrize("language", ["python", "javascript", "cpp"])
def test_new_prints_an_adapter_to_fill_in(language, module):
    result = run("new", language)
    assert "trainspec check" in result.output
    if language == "python":
        assert run("check", module(result.output)).exit_code == 4


def test_strict_lets_advice_fail(module):
    text = (
        "def sgd(params, grads, learning_rate):\n"
        "    out = []\n"
        "    for g, r in zip(grads, learning_rate):\n"
        "        params = [W - W.dtype.type(r) * d for W, d in zip(params, g)]\n"
        "        out.append(params)\n"
        "    return out"
    )
    assert run("check", module(text)).exit_code == 0
    assert run("check", module(text), "--strict").exit_code == 1


def test_a_python_adapter_can_be_served_as_a_program(module):
    path = module(ADAM)
    command = [sys.executable, "-m", "trainspec.conformance.cli", "serve", path]
    result = run("check", "-t", "adam", "-c", "adam/few-digits", "-d", "float32", "--", *command)
    assert result.exit_code == 1
    assert "betas-swapped" in result.output


def test_output_in_a_pipe_is_plain_and_ends_quietly():
    command = f"{sys.executable} -m trainspec.conformance.cli list --cases | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, cwd=ROOT, check=True)
    assert "\x1b" not in done.stdout
    assert "Traceback" not in done.stderr


def test_certify_says_that_all_is_well():
    result = run("certify", "sgd")
    assert result.exit_code == 0
    assert "certified: the golden values of 1 techniques" in result.output
