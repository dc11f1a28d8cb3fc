"""The words of the command line that say what is to be checked."""

from __future__ import annotations

import click
import pytest

from trainspec.conformance.cli.targets import choose_target, read_value


def test_a_program_is_its_words_and_an_object_one_word_with_what_is_said_of_it():
    assert choose_target(["node", "adapter.mjs"], "", [], []) == ["node", "adapter.mjs"]
    (packed,) = choose_target(["mine:Opt"], "adam", ["amsgrad=True"], ["learning_rate=rate"])
    for part in ("mine:Opt", "adam", "amsgrad", "rate"):
        assert part in packed


def test_what_is_said_of_an_object_is_refused_for_anything_else():
    for said in (("adam", [], []), ("", ["a=1"], []), ("", [], ["a=b"])):
        with pytest.raises(click.UsageError, match="are for an object"):
            choose_target(["my_adapter.py"], *said)
    with pytest.raises(click.UsageError, match="'amsgrad' must be NAME=VALUE"):
        choose_target(["mine:Opt"], "", ["amsgrad"], [])


def test_a_value_is_written_as_in_python_and_a_word_needs_no_quotes():
    values = {"0.5": 0.5, "True": True, "[1, 2]": [1, 2], "None": None, "sum": "sum"}
    assert {text: read_value(text) for text in values} == values
    with pytest.raises(click.UsageError, match="must be a number, True"):
        read_value("{1, 2}")
