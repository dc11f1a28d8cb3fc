"""ONNX' reference evaluator (https://github.com/onnx/onnx): the preview operators of training.

A model of one operator is run for every step. The attributes have no defaults but the standard's,
and are float32 in a model of float64 too; the learning rate is an input. T counts from 1 here:
the standard leaves open where it starts, and with 0 the evaluator corrects no bias at step one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from trainspec.conformance.adapters._shared import updates

name = "ONNX reference evaluator"
version = onnx.__version__
types = ["float64", "float32"]
profile = "onnx"

DOMAIN = "ai.onnx.preview.training"
KINDS = {"float64": TensorProto.DOUBLE, "float32": TensorProto.FLOAT}


class _Run:
    """An operator with the parameters, and the slots that it updates along with them."""

    def __init__(self, params: Any, operator: str, slots: int, fill: float, given: Any) -> None:
        self.params = [np.array(W) for W in params]
        self.slots = [[np.full_like(W, fill) for _ in range(slots)] for W in params]
        self.sessions = [_session(operator, W, slots, given) for W in params]
        self.t = 0

    def step(self, gradient: Any, rate: float | None) -> Any:
        self.t += 1
        for k, g in enumerate(gradient):
            if g is None:
                continue
            W = self.params[k]
            inputs = {"R": np.array(rate, W.dtype), "T": np.array(self.t), "X": W, "G": g}
            inputs.update({f"S{i}": slot for i, slot in enumerate(self.slots[k])})
            found = [np.asarray(v) for v in self.sessions[k].run(None, inputs)]
            self.params[k], *self.slots[k] = found
        return [np.array(W) for W in self.params]

    def save(self) -> Any:
        return self.t, [list(slots) for slots in self.slots]

    def restore(self, state: Any) -> None:
        self.t, self.slots = state[0], [list(slots) for slots in state[1]]


def _session(operator: str, W: Any, slots: int, given: dict[str, Any]) -> Any:
    kind, shape = KINDS[W.dtype.name], list(W.shape)
    states = [f"S{i}" for i in range(slots)]
    node = helper.make_node(
        operator, ["R", "T", "X", "G", *states], ["X1", *(f"{s}1" for s in states)],
        domain=DOMAIN, **given,
    )  # fmt: skip
    scalar = helper.make_tensor_value_info
    inputs = [scalar("R", kind, []), scalar("T", TensorProto.INT64, [])]
    inputs += [scalar(name, kind, shape) for name in ("X", "G", *states)]
    outputs = [scalar(name, kind, shape) for name in ("X1", *(f"{s}1" for s in states))]
    graph = helper.make_graph([node], operator, inputs, outputs)
    return ReferenceEvaluator(
        helper.make_model(graph, opset_imports=[helper.make_opsetid(DOMAIN, 1)])
    )


def _of(operator: str, slots: int, words: dict[str, str], fill: float = 0.0, **fixed: Any) -> Any:
    def make(params: Any, rates: Any, given: dict[str, float]) -> Any:
        if rates is None:
            raise TypeError("R, the learning rate, is an input and has no default")
        named = {words[name]: value for name, value in given.items()}
        return _Run(params, operator, slots, fill, {**fixed, **named})

    return updates(make, _Run.step, _Run.save, _Run.restore)


_MOMENTUM = {"momentum": "alpha", "weight_decay": "norm_coefficient"}
_ADAM = {"beta1": "alpha", "beta2": "beta", "epsilon": "epsilon"}

momentum = _of("Momentum", 1, _MOMENTUM, beta=1.0, mode="standard", norm_coefficient=0.0)
adagrad = _of("Adagrad", 1, {"epsilon": "epsilon"})
adam = _of("Adam", 2, _ADAM)

forms = {
    "momentum:nesterov-rate-outside": _of(
        "Momentum", 1, _MOMENTUM, beta=1.0, mode="nesterov", norm_coefficient=0.0
    ),
    "momentum:coupled-decay-rate-outside": _of("Momentum", 1, _MOMENTUM, beta=1.0, mode="standard"),
    "adagrad:starts-at-tenth": _of("Adagrad", 1, {"epsilon": "epsilon"}, 0.1),
    "adagrad:coupled-decay": _of(
        "Adagrad", 1, {"epsilon": "epsilon", "weight_decay": "norm_coefficient"}
    ),
    "adam:eps-hat+coupled-decay": _of("Adam", 2, {**_ADAM, "weight_decay": "norm_coefficient"}),
}
