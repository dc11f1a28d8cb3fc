"""Changes of a layered rule in some of its layers."""

from __future__ import annotations

import pytest

from trainspec.conformance.pages.layer_slips import LAYERS, list_layer_slips
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.rule import DOWN, UP

PAGE = load_page("networks/multilayer")


@pytest.mark.parametrize("block", [UP, DOWN])
def test_the_first_line_that_is_another_is_in_the_block(block):
    own = {line.name: line for line in PAGE.rule.body if line.block}
    slips = list(list_layer_slips(PAGE, block))
    assert len(slips) > 1000
    for slip in slips[::97]:
        changed = [
            line for line in slip.rule.body
            if line.name in own and line.block and str(line) != str(own[line.name])
        ]  # fmt: skip
        assert changed[0].block == block
        assert changed[0].name == slip.line
        assert " if layer " in str(changed[0])


def test_every_edit_is_tried_in_every_choice_of_layers():
    words = {slip.words for slip in list_layer_slips(PAGE, UP)}
    for layers in LAYERS.values():
        assert f"{layers}, this is bias-left-out (no hidden biases)" in words


def test_a_hyperparameter_may_not_reach_some_layers():
    words = {slip.words for slip in list_layer_slips(PAGE, UP)}
    assert "in every layer but the first, epsilon is 1e-5, whatever is passed" in words


def test_new_lines_of_an_edit_are_there_in_every_layer():
    slips = list_layer_slips(PAGE, DOWN)
    slip = next(s for s in slips if "hidden-inputs-before-dropout" in s.words)
    assert any(str(line) == "own = 1 * undropped" for line in slip.rule.body)
