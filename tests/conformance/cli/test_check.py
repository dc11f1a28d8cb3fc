"""`trainspec check`, as a person uses it: output, exit statuses, no traceback."""

from __future__ import annotations

import json

import pytest

from command_line import ADAM, run


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
        ("known_failures = {'sgd/none': 'x'}", 2, "names 'sgd/none', which is not a case"),
        ("class E(BaseException): pass\ndef sgd(*a, **k): raise E('odd')", 3, "E: odd"),
        ("def sgd(params, grads, lr): return []", 1, "63 rejected, 8 advice"),
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
