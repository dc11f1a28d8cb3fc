"""Bind an object, such as an optimizer's class: `object -> operations that it has`.

Which operations it can be follows from its kind (`object_kinds`), or, for a NumPy function, from
its arguments; which one it is shows in its name. Its hyperparameters are matched by the names that
the pages list.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import ModuleType
from typing import Any

from msgspec import Struct

from trainspec.conformance.basics.names import draw_function, family_of
from trainspec.conformance.basics.paths import list_techniques
from trainspec.conformance.implementations.implementation import AdapterError
from trainspec.conformance.implementations.object_kinds import (
    Given,
    find_adapter,
    import_adapter,
)
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.page import Page

RATE = "learning_rate"
#: One argument for two decays.
PAIR = "betas"
#: What a NumPy function is asked in.
NUMPY, NUMPY_TYPES = "NumPy", ("float64", "float32")
WHAT_CAN_BE_ASKED = (
    "an optimizer, layer, loss or initialiser of PyTorch, Keras, Flax, Equinox or Optax, a "
    "function of theirs, a class with update(params, grads) or with forward and backward, or a "
    "NumPy function that takes the operation's inputs; for anything else write an adapter with "
    "`trainspec new python`"
)


class Bound(Struct, frozen=True):
    """An object as an operation: its function, and its own name of each hyperparameter."""

    operation: str
    function: Callable[..., Any]
    names: Mapping[str, str]
    style: str
    types: tuple[str, ...]


def bind_object(given: Given) -> list[Bound]:
    """The object as every operation that it is: most are one, a batch normalisation is two."""
    pages = list(map(load_page, list_techniques()))
    adapter, families = find_adapter(given, _find_rate(given, pages))
    asking = import_adapter(adapter) if adapter else None
    possible = [page for page in pages if _may_be(given, page, asking, families)]
    return [_bind(given, page, asking) for page in _choose_pages(given, possible)]


def _find_rate(given: Given, pages: Sequence[Page]) -> str:
    """What a function calls the learning rate, as said or by the names in the pages."""
    names = [_match_names(page, given.arguments).get(RATE) for page in pages if page.is_update_rule]
    return given.names.get(RATE) or next(filter(None, names), RATE)


def _bind(given: Given, page: Page, asking: ModuleType | None) -> Bound:
    named = {**_match_names(page, given.arguments), **given.names}
    names = {ours: theirs for ours, theirs in named.items() if theirs not in given.fixed}
    if page.is_update_rule and RATE not in names:
        raise AdapterError(
            f"{given.name} has no argument for the learning rate; it has "
            f"{', '.join(given.arguments)}: say which it is with --map {RATE}=NAME"
        )
    if _is_operation(given, page):
        operation = _name_function(page, given.found.__name__)
        return Bound(operation, partial(given.found, **given.fixed), names, NUMPY, NUMPY_TYPES)
    assert asking is not None  # else it is no object that can be this page
    operation, binder = _find_binder(asking, page)
    words = {ours: theirs for ours, theirs in names.items() if theirs != PAIR}
    function = _limit(binder(given.found, words, **given.fixed), names)
    style = asking.__name__.rpartition(".")[2].strip("_").replace("_", " ")
    return Bound(operation, function, names, style, tuple(asking.types))


def _choose_pages(given: Given, possible: Sequence[Page]) -> list[Page]:
    """The techniques that an object is: as said, else those whose names are in its own.

    Raises `AdapterError` where none is.
    """
    if not possible:
        raise AdapterError(
            f"{given.name} is nothing that can be asked by name: what can be is {WHAT_CAN_BE_ASKED}"
        )
    operations = [page.name for page in possible]
    if given.operation:
        said = [p for p in possible if given.operation in (p.name, draw_function(p.name))]
        if not said:
            raise AdapterError(f"--as {given.operation}: it can be {', '.join(operations)}")
        return said
    own = str(getattr(given.found, "__name__", given.name)).lower().replace("_", "")
    # The longest name decides: batch normalisation is two pages, with the same names.
    lengths = {page.technique: _measure_match(page, own) for page in possible}
    longest = max(lengths.values())
    if not longest:
        raise AdapterError(
            f"the name {given.name!r} does not say which operation it is; say so with "
            f"--as {'|'.join(operations)}"
        )
    return [page for page in possible if lengths[page.technique] == longest]


def _measure_match(page: Page, own: str) -> int:
    """The length of the longest name of a technique that is in an object's name, or 0."""
    names = [name.lower().replace("_", "") for name in (page.name, *page.also_called)]
    return max((len(name) for name in names if name in own), default=0)


def _may_be(given: Given, page: Page, asking: ModuleType | None, families: Sequence[str]) -> bool:
    """Whether an object can be asked for a page's operation."""
    if _is_operation(given, page):
        return True
    if family_of(page.technique) not in families or not _find_binder(asking, page)[1]:
        return False
    return given.is_class or not page.is_sequence  # running statistics need an object


def _is_operation(given: Given, page: Page) -> bool:
    """Whether a function takes the inputs of an operation, under the page's names."""
    if given.is_class or not hasattr(given.found, "__name__"):
        return False
    drawn = [draw.input for draw in page.draws]
    inputs = ["params", "grads"] if page.is_update_rule else list(page.inputs)
    own = list(given.arguments)
    drawing = [name for name in inputs if name not in drawn]
    plain = bool(inputs) and own[: len(inputs)] == inputs
    draws = bool(drawn) and "seed" in own and own[: len(drawing)] == drawing
    return plain or draws


def _name_function(page: Page, own: str) -> str:
    drawing = draw_function(page.name)
    return drawing if own == drawing else page.name


def _find_binder(asking: ModuleType | None, page: Page) -> tuple[str, Any]:
    """The operation of a page that objects of a kind are asked for, and how; or None."""
    if page.is_update_rule:
        return page.name, getattr(asking, "bind_optimizer", None)
    binders = getattr(asking, "BINDERS", {})
    drawing = draw_function(page.name)
    operation = drawing if drawing in binders else page.name
    return operation, binders.get(operation)


def _match_names(page: Page, own: Mapping[str, inspect.Parameter]) -> dict[str, str]:
    """The object's own name of every hyperparameter, by the page's tables."""
    found = {}
    for parameter in page.parameters.values():
        for name in (parameter.name, *parameter.also_called):
            if name in own:
                found[parameter.name] = name
                break
    return {**found, **{n: n for n in sorted(page.optional_hyperparameters) if n in own}}


def _limit(function: Any, names: Mapping[str, str]) -> Any:
    """The function with a signature that says which hyperparameters it takes.

    Others are not passed on: they are constants of its own, which the diagnosis finds.
    """
    own = inspect.signature(function).parameters.values()
    positional = [p for p in own if p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
    asked = [p.name for p in own if p.kind is inspect.Parameter.KEYWORD_ONLY]
    accepted = dict.fromkeys([*asked, *names])

    def call(*inputs: Any, **given: Any) -> Any:
        return function(*inputs, **keep(given))

    def start(*inputs: Any, **given: Any) -> Any:
        return function.start(*inputs, **keep(given))

    def keep(given: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in given.items() if name in accepted}

    if hasattr(function, "start"):
        call.start = start  # type: ignore[attr-defined]
    keywords = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in accepted]
    call.__signature__ = inspect.Signature([*positional, *keywords])  # type: ignore[attr-defined]
    return call
