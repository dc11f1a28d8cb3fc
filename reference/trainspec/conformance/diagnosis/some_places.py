"""A form that holds in some places only: `answers -> places, form`.

Where all wrong numbers are in certain tensors, elements, layers or batches, the answers there are
compared with every form alone. Everywhere else they are those of the closest form.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from msgspec.structs import replace

from trainspec.conformance.basics.float_types import FloatArray
from trainspec.conformance.diagnosis.departure_where import WHERE, Where
from trainspec.conformance.diagnosis.evidence import Evidence
from trainspec.conformance.diagnosis.places import Places, read_features

#: What stays the same from step to step: other features do not tell elements apart.
LASTING = (
    "tensor", "tensors", "dimensions", "size", "layer", "layers", "position",
    "position from the end", "row", "row from the end", "column", "column from the end",
    "rows of the input", "values of the input", "dimensions of the input",
)  # fmt: skip
#: The share of the numbers there that must be wrong: what is there by chance has right ones too.
MOSTLY = 0.75
#: So many wrong numbers must be there before a form is named for them.
ENOUGH = 2
#: Of fewer than this only the simplest forms are tried: a constant may explain them by chance.
MANY = 6
#: How many places are tried.
MOST = 2


def list_restricted(evidence: Evidence, places: Places) -> Iterator[tuple[str, Evidence, bool]]:
    """Places that hold all wrong numbers, the smallest first, with what is known of them alone.

    The last entry says that there are few of them.
    """
    wrong = ~places.good
    if wrong.sum() < ENOUGH:
        return
    update = evidence.page.is_update_rule
    lasting = {name: values for name, values in places.features.items() if name in LASTING}
    found = []
    for where in WHERE:
        inside = _find_inside(where, lasting)
        if inside is None or not inside[wrong].all() or inside.all():
            continue
        # Of an update rule every element counts once: it is right until it goes wrong.
        elements = inside & (places.features["step"] == 1) if update else inside
        if wrong.sum() >= MOSTLY * elements.sum():
            found.append((int(inside.sum()), where))
    for _, where in sorted(found, key=lambda item: item[0])[:MOST]:
        yield where.words, _restrict(evidence, where), bool(wrong.sum() < MANY)


def _find_inside(where: Where, features: dict[str, FloatArray]) -> FloatArray | None:
    """Which numbers are there, or None where that does not last."""
    try:
        inside: FloatArray = np.asarray(where.holds(features), dtype=bool)
    except KeyError:
        return None
    return inside


def _restrict(evidence: Evidence, where: Where) -> Evidence:
    """The evidence with every number outside of some places left out of the judgement."""
    kept, cases = [], []
    for index in evidence.answered:
        case, answer = evidence.cases[index], evidence.answers[index]
        if answer.shape != case.expected.shape:
            continue
        features = read_features(evidence, case)
        inside = _find_inside(where, {n: v for n, v in features.items() if n in LASTING})
        if inside is None or not inside.any():
            continue
        allowed = np.where(inside, case.tolerance[evidence.kind], np.inf)
        kept.append(index)
        cases.append(replace(case, tolerance={**case.tolerance, evidence.kind: allowed}))
    return evidence.take(kept, cases)
