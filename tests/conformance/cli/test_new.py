"""`trainspec new`: adapters to fill in."""

from __future__ import annotations

import pytest

from command_line import run


@pytest.mark.parametrize("language", ["python", "javascript", "cpp"])
def test_new_prints_an_adapter_to_fill_in(language, module):
    result = run("new", language)
    assert "trainspec check" in result.output
    if language == "python":
        assert run("check", module(result.output)).exit_code == 4
