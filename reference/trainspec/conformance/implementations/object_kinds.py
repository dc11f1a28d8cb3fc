"""What kind of object it is: `object -> who calls it, and the folders of its techniques`.

Classes are known by their base or by their methods, functions by their package, or by what they
make.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

from msgspec import Struct, field

from trainspec.conformance.basics.names import split_object
from trainspec.conformance.implementations.implementation import AdapterError

#: The classes that are known by their base: its module and name, the module of the adapters that
#: asks such objects, and the folders of the techniques that they can be. The first that fits
#: counts: a layer of Keras may be a module of PyTorch too.
CLASSES = (
    ("keras.optimizers", "Optimizer", "_keras", ("optimizers",)),
    ("keras.losses", "Loss", "_keras", ("losses",)),
    ("keras.layers", "Layer", "_keras", ("layers",)),
    ("keras.initializers", "Initializer", "_keras", ("initializers",)),
    ("keras.optimizers.schedules", "LearningRateSchedule", "_keras", ("schedules",)),
    ("torch.optim", "Optimizer", "_torch", ("optimizers",)),
    ("torch.optim.lr_scheduler", "LRScheduler", "_torch", ("schedules",)),
    ("torch.nn", "Module", "_torch", ("layers", "losses")),
    ("flax.linen", "Module", "_flax", ("layers",)),
    ("flax.nnx", "Module", "_nnx", ("layers",)),
    ("equinox", "Module", "_equinox", ("layers",)),
)
#: The classes that are known by their methods.
METHODS = (
    (("update",), "_book_style", ("optimizers",)),
    (("forward", "backward"), "_book_style", ("layers", "losses")),
    (("update_params",), "_sklearn", ("optimizers",)),
    (("fit",), "_sklearn", ("statistics", "search")),
)
#: Who asks the functions of a package, or of a module that imports it.
PACKAGES = {"torch": "_torch", "keras": "_keras", "optax": "_jax", "flax": "_jax", "jax": "_jax"}
#: The folders of the techniques that functions can be; update rules are transformations.
FUNCTIONS = ("layers", "losses", "initializers", "schedules")
#: How a function is recognised that makes a transformation: what it returns has these members.
TRANSFORMATION, TRANSFORMATIONS = ("init", "update"), "_optax"
#: Arguments that stand for any others.
_OPEN = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class Given(Struct, frozen=True):
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


def prepare_framework(module: str) -> None:
    """Import how a package's objects are asked before the package itself.

    Some packages are configured when they are imported.
    """
    adapter = PACKAGES.get(module.partition(".")[0])
    if adapter:
        import_adapter(adapter)


def find_adapter(given: Given, rate: str) -> tuple[str, Sequence[str]]:
    """Who asks an object, and the folders of the techniques that it can be; or nothing.

    A function may make a transformation: it is asked what it makes with a learning rate, which it
    calls `rate`.
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
    if _makes_transformation(given, rate):
        return TRANSFORMATIONS, ("optimizers",)
    for package, adapter in PACKAGES.items():
        if package in _list_packages(given):
            return adapter, FUNCTIONS
    return "", ()


def _makes_transformation(given: Given, rate: str) -> bool:
    if "optax" not in sys.modules:
        return False
    try:
        made = given.found(**{rate: 0.1}, **given.fixed)
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


def import_adapter(name: str) -> ModuleType:
    """The module that asks objects of a kind.

    Raises `AdapterError` where a package that it needs is missing.
    """
    try:
        return importlib.import_module(f"trainspec.conformance.adapters.{name}")
    except ImportError as error:
        raise AdapterError(f"a package that is needed to ask it is missing: {error}") from None
