"""ONNX Runtime (https://github.com/microsoft/onnxruntime): its CPU kernels, without gradients.

The package for inference has no kernels for the operators of training, but it has batch
normalisation's training mode, and draws of its own for dropout and normal weights.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import onnxruntime
from onnx import TensorProto, helper

name = "ONNX Runtime"
version = onnxruntime.__version__
types = ["float64", "float32"]
profile = "onnxruntime"

KINDS = {"float64": TensorProto.DOUBLE, "float32": TensorProto.FLOAT}
OPSET = 17


def batch_normalization_running(x: Any, gamma: Any, beta: Any, **given: float) -> Any:
    kind = gamma.dtype.name
    mean, variance = np.zeros_like(gamma), np.ones_like(gamma)
    after: dict[str, list[Any]] = {
        "running_mean": [], "running_variance": [], "training": [], "inference": []
    }  # fmt: skip
    attributes = tuple(sorted(given.items()))
    training = _session("BatchNormalization", kind, 5, 3, (*attributes, ("training_mode", 1)))
    inference = _session("BatchNormalization", kind, 5, 1, attributes)
    for batch in x:
        y, mean, variance = _run(training, batch, gamma, beta, mean, variance)
        (tested,) = _run(inference, batch, gamma, beta, mean, variance)
        for name, value in zip(after, (mean, variance, y, tested)):
            after[name].append(value)
    return after


def normal_draw(*, seed: int, std: float, rows: int, columns: int) -> Any:
    attributes = (("scale", std), ("seed", float(seed)), ("shape", (rows, columns)))
    # A session goes on drawing where it left off: each call has one of its own.
    return _run(_session.__wrapped__("RandomNormal", "float32", 0, 1, attributes))[0]


def dropout_draw(x: Any, dy: Any, *, seed: int, ratio: float) -> Any:
    """The outputs of `Dropout` in training and at test time; there is no backward pass."""
    kind = x.dtype
    model = _model("Dropout", kind.name, ["A0", "ratio", "training"], 1, (("seed", seed),))
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])

    def run(batch: Any, training: bool) -> Any:
        given = {"A0": batch, "ratio": np.array(ratio, kind), "training": np.array(training)}
        return session.run(None, given)[0]

    y = np.stack([run(batch, True) for batch in x])
    return {"y": y, "dx": None, "test": np.stack([run(batch, False) for batch in x])}


@cache
def _session(operator: str, kind: str, inputs: int, outputs: int, attributes: Any) -> Any:
    names = [f"A{i}" for i in range(inputs)]
    model = _model(operator, kind, names, outputs, attributes)
    return onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])


def _model(operator: str, kind: str, inputs: list[str], outputs: int, attributes: Any) -> bytes:
    given = {name: list(value) if isinstance(value, tuple) else value for name, value in attributes}
    results = [f"B{i}" for i in range(outputs)]
    node = helper.make_node(operator, inputs, results, **given)
    info = helper.make_tensor_value_info
    types = {"training": TensorProto.BOOL}
    graph = helper.make_graph(
        [node],
        operator,
        [info(name, types.get(name, KINDS[kind]), None) for name in inputs],
        [info(name, KINDS[kind], None) for name in results],
    )
    opsets = [helper.make_opsetid("", OPSET)]
    model: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    return model


def _run(session: Any, *inputs: Any) -> Any:
    found = session.run(None, {f"A{i}": value for i, value in enumerate(inputs)})
    return [np.asarray(value) for value in found]
