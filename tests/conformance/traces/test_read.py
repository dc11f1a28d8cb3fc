"""Reading traces: three kinds of files, and everything that may be wrong with one."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import ml_dtypes
import numpy as np
import pytest

from helpers import ROOT
from trainspec.conformance.traces.read import TraceError, read_trace
from trainspec.trace import Recorder

KINDS = ["npz", "safetensors", "jsonl"]

HEAD = {"trainspec_trace": 1, "type": "float64"}
ONE = {"shape": [1], "data": [1.0]}


def write(path, dtype=np.float32, missing=False):
    w, b = np.array([[0.5, -1.0]], dtype), np.array(2.0, dtype)
    recorder = Recorder({"w": w, "b": b}, beta1=0.9)
    for t in range(3):
        g = np.full_like(w, 0.25 * (t + 1))
        w = (w - g * dtype(0.5)).astype(dtype)
        late = missing and t == 1
        recorder.step({"w": g, "b": None if late else b}, {"w": w, "b": b}, 0.5)
    recorder.save(path)
    return path


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, ml_dtypes.bfloat16])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_is_read(kind, dtype, tmp_path):
    if kind == "safetensors":
        pytest.importorskip("safetensors")
    trace = read_trace(write(tmp_path / f"run.{kind}", dtype))
    assert trace.kind == np.dtype(dtype).name
    assert trace.names == ["b", "w"]
    assert trace.shapes == [(), (1, 2)]
    assert trace.params.tolist()[1] == [2.0, 0.375, -1.125]
    assert trace.grads.tolist()[2] == [2.0, 0.75, 0.75]
    assert trace.rates == [0.5] * 3
    assert trace.hyperparameters == {"beta1": 0.9}


@pytest.mark.parametrize("kind", KINDS)
def test_a_tensor_that_lacks_a_gradient_is_a_part_with_its_own_steps(kind, tmp_path):
    if kind == "safetensors":
        pytest.importorskip("safetensors")
    trace = read_trace(write(tmp_path / f"run.{kind}", missing=True))
    assert trace.names == ["w"]
    assert trace.left_out == []
    (part,) = trace.parts
    assert (part.names, part.places, part.steps) == (["b"], [0, 2], 2)
    assert part.params.tolist() == [[2.0], [2.0], [2.0]]
    assert part.grads.tolist() == [[2.0], [2.0]]
    assert part.rates == [0.5, 0.5]


@pytest.mark.parametrize("kind", KINDS)
def test_a_tensor_that_moves_without_a_gradient_is_left_out(kind, tmp_path):
    if kind == "safetensors":
        pytest.importorskip("safetensors")
    w = np.zeros(2)
    recorder = Recorder({"w": w, "b": w})
    recorder.step({"w": w, "b": w}, {"w": w, "b": w})
    recorder.step({"w": w, "b": None}, {"w": w, "b": w + 1})
    recorder.save(tmp_path / f"run.{kind}")
    trace = read_trace(tmp_path / f"run.{kind}")
    assert trace.left_out == ["b"]
    assert trace.parts == []


def test_lines_follow_the_schema(tmp_path):
    schema = json.loads((ROOT / "spec" / "schemas" / "trace.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    path = write(tmp_path / "run.jsonl", missing=True)
    for line in path.read_text("utf-8").splitlines():
        jsonschema.validate(json.loads(line), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"step": 1, "params": {}}, schema)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("run.txt", b"", "a trace ends in .npz, .safetensors, .jsonl"),
        ("run.jsonl", b"", "it is empty"),
        ("run.jsonl", b"not json", "cannot be read as a trace"),
        ("run.jsonl", b'{"params": {}}', "not a trace of version 1"),
        ("run.jsonl", b'{"trainspec_trace": 1, "type": "int8"}', "type is 'int8'; it must be one"),
        (
            "run.jsonl",
            b'{"trainspec_trace": 1, "type": "float32"}',
            "it has no parameters",
        ),
        ("run.npz", b"PK not a zip", "cannot be read as a trace"),
        ("run.safetensors", b"short", "cannot be read as a trace"),
    ],
)
def test_a_damaged_file_is_one_clear_line(name, content, words, tmp_path):
    if name.endswith("safetensors"):
        pytest.importorskip("safetensors")
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(TraceError, match=words) as caught:
        read_trace(path)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there():
    path = Path("nowhere.npz")
    with pytest.raises(TraceError, match=r"there is no file nowhere\.npz"):
        read_trace(path)


def test_nothing_is_unpickled(tmp_path):
    path = tmp_path / "run.npz"
    np.savez(path, trace="{}", evil=np.array([object()], dtype=object))
    with pytest.raises(TraceError, match=r"cannot be read|not a trace"):
        read_trace(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"params/w": np.zeros((2, 2))}, "parameters at 2 times and 3 gradients"),
        ({"grads/w": np.zeros((3, 5))}, r"grads/w has the shape \(5,\), not \(2,\)"),
        ({"state/v/w": np.zeros(3)}, r"state/v/w has the shape \(3,\), not \(2,\)"),
    ],
)
def test_arrays_that_do_not_fit_are_named(change, words, tmp_path):
    path = tmp_path / "run.npz"
    head = json.dumps({"trainspec_trace": 1, "type": "float64"})
    arrays = {"params/w": np.zeros((4, 2)), "grads/w": np.zeros((3, 2)), **change}
    np.savez(path, trace=head, **arrays)
    with pytest.raises(TraceError, match=words):
        read_trace(path)
    np.savez(path, trace=json.dumps({"trainspec_trace": 1, "type": "float64", "learning_rate": [1]}),
             **{"params/w": np.zeros((4, 2)), "grads/w": np.zeros((3, 2))})  # fmt: skip
    with pytest.raises(TraceError, match="1 learning rates for 3 steps"):
        read_trace(path)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([[1, 2]], "object"),
        (["text"], "object"),
        ([{**HEAD, "first_step": 0}], "first_step"),
        ([{**HEAD, "hyperparameters": []}], "hyperparameters"),
        ([{**HEAD, "state": 3}], "state"),
        ([{**HEAD, "params": {"w": ONE}}, {"params": {"w": ONE}, "grads": []}], "grads"),
        ([{**HEAD, "params": {"w": ONE}}, {"params": {}, "grads": {}}], "'w'"),
        ([{**HEAD, "params": {"w": {"shape": [2], "data": [1e999]}}}], "cannot be read|no param"),
    ],
)
def test_a_member_of_another_form_is_named(lines, words, tmp_path):
    path = tmp_path / "run.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    with pytest.raises(TraceError, match=words):
        read_trace(path)


@pytest.mark.parametrize("kind", [complex, "datetime64[s]", "U3"])
def test_arrays_of_what_is_no_number_are_refused(kind, tmp_path):
    path = tmp_path / "run.npz"
    head = json.dumps(HEAD)
    np.savez(path, trace=head, **{"params/w": np.zeros((3, 2), kind), "grads/w": np.zeros((2, 2))})
    with pytest.raises(TraceError, match="not numbers"):
        read_trace(path)
