"""Names of combinations: the page's order, and what cannot be joined."""

from __future__ import annotations

import pytest

from trainspec.conformance.pages.combinations import normalize_form
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.parts import PageError

ADAM = load_page("optimizers/adam")


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("", ""),
        ("canonical", ""),
        ("eps-hat", "eps-hat"),
        ("amsgrad+eps-hat", "eps-hat+amsgrad"),
        ("canonical+amsgrad", "amsgrad"),
    ],
)
def test_a_form_has_one_name(given, written):
    assert normalize_form(ADAM, given) == written


def test_what_changes_the_same_line_cannot_be_joined():
    with pytest.raises(PageError, match="eps-hat and epsilon-in-root cannot be combined: both"):
        normalize_form(ADAM, "eps-hat+epsilon-in-root")


def test_an_unknown_variant_is_refused_with_those_that_exist():
    with pytest.raises(PageError, match="no variant 'ams'; its variants are: eps-hat"):
        normalize_form(ADAM, "ams")
