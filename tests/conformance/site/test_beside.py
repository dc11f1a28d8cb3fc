"""The rule beside the reference."""

from __future__ import annotations

from trainspec.conformance.pages.load import load_page
from trainspec.conformance.site.beside import read_symbols, write_beside


def test_a_line_stands_beside_the_statement_of_the_same_name():
    table = write_beside(load_page("optimizers/adam"))
    rows = [row for row in table.splitlines() if row.startswith("| $")]
    assert len(rows) == len(load_page("optimizers/adam").rule.body)
    assert r"\hat{m}" in rows[2]
    assert "`` m_hat = m / (1 - beta1**t) ``" in rows[2]
    assert rows[4].endswith("|  |")  # the reference folds `step` into the last line


def test_symbols_are_those_of_the_page():
    symbols = read_symbols("optimizers/adam")
    assert symbols["beta1"] == r"\beta_1"
    assert symbols["learning_rate"] == r"\eta"


def test_bars_do_not_end_a_cell():
    for row in write_beside(load_page("layers/tanh")).splitlines():
        if row.startswith("| $"):
            assert row.replace(r"\|", "").count("|") == 3
