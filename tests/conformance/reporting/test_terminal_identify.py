"""What `identify` and `compare` print: plain labels, whole sentences."""

from __future__ import annotations

from command_line import ADAM, run


def test_an_identity_is_laid_out_for_reading(module):
    out = run("identify", module(ADAM), "adam").output
    assert "adam in float64: betas-swapped" in out
    assert "  evidence             explains all" in out
    assert "the largest deviation is" in out
    assert "  closest alternative  " in out
    assert "ruled out by" in out
    assert "  declared             canonical" in out


def test_a_comparison_names_the_first_difference(module, port):
    out = run("compare", module(ADAM), port(), "-t", "adam").output
    assert "they first differ in adam/" in out
    assert "tolerances apart" in out
