"""ONNX' reference evaluator and ONNX Runtime: what their operations' cases do not show."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("onnx")
from trainspec.conformance.adapters import onnx as adapter


def first_step(t, kind=np.float64):
    W = np.ones(1, kind)
    session = adapter._session("Adam", W, 2, {})
    slots = {"S0": np.zeros(1, kind), "S1": np.zeros(1, kind)}
    inputs = {"R": np.array(0.01, kind), "T": np.array(t), "X": W, "G": np.full(1, 0.1, kind)}
    return np.asarray(session.run(None, {**inputs, **slots})[0])


def test_where_t_starts_decides_whether_the_first_step_is_corrected():
    assert first_step(1) == pytest.approx(0.99, abs=1e-5)
    assert first_step(0) == pytest.approx(0.9684, abs=1e-4)


def test_adam_gives_float64_for_float32():
    """The standard says that input and output have one type."""
    assert first_step(1, np.float32).dtype == np.float64
