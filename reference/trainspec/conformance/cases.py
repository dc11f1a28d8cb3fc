"""Loading the cases: `golden file -> cases`, and putting them into a type."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from trainspec.conformance.combine import combination
from trainspec.conformance.files import golden_file, techniques
from trainspec.conformance.nest import Nest, is_tensor, leaves, mapped
from trainspec.conformance.types import TYPES, FloatArray

LEVELS = ("core", "numerics", "edge", "statistics")


class CaseError(ValueError):
    """A technique, case or variant that does not exist; names those that do."""


@dataclass(frozen=True, eq=False)
class Case:
    """One golden example, for the canonical form or for the variant that it names.

    `outputs` has the shape of every output, of one step where there are `steps`.
    `expected` is flat: every number of the outputs in order, of the steps in `keep` (counted
    from 1) where that is given. `tolerance` holds for each type served as many numbers.
    A case with `rejects` expects the implementation to refuse that hyperparameter. `form` is set
    where the case is asked of a further form that the implementation offers beside its main one.
    """

    id: str
    technique: str
    level: str
    requirement: str
    clauses: tuple[str, ...]
    why: str
    link: str
    inputs: Nest
    hyperparameters: Mapping[str, Any]
    outputs: Mapping[str, Any]
    steps: int | None
    keep: tuple[int, ...] | None
    expected: FloatArray
    tolerance: Mapping[str, FloatArray]
    margins: Mapping[str, Mapping[str, Any]]
    variants: Mapping[str, Any]
    rejects: str = ""
    variant: str = ""
    asks: str = ""
    form: str = ""

    @property
    def call(self) -> str:
        """The name of the operation to call: the case's own, or what a random draw `asks` for."""
        return self.asks or self.operation

    @property
    def called(self) -> str:
        """The name of what is called: the operation, with the further form that is asked for."""
        return self.asks or self.row

    @property
    def operation(self) -> str:
        """The technique's own name: ``adam``."""
        return self.technique.rpartition("/")[2]

    @property
    def row(self) -> str:
        """The operation, with the further form that is asked for: ``adam:amsgrad``."""
        return f"{self.operation}:{self.form}" if self.form else self.operation

    @property
    def label(self) -> str:
        """The id, with the further form in it: ``adam:amsgrad/first-step``."""
        return f"{self.row}/{self.id.partition('/')[2]}"

    @property
    def types(self) -> tuple[str, ...]:
        """The types that this case serves."""
        return tuple(TYPES) if self.rejects else tuple(self.tolerance)

    def as_variant(self, name: str) -> Case:
        """The same inputs with what the variant `name` gives, or several joined by ``+``."""
        if not name:
            return self
        if self.rejects:
            return replace(self, variant=name)
        values = self.variants[name] if name in self.variants else combination(self, name)
        return replace(
            self,
            variant=name,
            hyperparameters={**self.hyperparameters, **values.get("hyperparameters", {})},
            outputs=values.get("outputs", self.outputs),
            expected=_flat(values["expected"]),
            tolerance={kind: _flat(v) for kind, v in values["tolerance"].items()},
        )

    def arrays(self, kind: str) -> dict[str, Nest]:
        """The inputs as arrays of the type `kind`, copied: the caller may change them."""
        return self.inputs_in(kind).nest

    def inputs_in(self, kind: str) -> Inputs:
        """The inputs in the type `kind`, in a buffer of their own."""
        original = _buffer(self.id, kind) if self.inputs else np.empty(0)
        copy = original.copy()
        arrays: list[Any] = []
        end = 0

        def view(tensor: dict[str, Any]) -> Any:
            nonlocal end
            start, end = end, end + len(tensor["data"])
            arrays.append(copy[start:end].reshape(tensor["shape"]))
            return arrays[-1]

        nest = mapped(view, self.inputs)
        return Inputs(nest, arrays, [a.shape for a in arrays], copy, original)

    def numbers(self) -> dict[str, Any]:
        """The hyperparameters as Python floats."""
        if self.asks:
            return dict(self.hyperparameters)  # seeds and sizes are whole numbers
        return {name: _floats(value) for name, value in self.hyperparameters.items()}


def load(
    names: Iterable[str] = (), levels: Iterable[str] = (), ids: Iterable[str] = ()
) -> list[Case]:
    """The canonical cases of the techniques `names` (all where empty), in the files' order.

    `names` may be ``optimizers/adam``, ``adam`` or a folder; `ids` and `levels` narrow further.
    Raises `CaseError` for one that does not exist.
    """
    wanted = set(ids)
    chosen = resolve(names) if names or not wanted else _owners(wanted)
    cases = [case for technique in chosen for case in _loaded(technique)]
    if levels:
        cases = [case for case in cases if case.level in set(levels)]
    if wanted:
        missing = wanted - {case.id for case in cases}
        if missing:
            among = f" among those of {', '.join(names)}" if names else ""
            raise CaseError(
                f"no case {', '.join(sorted(missing))}{among}: "
                "`trainspec list --cases` names them all"
            )
        cases = [case for case in cases if case.id in wanted]
    return cases


def resolve(names: Iterable[str]) -> list[str]:
    """Full technique names from full names, last parts or folders.

    Raises `CaseError` for a name that fits nothing.
    """
    every = [t for t in techniques() if golden_file(t).exists()]
    chosen: list[str] = []
    for name in names:
        fits = [t for t in every if name in (t, t.rpartition("/")[2], t.partition("/")[0])]
        if not fits:
            raise CaseError(f"no technique {name!r}; there are: {', '.join(every)}")
        chosen += fits
    return list(dict.fromkeys(chosen)) if names else every


def _owners(ids: set[str]) -> list[str]:
    operations = {case.partition("/")[0] for case in ids}
    owners = [t for t in resolve(()) if t.rpartition("/")[2] in operations]
    if not owners:
        raise CaseError(
            f"no case {', '.join(sorted(ids))}: `trainspec list --cases` names them all"
        )
    return owners


@cache
def _loaded(technique: str) -> tuple[Case, ...]:
    golden = json.loads(golden_file(technique).read_text("utf-8"))
    return tuple(_cases(golden))


def _cases(golden: Mapping[str, Any]) -> Iterator[Case]:
    for given in golden["cases"]:
        keep = given.get("keep")
        yield Case(
            id=given["id"],
            technique=golden["technique"],
            level=given["level"],
            requirement=given["requirement"],
            clauses=tuple(given["clauses"]),
            why=given["why"],
            link=given.get("link", ""),
            inputs=given["inputs"],
            hyperparameters=given["hyperparameters"],
            outputs=given.get("outputs", {}),
            steps=given.get("steps"),
            keep=tuple(keep) if keep else None,
            expected=_flat(given.get("expected", ())),
            tolerance={kind: _flat(v) for kind, v in given.get("tolerance", {}).items()},
            margins=given.get("margins", {}),
            variants=given.get("variants", {}),
            rejects=given.get("rejects", ""),
        )


@dataclass(frozen=True)
class Inputs:
    """The inputs of one call: a nest of views into one buffer, so that a change shows at once."""

    nest: dict[str, Nest]
    arrays: list[Any]
    shapes: list[tuple[int, ...]]
    buffer: Any
    original: Any

    def changed(self) -> str:
        """The place of the first input that the call has changed, such as params[0], or nothing."""
        now = list(leaves(self.nest))
        end = 0
        same = self.buffer.tobytes() == self.original.tobytes()
        for (place, leaf), array, shape in zip(now, self.arrays, self.shapes):
            start, end = end, end + array.size
            if (
                leaf is not array
                or array.shape != shape
                or not (same or array.tobytes() == self.original[start:end].tobytes())
            ):
                return str(place[0]) + "".join(f"[{i}]" for i in place[1:])
        return "" if len(now) == len(self.arrays) else "list of tensors"


@cache
def _buffer(case: str, kind: str) -> Any:
    """All numbers of a case's inputs in a type, one after the other."""
    (found,) = load(ids=[case])
    numbers = [number for _, tensor in leaves(found.inputs) for number in tensor["data"]]
    with np.errstate(all="ignore"):
        return np.array([float(n) for n in numbers], np.float64).astype(TYPES[kind].dtype)


def _flat(values: Iterable[Any]) -> FloatArray:
    return np.array([float(v) for v in values], dtype=np.float64)


def _floats(value: Any) -> Any:
    if isinstance(value, list):
        return [_floats(v) for v in value]
    if isinstance(value, str) and value not in ("NaN", "Infinity", "-Infinity"):
        return value  # the name of an update rule
    return float(value) if isinstance(value, (str, float, int)) and not is_tensor(value) else value
