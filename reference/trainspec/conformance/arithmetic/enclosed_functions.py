"""The rule language over enclosed arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from trainspec.conformance.arithmetic.array_functions import factorize
from trainspec.conformance.arithmetic.enclosed import Enclosed, Roundings, enclose_like
from trainspec.conformance.arithmetic.enclosed_arrays import ENCLOSED_ARRAY_FUNCTIONS, stack
from trainspec.conformance.arithmetic.enclosed_elementwise import ELEMENTWISE, take_root
from trainspec.conformance.arithmetic.enclosed_exponentials import EXPONENTIALS


def _cholesky(a: Any) -> Any:
    return stack([stack(row) for row in factorize(a, take_root)])


ENCLOSED_FUNCTIONS: Mapping[str, Any] = {
    **ELEMENTWISE,
    **EXPONENTIALS,
    **ENCLOSED_ARRAY_FUNCTIONS,
    "cholesky": _cholesky,
}


def follow_roundings(roundings: Roundings) -> Mapping[str, Any]:
    """The rule language, with bare numbers such as the 2 of ``sqrt(2)`` enclosed first."""
    like = Enclosed(roundings, 0.0, 0.0, 0.0, 0.0)

    def enclosing(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda x: function(enclose_like(like, x))

    unary: dict[str, Callable[[Any], Any]] = {"sqrt": take_root, **EXPONENTIALS}
    return {**ENCLOSED_FUNCTIONS, **{name: enclosing(f) for name, f in unary.items()}}
