"""A case in another form: stored, or derived when needed."""

from __future__ import annotations

from command_line import run

HAT = " / np.sqrt(1 - beta2**t)"


def test_a_combination_is_held_to_values_derived_for_it(port):
    path = port(hat=HAT)
    result = run("check", path, "-t", "adam", "--variant", "adam=amsgrad+eps-hat", "-d", "float64")
    assert result.exit_code == 1
    assert "eps-hat+amsgrad" in result.output
