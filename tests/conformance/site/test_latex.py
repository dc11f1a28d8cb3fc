"""Rules as formulas."""

from __future__ import annotations

import pytest

from trainspec.conformance.basics.paths import list_techniques
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.rule import parse_rule
from trainspec.conformance.site.beside import read_symbols
from trainspec.conformance.site.latex import write_line

SYMBOLS = {"beta1": r"\beta_1", "learning_rate": r"\eta"}


@pytest.mark.parametrize(
    ("line", "formula"),
    [
        ("m = beta1 * m + (1 - beta1) * g",
         r"m \leftarrow \beta_1 \, m + \left(1 - \beta_1\right) \, g"),
        ("m_hat = m / (1 - beta1**t)", r"\hat{m} = \frac{m}{1 - \beta_1^{t}}"),
        ("W = W - learning_rate * step", r"W \leftarrow W - \eta \, \mathrm{step}"),
        ("y = a - (b - c)", r"y = a - \left(b - c\right)"),
        ("y = (a + b)**2", r"y = \left(a + b\right)^{2}"),
        ("y = -(a * b)", r"y = -a \, b"),
        ("y = -(a + b)", r"y = -\left(a + b\right)"),
        ("y = sqrt(v) + epsilon", r"y = \sqrt{v} + \epsilon"),
        ("y = where(u > p, x, 0)",
         r"y = \begin{cases} x & \text{if } u > p \\ 0 & \text{otherwise} \end{cases}"),
        ("y = dot(x, transpose(W))", r"y = x \cdot W^{\top}"),
        ("y = sum(a + b, 0)", r"y = \sum_{0} \left(a + b\right)"),
        ("y = floor_int(n_x)", r"y = \operatorname{floor\_int}\left(\mathrm{n\_x}\right)"),
        ("y = x[:, 0]", r"y = \mathtt{x[:, 0]}"),
    ],
)  # fmt: skip
def test_a_line_as_a_formula(line, formula):
    (written,) = parse_rule(line).body
    assert write_line(written, SYMBOLS) == formula


@pytest.mark.parametrize("technique", list_techniques())
def test_every_line_of_every_page_can_be_drawn(technique):
    converter = pytest.importorskip("latex2mathml.converter")
    rule = load_page(technique).rule
    for line in (*rule.start, *rule.body):
        drawn = converter.convert(write_line(line, read_symbols(technique)))
        assert drawn.startswith("<math")
        assert "merror" not in drawn
