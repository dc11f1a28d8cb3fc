"""The code of the book, “Deep Learning from Scratch”, from a checkout that DLFS names.

    git clone https://github.com/oreilly-japan/deep-learning-from-scratch
    DLFS=deep-learning-from-scratch trainspec check dlfs

Its epsilon is written into the formulas as 1e-7 (10e-7 in batch normalisation). Here a named
constant takes the place of that number, and nothing else is changed; if no epsilon is passed, it
has the book's value. Where the book's code draws random numbers, it gets those of the case.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from trainspec.conformance.adapters import _book_style as asked
from trainspec.conformance.adapters._book_style import BookRun
from trainspec.conformance.adapters._shared import renamed, updates

BOOK = Path(os.environ.get("DLFS", "deep-learning-from-scratch"))
if not (BOOK / "common" / "optimizer.py").is_file():
    raise ImportError(f"no common/optimizer.py in {BOOK}: DLFS names the book's checkout")

name = "Deep Learning from Scratch"
version = subprocess.run(
    ["git", "-C", str(BOOK), "log", "-1", "--format=%cs %h"],
    capture_output=True, text=True, check=False,
).stdout.strip()  # fmt: skip
types = ["float64", "float32", "float16"]
profile = "dlfs"

known_failures = {
    "dropout/dropped-infinity": "dropped units are multiplied by 0: an infinity becomes NaN",
}


def _module(file: str, **constants: str) -> ModuleType:
    """A module of the book's in which the literals `constants` have their names."""
    source = (BOOK / "common" / f"{file}.py").read_text("utf-8")
    module = ModuleType(f"common.{file}")
    module.__file__ = str(BOOK / "common" / f"{file}.py")
    for word, literal in constants.items():
        source = source.replace(literal, word)
        setattr(module, word, float(literal))
    sys.path.insert(0, str(BOOK))
    exec(compile(source, module.__file__, "exec"), module.__dict__)
    sys.path.remove(str(BOOK))
    return module


_optimizer = _module("optimizer", EPSILON="1e-7")
_layers = _module("layers", EPSILON="10e-7")
_net = _module("multi_layer_net")


@contextmanager
def _epsilon(module: ModuleType, value: float | None) -> Iterator[None]:
    names = module.__dict__
    before = names["EPSILON"]
    names["EPSILON"] = before if value is None else value
    try:
        yield
    finally:
        names["EPSILON"] = before


class _Run(BookRun):
    """An optimizer of the book's, with its epsilon."""

    def __init__(self, params: Any, optimizer: Any, epsilon: float | None) -> None:
        super().__init__(params, optimizer, "lr")
        self.epsilon = epsilon

    def step(self, gradient: Any, rate: float | None) -> Any:
        with _epsilon(_optimizer, self.epsilon):
            return super().step(gradient, rate)


def _of(kind: str) -> Any:
    def make(params: Any, rates: Any, given: dict[str, float]) -> Any:
        epsilon = given.pop("epsilon", None)
        named = renamed(given, {"rho": "decay_rate"})
        return _Run(params, getattr(_optimizer, kind)(**named), epsilon)

    return updates(make, _Run.step, _Run.save, _Run.restore)


sgd = _of("SGD")
momentum = _of("Momentum")
adagrad = _of("AdaGrad")
rmsprop = _of("RMSprop")
adam = _of("Adam")


def _nesterov() -> str:
    """The form of the book's Nesterov: the Korean edition's repository has the older one."""
    source = (BOOK / "common" / "optimizer.py").read_text("utf-8").partition("class Nesterov")[2]
    late = source.index("self.v[key] *= self.momentum") < source.index("params[key] += ")
    return "momentum:nesterov-updated-velocity" if late else "momentum:nesterov"


forms = {_nesterov(): _of("Nesterov")}


sigmoid = asked.bind_activation(_layers.Sigmoid, {})
relu = asked.bind_activation(_layers.Relu, {})
affine = asked.bind_affine(_layers.Affine, {})
softmax_cross_entropy = asked.bind_loss(_layers.SoftmaxWithLoss, {})


def dropout(x: Any, u: Any, dy: Any, *, ratio: float) -> Any:
    layer = _layers.Dropout(ratio)
    with _drawn("rand", u):
        y = layer.forward(np.array(x), train_flg=True)
    return {"y": y, "dx": layer.backward(np.array(dy)), "test": layer.forward(x, train_flg=False)}


def batch_normalization(
    x: Any, gamma: Any, beta: Any, dy: Any, *, epsilon: float | None = None
) -> Any:
    if x.ndim != 2:
        raise NotImplementedError("images are normalised per activation, with a gamma for each")
    layer = _layers.BatchNormalization(gamma, beta)
    with _epsilon(_layers, epsilon):
        y = layer.forward(np.array(x), train_flg=True)
        dx = layer.backward(np.array(dy))
    centred = layer.xc
    return {
        "y": y,
        "mean": (x - centred).mean(0),
        "variance": np.mean(centred**2, 0),
        "dx": dx,
        "dgamma": layer.dgamma,
        "dbeta": layer.dbeta,
    }


_running = asked.bind_batch_normalization_running(_layers.BatchNormalization, {})


def batch_normalization_running(
    x: Any, gamma: Any, beta: Any, *, epsilon: float | None = None, **given: float
) -> Any:
    if x[0].ndim != 2:
        raise NotImplementedError("images are normalised per activation, with a gamma for each")
    with _epsilon(_layers, epsilon):
        return _running(x, gamma, beta, **given)


def xavier(z: Any, *, fan_in: float, fan_out: float) -> Any:
    return _weights("xavier", z, fan_in)


def he(z: Any, *, fan_in: float, fan_out: float) -> Any:
    return _weights("he", z, fan_in)


def normal(z: Any, *, std: float) -> Any:
    return _weights(std, z, 1)


def _weights(how: Any, z: Any, fan_in: float) -> Any:
    """The first weights of the book's network, which has `fan_in` inputs, with z for its draws."""
    with _drawn("randn", z):
        net = _net.MultiLayerNet(int(fan_in), [1], 1, weight_init_std=how)
    return np.asarray(net.params["W1"], z.dtype)


@contextmanager
def _drawn(function: str, numbers: Any) -> Iterator[None]:
    """Let the book draw these numbers."""
    before = getattr(np.random, function)
    setattr(np.random, function, lambda *shape: np.array(numbers))
    yield
    setattr(np.random, function, before)
