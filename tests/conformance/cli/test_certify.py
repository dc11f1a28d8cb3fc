"""`trainspec certify`: what it prints."""

from __future__ import annotations

from command_line import run


def test_certify_says_that_all_is_well():
    result = run("certify", "sgd")
    assert result.exit_code == 0
    assert "certified: 1 golden file follows from its page" in result.output
