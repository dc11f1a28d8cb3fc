"""ONNX Runtime: the masks of neighbouring seeds, and of one session's calls, are correlated."""

import numpy as np
import onnxruntime
from onnx import TensorProto, helper


def start(seed):
    node = helper.make_node("Dropout", ["x", "ratio", "training"], ["y"], seed=seed)
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        [node],
        "dropout",
        [
            info("x", TensorProto.FLOAT, None),
            info("ratio", TensorProto.FLOAT, []),
            info("training", TensorProto.BOOL, []),
        ],
        [info("y", TensorProto.FLOAT, None)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )


def draw(session, ratio):
    ones = np.ones((128, 256), np.float32)
    given = {"x": ones, "ratio": np.array(ratio, np.float32), "training": np.array(True)}
    return (session.run(None, given)[0] > 0).ravel()


for ratio in (0.1, 0.25, 0.5, 0.75):
    masks = {seed: draw(start(seed), ratio) for seed in (1, 2, 4, 5, 12345)}
    pairs = [(1, 2), (2, 4), (1, 5), (1, 12345)]
    found = [f"{a}, {b}: {np.corrcoef(masks[a], masks[b])[0, 1]:.2f}" for a, b in pairs]
    session = start(1)
    calls = np.corrcoef(draw(session, ratio), draw(session, ratio))[0, 1]
    print(f"ratio {ratio}: seeds {'; '.join(found)}; two calls of one session: {calls:.2f}")
