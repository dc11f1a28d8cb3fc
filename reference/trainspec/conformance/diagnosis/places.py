"""Every number of the answers with where it stands and what it was computed from.

An update rule goes wrong and then stays wrong, so that of every element only the steps up to the
first wrong one are looked at.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec import Struct, field

from trainspec.conformance.basics.float_types import FloatArray
from trainspec.conformance.basics.tensors import (
    is_list_of_shapes,
    iterate_tensors,
    list_shapes,
    map_tensors,
    to_array,
)
from trainspec.conformance.cases.case import Case
from trainspec.conformance.checking.distance import measure_each
from trainspec.conformance.diagnosis.evidence import NEAR, Evidence

#: The features of a number, by name; NaN where a number has no such feature.
Features = dict[str, FloatArray]


class Places(Struct, frozen=True):
    """Numbers side by side: what was got, what a form returns, and whether that is near enough.

    `start` is the number that a step starts from, 0 where there are no steps; `case` is the index
    of the case, `output` the index of the output. `features` say where each stands.
    """

    case: Any
    output: Any
    got: FloatArray
    right: FloatArray
    start: FloatArray
    good: Any
    features: Features = field(default_factory=dict)

    def at(self, chosen: Any) -> Places:
        """Those of the numbers that are chosen."""
        features = {name: values[chosen] for name, values in self.features.items()}
        return Places(
            self.case[chosen], self.output[chosen], self.got[chosen], self.right[chosen],
            self.start[chosen], self.good[chosen], features,
        )  # fmt: skip


def collect_places(
    evidence: Evidence, values: Sequence[FloatArray], names: Sequence[str]
) -> Places | None:
    """The numbers of all answers beside `values`, those of a form with the edits `names`."""
    parts = []
    ordinary = [index for index in evidence.answered if evidence.ordinary(index)]
    # Where steps are left out nobody knows at which of them a number went wrong.
    dense = [index for index in ordinary if evidence.cases[index].keep is None]
    failing = any(index < evidence.failing for index in dense)
    for index in dense if failing else ordinary:
        case, answer = evidence.cases[index], evidence.answers[index]
        if values[index].shape != answer.shape or case.expected.shape != answer.shape:
            continue
        allowed = evidence.allowed(index, names)
        far = measure_each(answer, values[index], case.expected, allowed, evidence.kind)
        found = _read_update if evidence.page.is_update_rule else _read_function
        features, start, output = found(case, values[index])
        good = far <= NEAR
        part = Places(
            np.full(len(answer), index), output, answer, values[index], start, good, features
        )
        parts.append(part.at(_until_first_wrong(case, good)))
    if not parts:
        return None

    def join(name: str) -> Any:
        return np.concatenate([getattr(part, name) for part in parts])

    features = _join([(len(part.got), part.features) for part in parts])
    return Places(
        join("case"), join("output"), join("got"), join("right"), join("start"), join("good"),
        features,
    )  # fmt: skip


def read_features(evidence: Evidence, case: Case) -> Features:
    """The features of every number of an answer to a case."""
    found = _read_update if evidence.page.is_update_rule else _read_function
    return found(case, case.expected)[0]


def _join(blocks: Sequence[tuple[int, Features]]) -> Features:
    """The features of several blocks of numbers, one after the other; NaN where one lacks it."""
    names = dict.fromkeys(name for _, features in blocks for name in features)
    return {
        name: np.concatenate(
            [features.get(name, np.full(size, np.nan)) for size, features in blocks]
        )
        for name in names
    }


def _spread(own: dict[str, Any], shape: Sequence[int]) -> tuple[int, Features]:
    """The features of a tensor's numbers: each of its shape, or one number for all."""
    features: Features = {
        name: np.broadcast_to(np.asarray(value, np.float64), shape).ravel()
        for name, value in own.items()
    }
    return math.prod(shape), features


def _until_first_wrong(case: Case, good: Any) -> Any:
    """The numbers up to the first wrong one of each element; all where there are no steps."""
    steps = (len(case.keep) if case.keep else case.steps) or 1
    if "params" not in case.inputs:
        return np.ones(len(good), dtype=bool)
    rows = good.reshape(steps, -1)
    before = np.vstack([np.ones_like(rows[:1]), np.logical_and.accumulate(rows[:-1], 0)])
    return before.ravel()


def _read_update(case: Case, values: FloatArray) -> tuple[Features, FloatArray, Any]:
    """The features of the numbers of an update rule, in the order of the answer."""
    inputs = map_tensors(lambda t: to_array(t, np.float64), case.inputs)
    params, grads = inputs["params"], inputs["grads"]
    rates = case.numbers()["learning_rate"]
    kept = case.keep or range(1, (case.steps or 0) + 1)
    size = sum(W.size for W in params)
    rows = values.reshape(len(kept), size)
    first = np.concatenate([W.ravel() for W in params]) if params else np.empty(0)
    start = np.vstack([first[None], rows[:-1]])
    start[[i for i, t in enumerate(kept) if t > 1 and t - 1 not in kept]] = np.nan
    blocks = []
    for row, t in enumerate(kept):
        at = 0
        before = grads[t - 2] if t > 1 else [np.full_like(g, np.nan) for g in grads[0]]
        for k, W in enumerate(params):
            g = grads[t - 1][k]
            ever = np.any([step[k] != 0 for step in grads[: t - 1]], axis=0) if t > 1 else 0 * g
            own = {
                "step": t,
                "tensor": k,
                "tensors": len(params),
                "dimensions": W.ndim,
                "size": W.size,
                "gradient": g,
                "gradient before": before[k],
                "largest gradient of the tensor": np.max(np.abs(g), initial=0.0),
                "gradient ever before": ever,
                "parameter": start[row, at : at + W.size].reshape(W.shape),
                "rate": rates[t - 1],
                "first rate": rates[0],
                "rate before": rates[t - 2] if t > 1 else np.nan,
                **_index_features(W.shape),
            }
            blocks.append(_spread(own, W.shape))
            at += W.size
    features = _join(blocks)
    return features, start.ravel(), features["tensor"].astype(int)


def _read_function(case: Case, values: FloatArray) -> tuple[Features, FloatArray, Any]:
    """The features of the numbers of a function or a sequence, in the order of the answer."""
    inputs = map_tensors(lambda t: to_array(t, np.float64), case.inputs)
    first = _first_array(inputs)
    blocks, outputs = [], []
    shapes = [
        (number, own, layer, len(shape) if is_list_of_shapes(shape) else 0)
        for number, shape in enumerate(case.outputs.values())
        for layer, own in enumerate(list_shapes(shape))
    ]
    for number, shape, layer, layers in shapes:
        for t in case.keep or range(1, (case.steps or 1) + 1):
            own: dict[str, Any] = {
                "step": t,
                "rows of the input": first.shape[0] if first.ndim > 1 else np.nan,
                "values of the input": first.size if first.ndim == 1 else np.nan,
                "dimensions of the input": first.ndim,
                "layer": layer if layers else np.nan,
                "layers": layers,
                **_index_features(shape),
            }
            own |= {
                f"input {name}": value
                for name, value in inputs.items()
                if not isinstance(value, list) and list(value.shape) == list(shape)
            }
            blocks.append(_spread(own, shape))
            outputs.append(np.full(math.prod(shape), number))
    return _join(blocks), np.zeros(len(values)), np.concatenate(outputs)


def _first_array(nest: Any) -> Any:
    """The first tensor of the inputs."""
    return next((array for _, array in iterate_tensors(nest)), np.empty(0))


def _index_features(shape: Sequence[int]) -> dict[str, Any]:
    """The row, column and position of every element of a tensor, from 0, from either end."""
    size = math.prod(shape)
    if not shape or not size:
        return {"position": 0, "position from the end": 0}
    index = np.indices(shape)
    position = np.arange(size).reshape(shape)
    found = {"position": position, "position from the end": size - 1 - position}
    for name, axis in zip(("row", "column"), range(len(shape))):
        found[name] = index[axis]
        found[f"{name} from the end"] = shape[axis] - 1 - index[axis]
    return found
