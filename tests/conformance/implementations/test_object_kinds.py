"""What kind of thing an object is, and who asks it."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from trainspec.conformance.implementations.implementation import AdapterError
from trainspec.conformance.implementations.object_kinds import (
    Given,
    find_adapter,
    import_adapter,
    prepare_framework,
)


class Optimizer:
    def __init__(self, lr):
        self.lr = lr

    def update(self, params, grads):
        """In the style of the book."""


class Layer:
    def forward(self, x):
        """In the style of the book."""

    def backward(self, dout):
        """In the style of the book."""


class Wrapped:
    """A class whose signature says nothing: its constructor does."""

    def __new__(cls, *args, **kwargs):
        return super().__new__(cls)

    def __init__(self, size, momentum=0.9):
        self.size, self.momentum = size, momentum


def function(x):
    return x


@pytest.mark.parametrize(
    ("found", "adapter", "families"),
    [
        (Optimizer, "_book_style", ("optimizers",)),
        (Layer, "_book_style", ("layers", "losses")),
        (Wrapped, "", ()),
        (function, "", ()),
        ("text", "", ()),
    ],
)
def test_the_type_of_an_object_says_who_asks_it(found, adapter, families):
    assert find_adapter(Given("mine:Thing", found), "lr") == (adapter, families)


def test_a_base_is_known_where_its_module_was_imported(monkeypatch):
    module = ModuleType("torch.nn")
    module.Module = type("Module", (), {})
    own = type("Mine", (module.Module,), {})
    assert find_adapter(Given("mine:Mine", own), "lr") == ("", ())
    monkeypatch.setitem(sys.modules, "torch.nn", module)
    assert find_adapter(Given("mine:Mine", own), "lr") == ("_torch", ("layers", "losses"))


def test_a_function_is_of_the_package_that_its_module_imports():
    module = ModuleType("mine")
    exec("def relu(x): return torch.relu(x)", module.__dict__)
    module.torch = ModuleType("torch")
    adapter, families = find_adapter(Given("mine:relu", module.relu), "lr")
    assert adapter == "_torch"
    assert "optimizers" not in families


def test_what_a_function_makes_tells_a_transformation(monkeypatch):
    monkeypatch.setitem(sys.modules, "optax", ModuleType("optax"))

    def sgd(rate):
        made = ModuleType("transformation")
        made.init = made.update = function
        return made

    assert find_adapter(Given("mine:sgd", sgd), "rate") == ("_optax", ("optimizers",))
    assert find_adapter(Given("mine:sgd", sgd), "learning_rate") == ("", ())


def test_arguments_are_those_of_the_constructor_where_the_class_says_none():
    assert list(Given("mine:Optimizer", Optimizer).arguments) == ["lr"]
    assert "momentum" in Given("mine:Wrapped", Wrapped).arguments
    assert dict(Given("mine:builtin", len).arguments)
    assert not Given("mine:number", 3).arguments


def test_a_package_that_is_missing_is_told():
    prepare_framework("no_framework.at_all")
    with pytest.raises(AdapterError, match="a package that is needed to ask it is missing"):
        import_adapter("_nothing")
