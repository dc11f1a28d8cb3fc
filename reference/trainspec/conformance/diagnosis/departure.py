"""Answers that no form explains: which numbers are wrong, and what those have in common.

Both where the wrong numbers are and how they depend on the right ones are looked for in all
answers at once, so that what is said holds in every case.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from trainspec.conformance.basics.names import display_form, join_form
from trainspec.conformance.basics.tensors import is_list_of_shapes, map_tensors, to_array
from trainspec.conformance.checking.distance import measure_each
from trainspec.conformance.derivation.values import compute_values
from trainspec.conformance.diagnosis.departure_how import find_how
from trainspec.conformance.diagnosis.departure_where import find_where
from trainspec.conformance.diagnosis.evidence import NEAR, Evidence
from trainspec.conformance.diagnosis.matching import list_complete
from trainspec.conformance.diagnosis.places import Places, collect_places
from trainspec.conformance.diagnosis.wording import describe_first_difference
from trainspec.conformance.pages.forms import Form, compose_rule, list_published

#: How many cases, failing ones and others, choose the closest form.
ASKED = 14


def describe_departure(
    evidence: Evidence, edits: tuple[str, ...], places: Places
) -> tuple[str, str, list[str]]:
    """A form's name, in words how the answers differ from it, and the outputs that do."""
    wrong = ~places.good
    name = display_form(join_form(edits))
    if not wrong.any():
        seen = {evidence.cases[i].name for i in places.case.tolist()}
        rest = [c.name for c in evidence.cases[: evidence.failing] if c.name not in seen]
        where = f"those of {', '.join(rest)}" if rest else "some that are edges"
        return name, f"the answers of all cases but {where} are {name}'s", []
    share = f"{int(places.good.sum())} of {len(places.good)} numbers are those of {name}"
    said = [share if places.good.any() else f"no number is that of {name}, the closest form"]
    for output, part in _split_outputs(evidence, places):
        where, how = find_where(part), find_how(evidence, part.at(~part.good))
        if not where:
            how = how.replace("there ", "where it is wrong, ", 1)
        text = "; ".join(filter(None, (where, how)))
        if text or output:
            said.append(f"{output}{text or 'wrong, without a pattern that is known'}")
    said += [*_find_case(evidence, places), *find_rows(evidence), _find_first(evidence, edits)]
    names = list(evidence.cases[evidence.answered[0]].outputs)
    parts = [] if evidence.page.is_update_rule else sorted(set(places.output[wrong].tolist()))
    outputs = [names[n] for n in parts]
    return name, "; ".join(said), outputs


def find_closest(evidence: Evidence) -> tuple[tuple[str, ...], Places] | None:
    """Of the published forms the one that most numbers agree with, and the numbers beside it.

    None where no answer has the shape that is expected.
    """
    ordinary = [index for index in evidence.short if evidence.ordinary(index)]
    asked = ordinary[:: -(-len(ordinary) // ASKED) or 1]
    best, most = None, -1.0
    for form in list_complete(evidence, list_published(evidence.page.technique)):
        # A form of more edits must explain clearly more.
        share = _measure_share(evidence, form, asked) - 0.02 * len(form.edits)
        if share > most:
            best, most = form, share
    if best is None:
        return None
    with np.errstate(all="ignore"):
        values = [compute_values(case, best.rule) for case in evidence.cases]
    places = collect_places(evidence, values, best.edits)
    return None if places is None else (best.edits, places)


def _measure_share(evidence: Evidence, form: Form, asked: Sequence[int]) -> float:
    """The share of numbers that agree with a form; 0 if the answer has a different shape."""
    good = total = 0
    for index in asked:
        case, answer = evidence.cases[index], evidence.answers[index]
        values = compute_values(case, form.rule)
        total += len(answer)
        if values.shape == answer.shape == case.expected.shape:
            allowed = evidence.allowed(index, form.edits)
            far = measure_each(answer, values, case.expected, allowed, evidence.kind)
            good += int((far <= NEAR).sum())
    return good / max(total, 1)


def _split_outputs(evidence: Evidence, places: Places) -> Iterator[tuple[str, Places]]:
    """The numbers of every output that is wrong somewhere; all at once for an update rule."""
    if evidence.page.is_update_rule or len(evidence.page.outputs) == 1:
        yield "", places
        return
    for n, name in enumerate(evidence.cases[evidence.answered[0]].outputs):
        own = places.at(places.output == n)
        if not own.good.all():
            yield f"{name}: ", own


def _find_first(evidence: Evidence, edits: tuple[str, ...]) -> str:
    """The first number that is another than the form's."""
    rule = compose_rule(evidence.page.technique, edits)
    failing = sorted(
        (i for i in evidence.answered if i < evidence.failing),
        key=lambda i: (not evidence.ordinary(i), evidence.cases[i].steps or 0),
    )
    for index in failing or evidence.answered[:1]:
        values = compute_values(evidence.cases[index], rule)
        if not evidence.distance(index, values, edits) <= NEAR:
            break
    words = describe_first_difference(evidence, index, values, edits)
    return f"in {evidence.cases[index].label}, {words}"


def _find_case(evidence: Evidence, places: Places) -> Iterator[str]:
    """The case, where only one shows it."""
    cases = set(places.case[~places.good].tolist())
    # Cases that are not in `places`, such as edges, may show it as well.
    others = [i for i in range(evidence.failing) if i not in cases]
    if len(cases) == 1 and not others and len(evidence.answered) > 1:
        yield f"only {evidence.cases[cases.pop()].label} shows it"


def find_rows(evidence: Evidence) -> Iterator[str]:
    """For outputs that are rows of one input: which rows are in several outputs, or in none."""
    index = evidence.answered[0]
    case, answer = evidence.cases[index], evidence.answers[index]
    if case.steps is not None or any(map(is_list_of_shapes, case.outputs.values())):
        return
    if len(answer) != sum(map(math.prod, case.outputs.values())):
        return
    inputs = map_tensors(lambda t: to_array(t, np.float64), case.inputs)
    for name, rows in inputs.items():
        if isinstance(rows, list) or rows.ndim != 2 or len(np.unique(rows, axis=0)) < len(rows):
            continue
        where: dict[int, list[str]] = {}
        start, taken = 0, 0
        for output, shape in case.outputs.items():
            part = answer[start : start + math.prod(shape)]
            start += math.prod(shape)
            if len(shape) != 2 or shape[1] != rows.shape[1]:
                continue
            taken += 1
            for row in part.reshape(shape):
                found = np.flatnonzero((rows == row).all(1))
                if not len(found):
                    return
                where.setdefault(int(found[0]), []).append(output)
        if taken < 2:
            continue
        both = [str(row) for row, outputs in sorted(where.items()) if len(outputs) > 1]
        none = [str(row) for row in range(len(rows)) if row not in where]
        if both:
            yield f"in {case.name}, rows {', '.join(both)} of {name} are in more than one place"
        if none:
            yield f"in {case.name}, rows {', '.join(none)} of {name} are in no output"
