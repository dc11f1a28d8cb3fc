"""ONNX: the reference evaluator's Adam returns float64 for float32, and T may start from 0."""

import numpy as np
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

names = ["R", "T", "X", "G", "V", "H"]
node = helper.make_node(
    "Adam", names, ["X1", "V1", "H1"], domain="ai.onnx.preview.training",
    alpha=0.9, beta=0.999, epsilon=1e-8,
)  # fmt: skip
info = helper.make_tensor_value_info
kinds = [TensorProto.INT64 if name == "T" else TensorProto.FLOAT for name in names]
graph = helper.make_graph(
    [node], "adam", [info(n, k, None) for n, k in zip(names, kinds)],
    [info(n, TensorProto.FLOAT, None) for n in ("X1", "V1", "H1")],
)  # fmt: skip
opsets = [helper.make_opsetid("ai.onnx.preview.training", 1)]
run = ReferenceEvaluator(helper.make_model(graph, opset_imports=opsets)).run
one, zero = np.ones(1, np.float32), np.zeros(1, np.float32)
for t in (0, 1):
    given = {"R": np.float32(0.01), "T": np.array(t), "X": zero, "G": one, "V": zero, "H": zero}
    moved = run(None, given)[0]
    print(f"T from {t}: a first step of {-moved[0]:.4f}, in {moved.dtype}")
