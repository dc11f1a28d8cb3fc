"""The cases as tests in somebody else's suite."""

from __future__ import annotations

pytest_plugins = ["pytester"]


def run(pytester, *arguments):
    return pytester.runpytest_subprocess("-p", "no:cacheprovider", *arguments)


def test_every_case_is_a_test(pytester):
    result = run(pytester, "--trainspec", "reference", "--trainspec-technique", "sgd", "-q")
    outcomes = result.parseoutcomes()
    assert outcomes.keys() == {"passed"}
    assert outcomes["passed"] > 40


def test_failures_read_as_the_checker_s(pytester):
    pytester.makepyfile(
        wrong="def sgd(params, grads, learning_rate):\n"
        "    out = []\n"
        "    for g, r in zip(grads, learning_rate):\n"
        "        params = [W + W.dtype.type(r) * d for W, d in zip(params, g)]\n"
        "        out.append(params)\n"
        "    return out\n",
        test_own="def test_own(): pass\n",
    )
    result = run(pytester, "--trainspec", "wrong.py", "--trainspec-dtype", "float64")
    outcomes = result.parseoutcomes()
    assert outcomes["failed"] >= 5
    assert outcomes["passed"] >= 2
    result.stdout.fnmatch_lines(["*the known error ascent*", "*SGD-1*"])


def test_one_case_can_be_chosen(pytester):
    result = run(pytester, "--trainspec", "reference", "-k", "first-step and adam and float64")
    assert result.parseoutcomes()["passed"] == 2


def test_without_the_option_nothing_is_added(pytester):
    pytester.makepyfile("def test_own(): pass")
    assert run(pytester).parseoutcomes() == {"passed": 1}


def test_an_adapter_that_does_not_load_is_a_usage_error(pytester):
    pytester.makepyfile("def test_own(): pass")
    result = run(pytester, "--trainspec", "none.py")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*there is no file none.py*"])
