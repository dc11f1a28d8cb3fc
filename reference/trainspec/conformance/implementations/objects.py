"""An optimizer without an adapter: ``my_package.optim:MyAdam -> implementation``.

What it is shows in its type: a subclass of PyTorch's or Keras' optimizers, a function that makes
an Optax transformation, a class in the style of the book, whose `update(params, grads)` changes a
dict of arrays in place. Its hyperparameters are matched by the names that the pages list.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from types import ModuleType
from typing import Any

from trainspec.conformance.basics.names import operation_of, split_object
from trainspec.conformance.basics.paths import list_techniques
from trainspec.conformance.implementations.protocol import AdapterError
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.page import Page

RATE = "learning_rate"
#: The frameworks whose optimizers are known by their type: module, class, and shipped adapter.
FRAMEWORKS = (("torch.optim", "Optimizer", "torch"), ("keras.optimizers", "Optimizer", "keras"))
#: How a function is recognised that makes a transformation: what it returns has these members.
TRANSFORMATION = ("init", "update")
BOOK_STYLE = "_book_style"
PACKED = "object:"
#: One argument for two decays.
PAIR = "betas"


@dataclass(frozen=True)
class ObjectTarget:
    """What the command line names: ``package.module:Name``, and what is said of it.

    `operation` is the update rule that it is, or empty where its name says so; `fixed` are
    arguments that it is always given; `names` its own names of hyperparameters.
    """

    path: str
    operation: str = ""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    def pack(self) -> str:
        """As one word, for another process."""
        return PACKED + json.dumps(asdict(self))

    @classmethod
    def unpack(cls, word: str) -> ObjectTarget:
        """Read it back."""
        return cls(**json.loads(word.removeprefix(PACKED)))


@dataclass(frozen=True)
class Bound:
    """An object as an update rule: its function, and how its names were matched."""

    operation: str
    function: Any
    names: Mapping[str, str]
    style: str
    types: tuple[str, ...]


def names_object(word: str) -> bool:
    """Whether a word has the form ``package.module:Name``."""
    return bool(split_object(word)[1])


def load_object(target: ObjectTarget) -> ModuleType:
    """The object as an adapter: a module with one function.

    Raises `AdapterError` where it is not there, or what it is cannot be told; says what to do.
    """
    bound = bind_object(target, _import_object(target.path))
    module = ModuleType(f"trainspec_object_{bound.operation}")
    setattr(module, bound.operation, bound.function)
    # What was matched to which name is told where it is another one.
    names = [f"{own} is {ours}" for ours, own in bound.names.items() if ours != own]
    version = "; ".join([bound.style, *([", ".join(names)] if names else [])])
    about = {"name": target.path, "types": list(bound.types), "version": version}
    for key, value in about.items():
        setattr(module, key, value)
    return module


def _import_object(path: str) -> Any:
    module, name = split_object(path)
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())  # as `python -m` does
    try:
        found = getattr(importlib.import_module(module), name, None)
    except ImportError as error:
        raise AdapterError(f"{path}: {module} cannot be imported: {error}") from None
    if found is None:
        raise AdapterError(f"{path}: {module} has no {name}")
    return found


def bind_object(target: ObjectTarget, found: Any) -> Bound:
    """The object as the update rule that it is."""
    page = _find_page(target, found)
    own = inspect.signature(found).parameters
    named = {**_match_names(page, own), **target.names}
    names = {ours: theirs for ours, theirs in named.items() if theirs not in target.fixed}
    if RATE not in names:
        raise AdapterError(
            f"{target.path} has no argument for the learning rate; it has {', '.join(own)}: "
            f"say which it is with --map {RATE}=NAME"
        )
    fixed = dict(target.fixed)
    adapter = _find_adapter(found, {names[RATE]: 0.1, **fixed})
    if not adapter:
        raise AdapterError(
            f"{target.path} is none of what can be asked without an adapter: an optimizer of "
            "PyTorch, Keras or Optax, or a class with update(params, grads); write an adapter with "
            "`trainspec new python`"
        )
    bound = importlib.import_module(f"trainspec.conformance.adapters.{adapter}")
    words = {ours: theirs for ours, theirs in names.items() if theirs != PAIR}
    function = _limit(bound.bind_optimizer(found, words, **fixed), names)
    style = adapter.strip("_").replace("_", " ")
    return Bound(page.name, function, names, style, tuple(bound.types))


def _find_page(target: ObjectTarget, found: Any) -> Page:
    """The update rule that an object is: as said, else the one whose name is in its own."""
    pages = [load_page(t) for t in list_techniques() if load_page(t).is_update_rule]
    rules = {operation_of(page.technique): page for page in pages}
    if target.operation:
        if target.operation not in rules:
            raise AdapterError(f"--as {target.operation}: the update rules are {', '.join(rules)}")
        return rules[target.operation]
    words = str(getattr(found, "__name__", "")).lower().replace("_", "")
    fitting = [name for name in rules if name in words]
    if not fitting:
        raise AdapterError(
            f"the name {target.path!r} does not say which update rule it is: --as {'|'.join(rules)}"
        )
    return rules[max(fitting, key=len)]


def _match_names(page: Page, own: Mapping[str, inspect.Parameter]) -> dict[str, str]:
    """The object's own name of every hyperparameter, by the page's tables."""
    found = {}
    for parameter in page.parameters.values():
        for name in (parameter.name, *parameter.also_called):
            if name in own:
                found[parameter.name] = name
                break
    return {**found, **{n: n for n in sorted(page.optional_hyperparameters) if n in own}}


def _find_adapter(found: Any, rate: Mapping[str, Any]) -> str:
    """The adapter whose `bind_optimizer` knows such objects, or nothing.

    A function is asked what it makes with the learning rate `rate`.
    """
    if inspect.isclass(found):
        for module, base, adapter in FRAMEWORKS:
            kind = getattr(sys.modules.get(module), base, None)
            if kind is not None and issubclass(found, kind):
                return adapter
        return BOOK_STYLE if callable(getattr(found, "update", None)) else ""
    if "optax" not in sys.modules or not callable(found):
        return ""
    try:
        made = found(**rate)
    except Exception:
        return ""
    return "optax" if all(hasattr(made, member) for member in TRANSFORMATION) else ""


def _limit(function: Any, names: Mapping[str, str]) -> Any:
    """The function with a signature that says which hyperparameters it takes.

    Others are not passed on: they are constants of its own, which the diagnosis finds.
    """
    keywords = [inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY) for n in names]
    positional = [
        inspect.Parameter(n, inspect.Parameter.POSITIONAL_ONLY) for n in ("params", "grads")
    ]

    def call(params: Any, grads: Any, **given: Any) -> Any:
        return function(params, grads, **keep(given))

    def start(params: Any, **given: Any) -> Any:
        return function.start(params, **keep(given))

    def keep(given: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in given.items() if name in names}

    call.start = start  # type: ignore[attr-defined]
    call.__signature__ = inspect.Signature([*positional, *keywords])  # type: ignore[attr-defined]
    return call
