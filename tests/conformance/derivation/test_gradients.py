"""Gradients are certified: a wrong backward rule is refused, a right one passes."""

from __future__ import annotations

import pytest

from trainspec.conformance.basics.paths import page_path
from trainspec.conformance.derivation.gradients import certify_gradients
from trainspec.conformance.derivation.tolerances import prepare_case
from trainspec.conformance.pages.load import load_page, read_page
from trainspec.conformance.pages.parts import PageError


@pytest.mark.parametrize(
    ("technique", "right", "wrong"),
    [
        ("layers/sigmoid", "dx = dy * y * (1 - y)", "dx = dy * y"),
        ("layers/affine", "dx = dot(dy, transpose(W))", "dx = 2 * dot(dy, transpose(W))"),
        (
            "losses/softmax_cross_entropy",
            "dlogits = (probabilities - targets) / N",
            "dlogits = probabilities - targets",
        ),
    ],
)
def test_a_gradient_that_is_not_the_derivative_is_refused(technique, right, wrong):
    text = page_path(technique).read_text("utf-8")
    assert right in text
    page = read_page(text.replace(right, wrong, 1), technique)
    ready, _ = prepare_case(page, page.cases[0])
    with pytest.raises(PageError, match="the derivative of the forward rule is"):
        certify_gradients(page, ready)


def test_a_kink_is_left_to_a_clause():
    page = load_page("layers/relu")
    for text in page.cases:
        certify_gradients(page, prepare_case(page, text)[0])
