"""The clauses of a line, and of an output, are those that the page's own edits of it break."""

from __future__ import annotations

from trainspec.conformance.diagnosis.broken_clauses import (
    find_clauses_of_lines,
    find_clauses_of_outputs,
)
from trainspec.conformance.pages.load import load_page

ADAM, NORM = load_page("optimizers/adam"), load_page("layers/batch_normalization")


def test_of_a_line():
    assert find_clauses_of_lines(ADAM, ["m_hat"]) == ("ADAM-3",)
    assert find_clauses_of_lines(ADAM, []) == ()


def test_of_an_output():
    assert find_clauses_of_outputs(NORM, ["dgamma"]) == ("BATCHNORM-5",)
    assert find_clauses_of_outputs(NORM, []) == ()
