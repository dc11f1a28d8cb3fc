"""Recording a run: `trainspec.trace`."""

from __future__ import annotations

import numpy as np
import pytest

from trainspec.trace import Recorder


class Tensor:
    """What a tensor of PyTorch offers."""

    dtype = "torch.float32"

    def __init__(self, values):
        self.values = np.asarray(values, np.float32)

    def detach(self):
        return self

    def cpu(self):
        return self

    def numpy(self):
        return self.values


def test_tensors_are_copied_and_converted(tmp_path):
    w = np.ones(2)
    recorder = Recorder({"w": w})
    w[:] = 5
    recorder.step({"w": w}, {"w": w})
    recorder.save(tmp_path / "run.npz")
    with np.load(tmp_path / "run.npz") as file:
        assert file["params/w"].tolist() == [[1.0, 1.0], [5.0, 5.0]]
    assert Recorder({"w": Tensor([1.0])}).type == "float32"


def test_what_cannot_be_recorded_is_refused(tmp_path):
    with pytest.raises(TypeError, match="int64"):
        Recorder({"w": np.arange(3)})
    with pytest.raises(TypeError, match="float32, float64"):
        Recorder({"w": np.zeros(1), "b": np.zeros(1, np.float32)})
    recorder = Recorder({"w": np.zeros(2)})
    with pytest.raises(ValueError, match="no step"):
        recorder.save(tmp_path / "run.npz")
    with pytest.raises(ValueError, match=r"shape \(3,\), before it was \(2,\)"):
        recorder.step({"w": np.zeros(3)}, {"w": np.zeros(3)})
    with pytest.raises(KeyError, match="w"):
        recorder.step({}, {})
    recorder.step({"w": np.zeros(2)}, {"w": np.zeros(2)})
    with pytest.raises(ValueError, match="ends in"):
        recorder.save(tmp_path / "run.pkl")
