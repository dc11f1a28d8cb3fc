"""Targets: files, shipped adapters, programs, and what is none of them."""

from __future__ import annotations

import pytest

from trainspec.conformance.implementations.child import ChildModule
from trainspec.conformance.implementations.implementation import AdapterError
from trainspec.conformance.implementations.python_module import PythonModule
from trainspec.conformance.implementations.target import load_implementation, split_target


def test_the_reference_and_what_is_to_be_debugged_run_in_this_process(module):
    path = module("def sgd(params, grads, *, learning_rate): return grads\n")
    assert isinstance(load_implementation([path], in_process=True), PythonModule)
    assert isinstance(load_implementation(["reference"]), PythonModule)


def test_an_adapter_has_a_process_of_its_own(module):
    path = module("name = 'mine'\ndef sgd(params, grads, *, learning_rate): return grads\n")
    implementation = load_implementation([path])
    try:
        assert isinstance(implementation, ChildModule)
        assert implementation.name == "mine"
        assert implementation.offers("sgd")
        assert not implementation.offers("adam")
    finally:
        implementation.close()


def test_a_target_in_one_word_is_split_unless_it_is_a_file(tmp_path):
    assert split_target("node adapter.mjs --flag") == ["node", "adapter.mjs", "--flag"]
    assert split_target("torch") == ["torch"]
    file = tmp_path / "my adapter.py"
    file.write_text("")
    assert split_target(str(file)) == [str(file)]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (["none.py"], "there is no file none.py"),
        (["nonesuch"], "is not a program on this machine, a .py file or a shipped adapter"),
        (["reference", "torch"], "one implementation at a time: after 'reference' comes 'torch'"),
        (["/"], "is a folder, not a program"),
    ],
)
def test_what_is_no_implementation_is_said_to_be_none(target, message):
    with pytest.raises(AdapterError, match=message):
        assert load_implementation(target).name


def test_known_failures_of_a_shipped_adapter_are_read():
    implementation = load_implementation(["reference"])
    assert implementation.known_failures == {}


def test_memory_is_limited_in_a_process_of_its_own_only():
    with pytest.raises(AdapterError, match="--memory limits a process of its own"):
        load_implementation(["reference"], in_process=True, memory=100)
