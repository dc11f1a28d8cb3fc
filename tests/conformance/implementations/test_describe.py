"""What a Python adapter says of itself."""

from __future__ import annotations

from helpers import adapter
from trainspec.conformance.implementations.describe import describe_adapter


def test_a_description_names_what_is_offered():
    about = describe_adapter(adapter(adam=lambda params, grads, *, beta1: None))
    assert about.operations == ["adam"]
    assert about.accepts == {"adam": ["beta1", "grads", "params"]}


def test_draws_and_forms_are_named_with_what_they_accept():
    of = adapter(
        he_draw=lambda *, seed, fan_in, fan_out: None, forms={"adam:amsgrad": lambda params: None}
    )
    about = describe_adapter(of)
    assert about.operations == ["he_draw"]
    assert about.accepts == {"he_draw": ["fan_in", "fan_out", "seed"], "adam:amsgrad": ["params"]}
