"""What the tests of functions (everything but update rules) share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from helpers import adapter, failures, margins, named, rejected_in, results

FLOATS = ("float64", "float32")


def assert_passes(operation: str, function: Callable[..., Any], *kinds: str) -> None:
    """Assert that a right implementation passes in these types, in float64 and float32 if none."""
    found = results(adapter(**{operation: function}), operation, *(kinds or FLOATS))
    assert failures(found) == []
    assert len(found) >= 4


def assert_named(operation: str, function: Callable[..., Any], form: str) -> None:
    """Assert that a wrong implementation is rejected wherever margins allow, and is named."""
    implementation = adapter(**{operation: function})
    assert named(implementation, operation) == form
    if "=" not in form and "+" not in form:
        sure = {kind for kind, margin in margins(operation, form).items() if margin > 2}
        assert "float64" in sure
        assert sure <= rejected_in(implementation, operation)
