"""LaTeX as MathML."""

from __future__ import annotations

import pytest

pytest.importorskip("latex2mathml")

from trainspec.conformance.site.formulas import write_formula, write_formulas


def test_a_formula_keeps_its_latex_for_those_who_cannot_see_it():
    written = write_formula(r"\hat m_t < 1 & x")
    assert written.startswith('<math alttext="\\hat m_t &lt; 1 &amp; x"')
    assert "<msub>" in written


def test_formulas_of_a_sentence_are_taken_out_and_marked():
    formulas, text = write_formulas("$a$ and $$b$$ cost 5 dollars")
    assert text == "formula-0- and formula-1- cost 5 dollars"
    assert 'display="inline"' in formulas["formula-0-"]
    assert 'display="block"' in formulas["formula-1-"]
