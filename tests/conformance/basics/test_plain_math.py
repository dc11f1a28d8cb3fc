"""Mathematics for a terminal: legible, with nothing of LaTeX left."""

from __future__ import annotations

import re

import pytest

from trainspec.conformance.basics.paths import list_techniques, page_path
from trainspec.conformance.basics.plain_math import render_formula, render_text
from trainspec.conformance.pages.load import load_page


@pytest.mark.parametrize(
    ("formula", "plain"),
    [
        (r"m_t = \beta_1 m_{t-1} + (1-\beta_1) g_t", "mₜ = β₁ mₜ₋₁ + (1-β₁) gₜ"),
        (r"\sqrt{\hat v_t} + \varepsilon", "√v̂ₜ + ε"),
        (r"\eta_t > 0", "ηₜ > 0"),
        (r"\varepsilon > 0", "ε > 0"),
        (r"\hat m_t = \frac{m_t}{1-\beta_1^t}", "m̂ₜ = mₜ/(1-β₁ᵗ)"),
        (r"\frac\lambda2 \sum W^2", "λ/2 ∑ W²"),
        (r"\frac{\partial L}{\partial x_i}", "∂L/∂xᵢ"),
        (r"\exp(-\frac{(a-b)^2}{2\ell^2})", "exp(-((a-b)²)/(2ℓ²))"),
        (r"10^{-19}", "10⁻¹⁹"),
        (r"e^{z_{nk}}", "e^(zₙₖ)"),
        (r"y = \begin{cases} x & u > p \\ 0 & u \le p \end{cases}", "y = { x if u > p ; 0 if u ≤ p }"),
        (r"\infty - \infty", "∞ - ∞"),
    ],
)  # fmt: skip
def test_a_formula_is_legible(formula, plain):
    assert render_formula(formula) == plain


def test_text_loses_its_marks():
    text = "With $\\beta_2$ in `float16` see [Adam](adam.md) and **this**."
    assert render_text(text) == "With β₂ in float16 see Adam and this."


@pytest.mark.parametrize("technique", list_techniques())
def test_no_page_leaves_latex_behind(technique):
    text = page_path(technique).read_text("utf-8")
    formulas = re.findall(r"\$\$(.+?)\$\$|\$(.+?)\$", text, re.DOTALL)
    assert formulas
    for formula in (one or other for one, other in formulas):
        plain = render_formula(formula)
        assert plain.strip(), formula
        assert not re.search(r"\\[A-Za-z]|[{$]\w", plain.replace("{ ", "")), (formula, plain)
    for clause in load_page(technique).clauses.values():
        assert "$" not in render_text(clause.text)
