"""Reading a page: what it lacks, or says wrongly, is named."""

from __future__ import annotations

import re

import pytest

from trainspec.conformance.basics.paths import page_path
from trainspec.conformance.pages.load import read_page
from trainspec.conformance.pages.parts import PageError

TECHNIQUE = "layers/dropout"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("| kind | function |", "| kind | layer |"), "needs a row “kind”, one of update rule"),
        (("| rejects | DROPOUT-6 |", "| rejects | DROPOUT-66 |"), "which is not a clause"),
        (("| `keep-below` | ", "| `keep-under` | "), "has no row for 'keep-below'"),
        (("### keep-below\n", "### keep-at-ratio-2\n"), "has no row for 'keep-at-ratio-2'"),
        (("not scaled at all | DROPOUT-3 |", "not scaled at all | |"), "names no clause"),
        (("| `u` | as `x`", "| `t` | as `x`"), "'t' cannot be the name of an input or output"),
        (("| uniform | DROPOUT-7 |", "| coin | DROPOUT-7 |"), "must be one of normal, uniform"),
        (("| `u` | uniform |", "| `v` | uniform |"), "names 'v', which is no input"),
    ],
)
def test_what_a_page_says_wrongly_is_named(change, message):
    text = page_path(TECHNIQUE).read_text("utf-8")
    assert change[0] in text
    with pytest.raises(PageError, match=re.escape(message)):
        read_page(text.replace(*change), TECHNIQUE)
