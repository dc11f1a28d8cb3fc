"""What the checker needs of an implementation: every kind of them has it."""

from __future__ import annotations

import pytest

from helpers import adapter
from trainspec.conformance.basics.names import Offering
from trainspec.conformance.implementations.baseline import DoNothing
from trainspec.conformance.implementations.implementation import (
    AdapterError,
    Implementation,
    check_types,
    list_offerings,
    title_of,
)
from trainspec.conformance.implementations.program import Program
from trainspec.conformance.implementations.python_module import PythonModule

ATTRIBUTES = ("name", "version", "variants", "forms", "profile", "types", "operations")


@pytest.mark.parametrize("implementation", [DoNothing(), adapter()], ids=["baseline", "module"])
def test_every_kind_has_what_is_needed(implementation):
    for name in (*ATTRIBUTES, "known_failures"):
        assert hasattr(implementation, name)


@pytest.mark.parametrize("kind", [PythonModule, Program, DoNothing])
def test_every_kind_has_the_methods(kind):
    methods = [n for n, v in vars(Implementation).items() if callable(v) and n[0] != "_"]
    assert {"offers", "accepts", "call", "close"} <= set(methods)
    assert not [name for name in methods if not hasattr(kind, name)]


def test_titles_and_offerings():
    of = adapter(adam=print)
    of.name, of.version, of.forms = "mine", "1.0", ("adam:amsgrad", "sgd:weight-decay")
    assert title_of(of) == "mine 1.0"
    assert list_offerings(of, "adam") == [Offering("adam", "amsgrad")]


def test_types_are_some_of_the_four():
    assert check_types("mine", ["float32"]) == ("float32",)
    with pytest.raises(AdapterError, match="mine: types = 'float32' must be a list of some of"):
        check_types("mine", "float32")
