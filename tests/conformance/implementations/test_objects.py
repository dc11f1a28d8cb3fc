"""Objects without an adapter on the command line: what is found, and what cannot be asked."""

from __future__ import annotations

import sys

import pytest

from command_line import run
from trainspec.conformance.implementations.implementation import AdapterError
from trainspec.conformance.implementations.objects import (
    ObjectTarget,
    load_object,
    names_object,
)

BOOK = '''
import numpy as np

class SGD:
    def __init__(self, lr=0.01):
        self.lr = lr
    def update(self, params, grads):
        for key in params:
            params[key] -= self.lr * grads[key]

class Momentum:
    def __init__(self, lr=0.01, momentum=0.9):
        self.lr, self.momentum, self.v = lr, momentum, None
    def update(self, params, grads):
        if self.v is None:
            self.v = {key: np.zeros_like(value) for key, value in params.items()}
        for key in params:
            self.v[key] = self.momentum * self.v[key] - self.lr * grads[key]
            params[key] += self.v[key]

class AdaGrad:
    def __init__(self, lr=0.01):
        self.lr, self.h = lr, None
    def update(self, params, grads):
        if self.h is None:
            self.h = {key: np.zeros_like(value) for key, value in params.items()}
        for key in params:
            self.h[key] += grads[key] * grads[key]
            params[key] -= self.lr * grads[key] / (np.sqrt(self.h[key]) + 1e-7)

class WeightDecaySGD:
    """The gradient's sign is wrong in the decay."""
    def __init__(self, rate=0.01, weight_decay=0.0):
        self.rate, self.weight_decay = rate, weight_decay
    def update(self, params, grads):
        for key in params:
            params[key] -= self.rate * (grads[key] - self.weight_decay * params[key])

class PairedAdam:
    def __init__(self, lr=0.001, betas=(0.9, 0.999), eps=1e-8):
        self.lr, self.betas, self.eps, self.t, self.m, self.v = lr, betas, eps, 0, {}, {}
    def update(self, params, grads):
        (b1, b2), self.t = self.betas, self.t + 1
        for k, g in grads.items():
            self.m[k] = b1 * self.m.get(k, 0 * g) + (1 - b1) * g
            self.v[k] = b2 * self.v.get(k, 0 * g) + (1 - b2) * g * g
            m, v = self.m[k] / (1 - b1**self.t), self.v[k] / (1 - b2**self.t)
            params[k] -= self.lr * m / (np.sqrt(v) + self.eps)

class ScaledAdam(PairedAdam):
    """Nearly the paper's: a thousandth of the parameter is taken away where it is large."""
    def update(self, params, grads):
        super().update(params, grads)
        for k in params:
            params[k] -= np.where(np.abs(params[k]) > 0.2, params[k] / 1024, 0 * params[k])

class Mover(SGD):
    pass

def helper(something):
    return something
'''


@pytest.fixture
def book(tmp_path, monkeypatch):
    name = f"bookish_{tmp_path.name}".replace("-", "_")
    (tmp_path / f"{name}.py").write_text(BOOK)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    yield name
    sys.modules.pop(name, None)


@pytest.mark.parametrize("kind", ["SGD", "Momentum", "PairedAdam"])
def test_classes_of_the_book_are_checked_by_name(book, kind):
    result = run("check", f"{book}:{kind}", "-d", "float64")
    assert result.exit_code == 0, result.output
    assert "conforms" in result.output
    assert "book style; lr is learning_rate" in " ".join(result.output.split())


def test_identify_takes_what_is_said_of_an_object(book):
    result = run("identify", f"{book}:Mover", "--as", "sgd")
    assert result.exit_code == 0, result.output
    assert "sgd in float64: canonical" in result.output
    assert "declared" not in result.output
    assert "are for an object" in run("identify", "reference", "--as", "adam").output


def test_a_constant_of_its_own_is_found(book):
    result = run("identify", f"{book}:AdaGrad")
    assert "epsilon-fixed-1e-7" in result.output
    assert run("check", f"{book}:AdaGrad", "-d", "float64").exit_code == 1


def test_what_the_name_does_not_say_is_said(book):
    assert "--as adagrad|adam|momentum|rmsprop|sgd" in run("check", f"{book}:Mover").output
    result = run("check", f"{book}:Mover", "--as", "sgd", "-d", "float64")
    assert result.exit_code == 0
    unnamed = run("check", f"{book}:WeightDecaySGD")
    assert "--map learning_rate=NAME" in unnamed.output
    mapped = run("check", f"{book}:WeightDecaySGD", "--map", "learning_rate=rate", "-d", "float64")
    assert mapped.exit_code == 1
    assert "sgd/accepted-weight-decay" in mapped.output  # the decay has the wrong sign


def test_what_it_is_always_given(book):
    words = ["--map", "learning_rate=rate", "--set", "weight_decay=0.5", "-d", "float64"]
    result = run("check", f"{book}:WeightDecaySGD", *words)
    assert result.exit_code == 1
    assert "wrong where the parameter is not zero" in result.output
    assert f"trainspec check {book}:WeightDecaySGD --case" in result.output


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("{0}:Nothing", "has no Nothing"),
        ("no_such_module_at_all:Adam", "cannot be imported"),
        ("{0}:helper", "is nothing that can be asked by name"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(book, target, words):
    result = run("check", target.format(book))
    assert result.exit_code == 2
    assert words in " ".join(result.output.split())
    assert "Traceback" not in result.output


def test_a_module_that_breaks_at_import_is_told_in_one_sentence(tmp_path, monkeypatch):
    (tmp_path / "breaks_at_import.py").write_text("raise RuntimeError('no such operator')")
    monkeypatch.chdir(tmp_path)
    result = run("check", "breaks_at_import:Adam")
    assert result.exit_code == 2
    said = " ".join(result.output.split())
    assert "breaks_at_import cannot be imported: RuntimeError: no such operator" in said


def test_a_narrow_type_names_no_form(book):
    """Adam that is scaled by the norm of its tensor: in bfloat16 it looks like other forms."""
    result = run("check", f"{book}:ScaledAdam", "--as", "adam")
    assert result.exit_code == 1
    assert "and is checked as that" not in result.output


def test_an_object_of_no_kind_is_told_what_can_be_asked(book):
    with pytest.raises(AdapterError, match="is nothing that can be asked by name"):
        load_object(ObjectTarget(f"{book}:helper", "sgd", {}, {"learning_rate": "x"}))


def test_options_of_objects_are_for_objects_only():
    result = run("check", "reference", "--as", "adam")
    assert result.exit_code == 2
    assert "are for an object" in result.output


@pytest.mark.parametrize(
    ("word", "is_one"),
    [("torch.optim:Adam", True), ("mine:Adam", True), ("adam", False), ("./x.py", False),
     ("adam:eps-hat", False), ("C:\\\\adapter", False)],
)  # fmt: skip
def test_which_words_name_an_object(word, is_one):
    assert names_object(word) is is_one


def test_a_target_goes_to_another_process_and_back():
    target = ObjectTarget("a.b:C", "adam", {"nesterov": True}, {"learning_rate": "lr"})
    assert ObjectTarget.unpack(target.pack()) == target
