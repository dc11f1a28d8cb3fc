"""What a Python adapter says of itself: `module -> description`, as a program would."""

from __future__ import annotations

from trainspec.conformance.basics.names import (
    Offering,
    draw_function,
    operation_of,
    start_function,
)
from trainspec.conformance.basics.paths import list_techniques
from trainspec.conformance.implementations.json_lines import Description
from trainspec.conformance.implementations.python_module import PythonModule


def describe_adapter(adapter: PythonModule) -> Description:
    """Its operations, draws, starts of runs and forms, and the arguments that each accepts."""
    names = [operation_of(technique) for technique in list_techniques()]
    functions = (*names, *map(draw_function, names), *map(start_function, names))
    operations = [name for name in functions if adapter.offers(name)]
    every = [*operations, *adapter.forms]
    return Description(
        name=adapter.name,
        version=adapter.version,
        operations=operations,
        types=list(adapter.types),
        variants=dict(adapter.variants),
        known_failures=dict(adapter.known_failures),
        profile=adapter.profile,
        forms=list(adapter.forms),
        accepts={o: sorted(adapter.accepts(Offering.parse(o))) for o in every},
    )
