"""The checker, as a library: load cases and an implementation, check, identify, compare.

    from trainspec.conformance import check, load_implementation
    print(check(load_implementation("my_adapter.py"), ["adam"]))

It never imports the reference to judge anyone: golden values judge. Its packages stand in the
order of the pipeline, and each imports only those above it:

    basics           paths, float types, tensors, names
    pages            spec pages: the rule language, forms, profiles
    cases            golden examples, their inputs, and what can come of one
    arithmetic       running a rule, in float64 or in intervals
    implementations  Python modules, programs in any language
    derivation       from a page to golden values (needs the extra `certification`)
    checking         judging answers, and random draws
    effects          the chapter's experiments with an implementation's parts
    diagnosis        what an implementation is; identify, compare, defaults
    traces           recorded runs, and which rule explains them
    reporting        the report, the terminal, the matrix
    site             the pages as a site, with figures that can be moved
    cli              the commands

`adapters` holds the adapters of libraries, which import nothing of the checker but what they
share.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainspec.conformance.api import (
        Checked,
        bind,
        check,
        compare,
        identify,
        identify_trace,
        load_cases,
        load_implementation,
    )
    from trainspec.conformance.effects.reproduce import reproduce

__all__ = [
    "Checked",
    "bind",
    "check",
    "compare",
    "identify",
    "identify_trace",
    "load_cases",
    "load_implementation",
    "reproduce",
]


def __getattr__(name: str) -> Any:
    """Import the public face when it is used: the command line's help does without it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # Effects stand apart: a check does not wait for what only they need.
    module = "effects.reproduce" if name == "reproduce" else "api"
    return getattr(importlib.import_module(f"trainspec.conformance.{module}"), name)
