"""Recording a training run, so that `trainspec identify --trace` can say which rule moved it.

    from trainspec.trace import Recorder

    recorder = Recorder({"w": w, "b": b}, learning_rate=0.001)
    for batch in batches:
        ...
        recorder.step({"w": grad_w, "b": grad_b}, {"w": w, "b": b})
    recorder.save("run.npz")

NumPy is all it needs; tensors of PyTorch, JAX, TensorFlow and others are converted. The format is
described in spec/traces.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

#: The version of the format.
VERSION = 1
TYPES = ("float64", "float32", "float16", "bfloat16")


class Recorder:
    """Collects the parameters and gradients of a run, step by step.

    `params` are the parameters before the first step, by name; they are copied. Hyperparameters
    that are known are keywords (`learning_rate` one number, or one per step with `step`).
    `first_step` is the number of the first step, and `state` what the optimizer held before it:
    ``{"m": {"w": …}, "v": {"w": …}}``, by the names of the page.

    Raises TypeError for parameters that are not of one floating-point type that a trace has.
    """

    def __init__(
        self,
        params: Mapping[str, Any],
        *,
        first_step: int = 1,
        state: Mapping[str, Mapping[str, Any]] | None = None,
        **hyperparameters: float,
    ) -> None:
        start = _copy_all(params)
        kinds = {array.dtype.name for array in start.values()}
        if len(kinds) != 1 or not kinds <= set(TYPES):
            raise TypeError(
                f"the parameters have the types {', '.join(sorted(kinds)) or 'none'}: a trace has "
                f"one of {', '.join(TYPES)}"
            )
        (self.type,) = kinds
        self._params: list[dict[str, Any]] = [start]
        self._grads: list[dict[str, Any]] = []
        self._rates: list[float | None] = []
        self._head = {"first_step": first_step, "hyperparameters": hyperparameters}
        self._state = {slot: _copy_all(tensors) for slot, tensors in (state or {}).items()}

    def step(
        self,
        grads: Mapping[str, Any],
        params: Mapping[str, Any],
        learning_rate: float | None = None,
    ) -> None:
        """Record one step: the gradients, and the parameters after it.

        A gradient may be None. Raises KeyError for a parameter that is missing, ValueError for a
        shape that has changed.
        """
        after = _copy_all({name: params[name] for name in self._params[0]})
        for name, array in after.items():
            if array.shape != self._params[0][name].shape:
                raise ValueError(
                    f"{name} has the shape {array.shape}, before it was "
                    f"{self._params[0][name].shape}"
                )
        self._grads.append(_copy_all({name: grads.get(name) for name in after}))
        self._params.append(after)
        self._rates.append(None if learning_rate is None else float(learning_rate))

    def save(self, path: str | Path) -> None:
        """Write the trace: `.npz`, `.safetensors` (needs the package safetensors), or `.jsonl`.

        Raises ValueError for another ending, or where no step was recorded.
        """
        path = Path(path)
        if not self._grads:
            raise ValueError("no step was recorded")
        if path.suffix == ".jsonl":
            path.write_text(self._write_lines(), encoding="utf-8")
        elif path.suffix == ".npz":
            np.savez(path, trace=json.dumps(self._describe()), **self._stack())
        elif path.suffix == ".safetensors":
            from safetensors.numpy import save_file  # the extra `trace`

            save_file(self._stack(), path, {"trace": json.dumps(self._describe())})
        else:
            raise ValueError(f"{path}: a trace ends in .npz, .safetensors or .jsonl")

    def _describe(self) -> dict[str, Any]:
        """What is not an array."""
        about = {"trainspec_trace": VERSION, "type": self.type, **self._head}
        if all(rate is not None for rate in self._rates):
            about["learning_rate"] = self._rates
        missing = {
            name: [t for t, grads in enumerate(self._grads, 1) if grads[name] is None]
            for name in self._params[0]
        }
        return {**about, "missing": {name: steps for name, steps in missing.items() if steps}}

    def _stack(self) -> dict[str, Any]:
        """All arrays by the names that the format gives them; a missing gradient is NaN."""
        arrays = {}
        for name, first in self._params[0].items():
            nothing = np.full_like(first, np.nan)
            grads = [g[name] if g[name] is not None else nothing for g in self._grads]
            arrays[f"params/{name}"] = np.stack([p[name] for p in self._params])
            arrays[f"grads/{name}"] = np.stack([np.asarray(g, first.dtype) for g in grads])
        for slot, tensors in self._state.items():
            arrays |= {f"state/{slot}/{name}": array for name, array in tensors.items()}
        return arrays

    def _write_lines(self) -> str:
        head = {"trainspec_trace": VERSION, "type": self.type, **self._head}
        head["params"] = _spell_all(self._params[0])
        head["state"] = {slot: _spell_all(tensors) for slot, tensors in self._state.items()}
        lines = [head]
        for t, (grads, params, rate) in enumerate(
            zip(self._grads, self._params[1:], self._rates), 1
        ):
            line = {"step": t, "grads": _spell_all(grads), "params": _spell_all(params)}
            lines.append(line if rate is None else {**line, "learning_rate": rate})
        return "".join(json.dumps(line, allow_nan=False) + "\n" for line in lines)


def _copy_all(tensors: Mapping[str, Any]) -> dict[str, Any]:
    return {str(name): None if t is None else _copy(t) for name, t in tensors.items()}


def _copy(tensor: Any) -> Any:
    """A tensor of any library as an array of its own."""
    if hasattr(tensor, "detach"):  # PyTorch
        tensor = tensor.detach().cpu()
        if str(tensor.dtype) == "torch.bfloat16":
            import ml_dtypes  # NumPy has no bfloat16

            return tensor.float().numpy().astype(ml_dtypes.bfloat16)
        return tensor.numpy().copy()
    return np.array(tensor)


def _spell_all(tensors: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: None if array is None else {"shape": list(array.shape), "data": _spell(array)}
        for name, array in tensors.items()
    }


def _spell(array: Any) -> list[Any]:
    """Numbers in row-major order; those that JSON lacks are strings."""
    words = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
    values = np.asarray(array, np.float64).ravel().tolist()
    return [v if np.isfinite(v) else words[repr(v)] for v in values]
