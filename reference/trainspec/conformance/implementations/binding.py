"""An object that somebody has -> the operations that it is asked for.

What it is shows in its type: classes of PyTorch, Keras, Flax and Equinox, functions of their
packages, functions that make an Optax transformation, classes in the style of the book, and NumPy
functions that take an operation's inputs. Which operation it is shows in its name; its
hyperparameters are matched by the names that the pages list.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import ModuleType
from typing import Any

from trainspec.conformance.basics.names import draw_function, family_of, split_object
from trainspec.conformance.basics.paths import list_techniques
from trainspec.conformance.implementations.protocol import AdapterError
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.page import Page

RATE = "learning_rate"
#: One argument for two decays.
PAIR = "betas"
#: The classes that are known by their base, the first that fits (a layer of Keras may be a module
#: of PyTorch's too): its module, its name, the adapter's module that asks
#: such objects, and the folders of the techniques that they can be.
CLASSES = (
    ("keras.optimizers", "Optimizer", "_keras", ("optimizers",)),
    ("keras.losses", "Loss", "_keras", ("losses",)),
    ("keras.layers", "Layer", "_keras", ("layers",)),
    ("keras.initializers", "Initializer", "_keras", ("initializers",)),
    ("keras.optimizers.schedules", "LearningRateSchedule", "_keras", ("schedules",)),
    ("torch.optim", "Optimizer", "_torch", ("optimizers",)),
    ("torch.nn", "Module", "_torch", ("layers", "losses")),
    ("flax.linen", "Module", "_flax", ("layers",)),
    ("flax.nnx", "Module", "_nnx", ("layers",)),
    ("equinox", "Module", "_equinox", ("layers",)),
)
#: The classes that are known by their methods.
METHODS = (
    (("update",), "_book_style", ("optimizers",)),
    (("forward", "backward"), "_book_style", ("layers", "losses")),
)
#: Who asks the functions of a package, or of a module that imports it.
PACKAGES = {"torch": "_torch", "keras": "_keras", "optax": "_jax", "flax": "_jax", "jax": "_jax"}
#: How a function is recognised that makes a transformation: what it returns has these members.
TRANSFORMATION, TRANSFORMATIONS = ("init", "update"), "_optax"
#: What a NumPy function is asked in.
NUMPY, NUMPY_TYPES = "NumPy", ("float64", "float32")
WHAT_CAN_BE_ASKED = (
    "an optimizer, layer, loss or initialiser of PyTorch, Keras, Flax, Equinox or Optax, a "
    "function of theirs, a class with update(params, grads) or with forward and backward, or a "
    "NumPy function that takes the operation's inputs; for anything else write an adapter with "
    "`trainspec new python`"
)


@dataclass(frozen=True)
class Bound:
    """An object as an operation: its function, and its own name of each hyperparameter."""

    operation: str
    function: Callable[..., Any]
    names: Mapping[str, str]
    style: str
    types: tuple[str, ...]


@dataclass(frozen=True)
class Given:
    """An object, its name, and what is said of it.

    `operation` is the operation that it is, or empty where its name says so; `fixed` are arguments
    that it is always given; `names` its own names of hyperparameters.
    """

    name: str
    found: Any
    operation: str = ""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_class(self) -> bool:
        """Whether it is a class; a function otherwise."""
        return inspect.isclass(self.found)

    @property
    def arguments(self) -> Mapping[str, inspect.Parameter]:
        """Its arguments; none where it does not say."""
        try:
            own = inspect.signature(self.found).parameters
            if self.is_class and all(p.kind in _OPEN for p in own.values()):
                return inspect.signature(self.found.__init__).parameters
        except (TypeError, ValueError):
            return {}
        return own


_OPEN = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def prepare_framework(module: str) -> None:
    """Import how a package's objects are asked before the package itself.

    Some packages are configured when they are imported.
    """
    adapter = PACKAGES.get(module.partition(".")[0])
    if adapter:
        _import_adapter(adapter)


def bind_object(given: Given) -> list[Bound]:
    """The object as every operation that it is: most are one, a batch normalisation is two."""
    pages = _find_pages(given)
    return [_bind(given, page) for page in pages]


def _bind(given: Given, page: Page) -> Bound:
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
    adapter, _ = _find_adapter(given, names)
    asking = _import_adapter(adapter)
    operation, binder = _find_binder(asking, page)
    words = {ours: theirs for ours, theirs in names.items() if theirs != PAIR}
    function = _limit(binder(given.found, words, **given.fixed), names)
    style = adapter.strip("_").replace("_", " ")
    return Bound(operation, function, names, style, tuple(asking.types))


def _find_pages(given: Given) -> list[Page]:
    """The techniques that an object is: as said, else those whose names are in its own.

    Raises `AdapterError` where none is.
    """
    possible = list(_list_possible(given))
    if not possible:
        raise AdapterError(f"{given.name} is nothing that can be asked by name: {_what()}")
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


def _list_possible(given: Given) -> Iterator[Page]:
    """The pages whose operations such an object can be asked for."""
    adapter, families = _find_adapter(given, None)
    asking = _import_adapter(adapter) if adapter else None
    for technique in list_techniques():
        page = load_page(technique)
        bindable = asking is not None and (not families or family_of(technique) in families)
        # Running statistics need an object that keeps them.
        bindable = bindable and (given.is_class or not page.is_sequence)
        if _is_operation(given, page) or (bindable and _find_binder(asking, page)[1]):
            yield page


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


def _find_adapter(given: Given, names: Mapping[str, str] | None) -> tuple[str, Sequence[str]]:
    """Who asks an object, and the folders of the techniques that it can be; or nothing.

    A function may make a transformation: it is asked what it makes with a learning rate.
    """
    if given.is_class:
        for module, base, adapter, families in CLASSES:
            kind = getattr(sys.modules.get(module), base, None)
            if kind is not None and issubclass(given.found, kind):
                return adapter, families
        for methods, adapter, families in METHODS:
            if all(callable(getattr(given.found, method, None)) for method in methods):
                return adapter, families
        return "", ()
    if not callable(given.found):
        return "", ()
    if _makes_transformation(given, names):
        return TRANSFORMATIONS, ("optimizers",)
    for package, adapter in PACKAGES.items():
        if package in _list_packages(given):
            return adapter, ("layers", "losses", "initializers", "schedules")
    return "", ()


def _makes_transformation(given: Given, names: Mapping[str, str] | None) -> bool:
    if "optax" not in sys.modules:
        return False
    rate = {(names or {}).get(RATE, given.names.get(RATE, RATE)): 0.1}
    try:
        made = given.found(**rate, **given.fixed)
    except Exception:
        return False
    return all(hasattr(made, member) for member in TRANSFORMATION)


def _list_packages(given: Given) -> set[str]:
    """The packages that a function is of: its own, else those that its module imports."""
    own = {str(getattr(given.found, "__module__", "")), split_object(given.name)[0]}
    roots = {module.partition(".")[0] for module in own}
    if roots & PACKAGES.keys():
        return roots
    used = getattr(given.found, "__globals__", {}).values()
    return {value.__name__.partition(".")[0] for value in used if isinstance(value, ModuleType)}


def _import_adapter(name: str) -> ModuleType:
    try:
        return importlib.import_module(f"trainspec.conformance.adapters.{name}")
    except ImportError as error:
        raise AdapterError(f"a package that is needed to ask it is missing: {error}") from None


def _what() -> str:
    return f"what can be is {WHAT_CAN_BE_ASKED}"


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
    asked = [p.name for p in own if p.kind is inspect.Parameter.KEYWORD_ONLY and p.name != RATE]
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
