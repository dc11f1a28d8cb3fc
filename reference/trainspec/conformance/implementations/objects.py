"""An object without an adapter: ``my_package.optim:MyAdam -> implementation``."""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from msgspec import Struct, field
from msgspec.structs import asdict

from trainspec.conformance.basics.names import split_object
from trainspec.conformance.implementations.binding import Bound, bind_object
from trainspec.conformance.implementations.implementation import AdapterError
from trainspec.conformance.implementations.object_kinds import Given, prepare_framework
from trainspec.conformance.implementations.python_module import describe_error

PACKED = "object:"


class ObjectTarget(Struct, frozen=True):
    """What the command line names: ``package.module:Name``, and what is said of it.

    `operation` is the operation that it is, or empty where its name says so; `fixed` are
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


def names_object(word: str) -> bool:
    """Whether a word has the form ``package.module:Name``."""
    return bool(split_object(word)[1])


def bind(
    found: Any,
    operation: str = "",
    *,
    fixed: Mapping[str, Any] | None = None,
    names: Mapping[str, str] | None = None,
) -> Callable[..., Any]:
    """A function of the operation's inputs and hyperparameters that asks an object.

    `found` is an optimizer class of PyTorch, a layer of Keras, a class in the book's style and the
    like, or the name of one (``torch.optim:AdamW``). `operation` says what it is where its name
    does not, such as ``adam`` or ``dropout_draw``. `fixed` are arguments that it is always given;
    `names` are its own names of hyperparameters, such as ``{"learning_rate": "lr"}``, where the
    pages do not list them.

    Raises `AdapterError` if there is no such object, or no operation that it can be called for.
    """
    if isinstance(found, str):
        return bind_target(ObjectTarget(found, operation, fixed or {}, names or {}))[0].function
    name = str(getattr(found, "__name__", found))
    return bind_object(Given(name, found, operation, fixed or {}, names or {}))[0].function


def load_object(target: ObjectTarget) -> ModuleType:
    """The object as an adapter: a module with a function for every operation that it is.

    Raises `AdapterError` where it is not there, or what it is cannot be told; says what to do.
    """
    bound = bind_target(target)
    module = ModuleType(f"trainspec_object_{bound[0].operation}")
    for one in bound:
        setattr(module, one.operation, one.function)
    # What was matched to which name is told where it is another one.
    names = {ours: own for one in bound for ours, own in one.names.items() if ours != own}
    matched = ", ".join(f"{own} is {ours}" for ours, own in names.items())
    version = "; ".join([bound[0].style, *([matched] if matched else [])])
    types = list(bound[0].types)
    about = {"name": target.path, "types": types, "version": version, "undeclared": True}
    for key, value in about.items():
        setattr(module, key, value)
    return module


def bind_target(target: ObjectTarget) -> list[Bound]:
    """The object that a target names, as every operation that it is."""
    found = _import_object(target.path)
    given = Given(target.path, found, target.operation, target.fixed, target.names)
    try:
        return bind_object(given)
    except AdapterError:
        raise
    except Exception as error:  # an object may refuse to be looked at
        raise AdapterError(f"{target.path} cannot be bound: {describe_error(error)}") from None


def _import_object(path: str) -> Any:
    module, name = split_object(path)
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())  # as `python -m` does
    prepare_framework(module)
    try:
        found = getattr(importlib.import_module(module), name, None)
    except (Exception, SystemExit) as error:
        raise AdapterError(
            f"{path}: {module} cannot be imported: {describe_error(error)}"
        ) from None
    if found is None:
        raise AdapterError(f"{path}: {module} has no {name}")
    return found
