"""What an implementation declares: forms, profiles, known failures."""

from __future__ import annotations

import pytest

from command_line import run
from helpers import adapter
from trainspec.conformance.checking.declarations import choose_forms
from trainspec.conformance.pages.profiles import load_profile

HAT = " / np.sqrt(1 - beta2**t)"


def test_further_forms_are_checked_as_what_they_say(port):
    path = port(head="forms = {}")
    with open(path, "a") as file:
        file.write("\nfrom functools import partial\nforms['adam:eps-hat'] = adam\n")
    result = run("check", path, "-t", "adam", "-d", "float64")
    assert result.exit_code == 1
    assert "adam:eps-hat" in result.output
    assert "this is the canonical form" in result.output


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("forms = {'adam:eps-hatt': adam}", "has no variant 'eps-hatt'"),
        ("forms = {'adamm:eps-hat': adam}", "forms names the operation 'adamm'"),
        ("forms = {'adam:eps-hat': 1}", "must be a dict of functions"),
        ("forms = {'adam:eps-hat+epsilon-in-root': adam}", "cannot be combined: both change step"),
        ("profile = 'pytorch'", "no profile 'pytorch'"),
    ],
)
def test_wrong_declarations_are_one_line(port, head, said):
    path = port()
    with open(path, "a") as file:
        file.write(f"\n{head}\n")
    result = run("check", path, "-t", "adam")
    assert result.exit_code == 2
    assert said in result.output


def test_a_profile_leaves_a_form_that_it_has_to_the_adapter():
    profile = load_profile("torch")
    held = choose_forms(adapter({"adam": "decoupled-decay", "momentum": "nesterov"}), profile)
    assert held["adam"] == "decoupled-decay"
    assert held["momentum"] == "rate-outside-velocity"  # the profile has no such form
    assert held["sgd"] == ""
