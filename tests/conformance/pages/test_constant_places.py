"""Where a number may stand in a rule."""

from __future__ import annotations

from trainspec.conformance.pages.constant_places import list_places
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.rule import parse_rule

ADAM = load_page("optimizers/adam")


def test_places_for_a_number_are_where_hyperparameters_stand_alone():
    found = {text for _, text, _ in list_places(ADAM, ADAM.rule)}
    assert "m = beta1 * m + {0} * g" in found
    assert "m = beta1 * m + (1 - {0}) * g" not in found  # it is inside the place above
    assert "W = W - minimum(maximum(learning_rate * step, -{0}), {0})" in found
    assert "step = m_hat / (sqrt(maximum(v_hat, {0})) + epsilon)" in found
    assert "step = m_hat / (sqrt(v_hat) + where(epsilon == 0, {0}, epsilon))" in found
    for text in found:
        parse_rule(text.format(0.5))
