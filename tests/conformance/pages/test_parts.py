"""Rows of a page's tables as records."""

from __future__ import annotations

import pytest

from trainspec.conformance.pages.parts import Clause, Parameter, split_list

ROW = {"name": "beta1", "default": "0.9", "domain": "[0, 1)", "meaning": "of the first moment"}


def test_a_parameter_is_read_from_a_row():
    parameter = Parameter.read({**ROW, "symbol": "$β$", "also called": "`b1`, `rho1`"})
    assert (parameter.name, parameter.symbol) == ("beta1", "$β$")
    assert parameter.also_called == ("b1", "rho1")
    assert parameter.numeric
    assert parameter.is_fraction
    assert parameter.bounds == (0.0, True, 1.0, False)


def test_a_list_of_words_is_no_interval():
    parameter = Parameter.read({**ROW, "domain": "relu, tanh"})
    assert not parameter.numeric
    with pytest.raises(ValueError, match="could not convert"):
        _ = parameter.bounds


def test_clauses_are_read_line_by_line():
    text = "**ADAM-1** It MUST hold.\nWords between.\n**ADAM-2** It SHOULD hold."
    first, second = Clause.read(text)
    assert (first.id, first.requirement) == ("ADAM-1", "MUST")
    assert (second.id, second.requirement) == ("ADAM-2", "SHOULD")


def test_a_cell_is_split_at_commas():
    assert split_list(" a,b,  c ") == ["a", "b", "c"]
    assert split_list("") == []
