"""Loading the cases: `golden file -> cases`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import numpy as np

from trainspec.conformance.basics.errors import CaseError
from trainspec.conformance.basics.float_types import FloatArray
from trainspec.conformance.basics.names import CaseInType, operation_of
from trainspec.conformance.basics.tensors import parse_number
from trainspec.conformance.cases.case import STEPS, Case
from trainspec.conformance.cases.golden import GoldenCase, find_techniques, read_golden


def load_cases(
    names: Iterable[str] = (), levels: Iterable[str] = (), ids: Iterable[str] = ()
) -> list[Case]:
    """The canonical cases of the techniques `names` (all where empty), in the files' order.

    `names` may be ``optimizers/adam``, ``adam`` or a folder; `ids` and `levels` narrow further.
    Cases of the level ``steps`` are returned only where their ids or that level are asked for.
    Raises `CaseError` for one that does not exist.
    """
    wanted = set(ids)
    chosen = find_techniques(names) if names or not wanted else _find_owners(wanted)
    cases = [case for technique in chosen for case in _load_technique(technique)]
    if levels:
        cases = [case for case in cases if case.level in set(levels)]
    elif not wanted:
        cases = [case for case in cases if case.level != STEPS]
    if wanted:
        missing = wanted - {case.id for case in cases}
        if missing:
            among = f" among those of {', '.join(names)}" if names else ""
            raise _no_case(missing, among)
        cases = [case for case in cases if case.id in wanted]
    return cases


def _find_owners(ids: set[str]) -> list[str]:
    operations = {CaseInType.parse(case).offering.operation for case in ids}
    owners = [t for t in find_techniques() if operation_of(t) in operations]
    if not owners:
        raise _no_case(ids)
    return owners


def _no_case(ids: Iterable[str], among: str = "") -> CaseError:
    names = ", ".join(sorted(ids))
    return CaseError(f"no case {names}{among}: `trainspec list --cases` lists them all")


@cache
def _load_technique(technique: str) -> tuple[Case, ...]:
    return tuple(_make_case(technique, golden) for golden in read_golden(technique).cases)


def _make_case(technique: str, golden: GoldenCase) -> Case:
    return Case(
        id=golden.id,
        technique=technique,
        name=CaseInType.parse(golden.id).case,
        level=golden.level,
        requirement=golden.requirement,
        clauses=golden.clauses,
        why=golden.why,
        link=golden.link,
        inputs=golden.inputs,
        hyperparameters=golden.hyperparameters,
        outputs=golden.outputs,
        steps=golden.steps,
        keep=golden.keep or None,
        expected=flatten_numbers(golden.expected),
        tolerance={kind: flatten_numbers(v) for kind, v in golden.tolerance.items()},
        margins=golden.margins,
        variants=golden.variants,
        rejects=golden.rejects,
        count=golden.count,
    )


def flatten_numbers(values: Iterable[float | str]) -> FloatArray:
    """Numbers as a file holds them, as an array."""
    return np.fromiter(map(parse_number, values), np.float64)
