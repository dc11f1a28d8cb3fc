"""Where no form explains the answers: what is right, what is wrong, and what the wrong share.

`WHERE` holds ways to tell numbers apart, `HOW` ways in which a wrong number may depend on the
right one. Both are looked for in all answers at once, so that what is said holds in every case.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainspec.conformance.basics.float_types import TYPES, FloatArray
from trainspec.conformance.basics.names import display_form, join_form
from trainspec.conformance.basics.tensors import map_tensors, to_array
from trainspec.conformance.checking.distance import measure_each
from trainspec.conformance.diagnosis.evidence import NEAR, Evidence, compute_values
from trainspec.conformance.diagnosis.forms import Form, compose_rule, list_published
from trainspec.conformance.diagnosis.matching import list_complete
from trainspec.conformance.diagnosis.places import Places, collect_places
from trainspec.conformance.diagnosis.wording import describe_first_difference

#: Two ratios are the same if they agree to so much, or to a few roundings of a narrow type.
SAME = 1e-6
#: So many cases, failing ones and others, choose the form that is closest.
ASKED = 14


@dataclass(frozen=True)
class Where:
    """A way to tell numbers apart: `holds` of the features, and the words for where it does."""

    words: str
    holds: Callable[[Mapping[str, FloatArray]], Any]


def _equals(name: str, value: float) -> Callable[[Mapping[str, FloatArray]], Any]:
    return lambda f: f[name] == value


def _over(name: str, value: float) -> Callable[[Mapping[str, FloatArray]], Any]:
    return lambda f: f[name] > value


def _under(name: str, value: float) -> Callable[[Mapping[str, FloatArray]], Any]:
    return lambda f: f[name] < value


#: The plain ones first: of several that fit, the first is said.
WHERE = (
    Where("in every tensor but the first", _over("tensor", 0)),
    Where("in the first tensor", _equals("tensor", 0)),
    Where("in the first of several tensors", lambda f: (f["tensor"] == 0) & (f["tensors"] > 1)),
    Where("in the last of several tensors",
          lambda f: (f["tensor"] == f["tensors"] - 1) & (f["tensors"] > 1)),
    Where("where there are several tensors", _over("tensors", 1)),
    Where("at the first step", _equals("step", 1)),
    Where("at every step but the first", _over("step", 1)),
    Where("at the second step", _equals("step", 2)),
    Where("where the learning rate is not the first step's",
          lambda f: f["rate"] != f["first rate"]),
    Where("where the learning rate has just changed",
          lambda f: (f["rate"] != f["rate before"]) & np.isfinite(f["rate before"])),
    Where("in 0-d tensors", _equals("dimensions", 0)),
    Where("in vectors", _equals("dimensions", 1)),
    Where("in matrices", _over("dimensions", 1)),
    Where("in tensors of more than one element", _over("size", 1)),
    Where("in tensors whose whole gradient is zero", _equals("largest gradient of the tensor", 0)),
    Where("where the gradient is zero", _equals("gradient", 0)),
    Where("where the gradient is not zero", lambda f: f["gradient"] != 0),
    Where("where the gradient before was zero", _equals("gradient before", 0)),
    Where("where the gradient is zero and was not always",
          lambda f: (f["gradient"] == 0) & (f["gradient ever before"] > 0)),
    Where("where the gradient is negative", _under("gradient", 0)),
    Where("where the gradient is positive", _over("gradient", 0)),
    Where("where the gradient is over 1 in size", lambda f: np.abs(f["gradient"]) > 1),
    Where("where the gradient is under a thousandth in size",
          lambda f: np.abs(f["gradient"]) < 1e-3),
    Where("where the gradient has changed its sign",
          lambda f: f["gradient"] * f["gradient before"] < 0),
    Where("where the parameter is negative", _under("parameter", 0)),
    Where("where the parameter is not zero", lambda f: f["parameter"] != 0),
    Where("where the parameter is over 1 in size", lambda f: np.abs(f["parameter"]) > 1),
    Where("where the parameter and its gradient have one sign",
          lambda f: f["parameter"] * f["gradient"] > 0),
    Where("in batches of one row", _equals("rows of the input", 1)),
    Where("in batches of more than one row", _over("rows of the input", 1)),
    Where("in batches of more than two rows", _over("rows of the input", 2)),
    Where("where the input has more than two dimensions", _over("dimensions of the input", 2)),
    Where("where the input has one dimension", _equals("dimensions of the input", 1)),
    Where("in the first row", _equals("row", 0)),
    Where("in every row but the first", _over("row", 0)),
    Where("in the first column", _equals("column", 0)),
    Where("in every column but the first", _over("column", 0)),
    Where("in the first element", _equals("position", 0)),
    Where("in every element but the first", _over("position", 0)),
)  # fmt: skip


def describe_departure(evidence: Evidence) -> tuple[str, str] | None:
    """The form that the answers are closest to, and in words how they differ from it.

    None where no answer has the shape that is expected.
    """
    best = _find_closest(evidence)
    if best is None:
        return None
    edits, places = best
    wrong = ~places.good
    name = display_form(join_form(edits))
    if not wrong.any():
        seen = {evidence.cases[i].name for i in places.case.tolist()}
        rest = [c.name for c in evidence.cases[: evidence.failing] if c.name not in seen]
        where = f"those of {', '.join(rest)}" if rest else "some that are edges"
        return name, f"the answers of all cases but {where} are {name}'s"
    share = f"{int(places.good.sum())} of {len(places.good)} numbers are those of {name}"
    said = [share if places.good.any() else f"no number is that of {name}, the closest form"]
    for output, part in _split_outputs(evidence, places):
        found = (_find_where(part), _find_how(evidence, part.at(~part.good)))
        text = "; ".join(filter(None, found))
        if text or output:
            said.append(f"{output}{text or 'wrong, without a pattern that is known'}")
    said += [*_find_case(evidence, places), *find_rows(evidence), _find_first(evidence, edits)]
    return name, "; ".join(said)


def _find_closest(evidence: Evidence) -> tuple[tuple[str, ...], Places] | None:
    """Of the published forms the one that most numbers agree with, and the numbers beside it."""
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
    """The share of numbers that are a form's; none of an answer that has another shape."""
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
    index = min(
        (i for i in evidence.answered if i < evidence.failing),
        key=lambda i: (not evidence.ordinary(i), evidence.cases[i].steps or 0),
        default=evidence.answered[0],
    )
    case = evidence.cases[index]
    values = compute_values(case, compose_rule(evidence.page.technique, edits))
    return f"in {case.label}, {describe_first_difference(evidence, index, values, edits)}"


def _find_case(evidence: Evidence, places: Places) -> Iterator[str]:
    """The case, where only one shows it."""
    cases = set(places.case[~places.good].tolist())
    if len(cases) == 1 and len(evidence.answered) > 1:
        yield f"only {evidence.cases[cases.pop()].label} shows it"


def find_rows(evidence: Evidence) -> Iterator[str]:
    """For outputs that are rows of one input: which rows are in several outputs, or in none."""
    index = evidence.answered[0]
    case, answer = evidence.cases[index], evidence.answers[index]
    if case.steps is not None or len(answer) != sum(map(math.prod, case.outputs.values())):
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


def _find_where(places: Places) -> str:
    """What the wrong numbers share and the right ones do not, in words; empty if nothing."""
    # A number that should not move and does not says nothing.
    places = places.at(~places.good | (places.right != places.start))
    wrong = ~places.good
    if wrong.all() or not wrong.any():
        return "all numbers that should move are wrong" if wrong.any() else ""
    masks = {}
    for where in WHERE:
        if not any(True for _ in _names_of(where, places)):
            continue
        with np.errstate(all="ignore"):
            masks[where.words] = np.asarray(where.holds(places.features), dtype=bool)
    for words, mask in masks.items():
        if (mask == wrong).all():
            return f"wrong {words}, and nowhere else"
    step = places.features.get("step")
    if step is not None and (first := step[wrong].min()) > 2 and (step[~wrong] < first).any():
        late, last = step >= first, step[~wrong & (step < first)].max()
        if wrong[late].mean() > 0.5:
            return f"right up to step {last:.0f}, wrong from step {first:.0f} on"
    for (one, a), (other, b) in itertools.combinations(masks.items(), 2):
        if ((a & b) == wrong).all():
            return f"wrong {one} and {other}, and nowhere else"
    for words, mask in masks.items():
        if mask[wrong].all() and wrong[mask].mean() > 0.5 and not mask.all():
            return f"wrong only {words}"
    return ""


def _names_of(where: Where, places: Places) -> Iterator[str]:
    """Whether the numbers have the features that a way asks for: an entry for each test."""
    try:
        where.holds(places.features)
    except KeyError:
        return
    yield where.words


def _find_how(evidence: Evidence, wrong: Places) -> str:
    """How the wrong numbers depend on the right ones, in words; empty if nothing is found."""
    if not len(wrong.got):
        return ""
    got, right = wrong.got - wrong.start, wrong.right - wrong.start
    thing = "step" if evidence.page.is_update_rule else "value"
    if np.isnan(wrong.got).all():
        return "there it is NaN"
    if np.isnan(wrong.start).any():
        return ""  # the step before was not asked for
    if not np.isfinite(wrong.got).any():
        return "there it is infinite"
    usable = np.isfinite(got) & np.isfinite(right) & (np.abs(right) > 0)
    if (got == 0).all():
        return "there nothing moves" if thing == "step" else "there it is 0"
    if usable.sum() < 1:
        return ""
    ratio = got[usable] / right[usable]
    if np.abs(ratio - 1).max() < 2.0**-7:
        digits = _find_digits(evidence, wrong)
        if digits:
            return digits
    size = np.abs(wrong.got[usable])
    if len(size) > 1 and _same(size, np.full_like(size, size[0])) and len(set(right[usable])) > 1:
        return f"there the result is {size[0]:.6g} or minus that, as if it were clipped"
    named = _name_ratio(evidence, wrong.at(usable), ratio, thing)
    if named:
        return named
    gap = got[usable] - right[usable]
    if len(gap) > 1 and _same(gap, np.full_like(gap, gap[0])):
        return f"there {gap[0]:.6g} is added to the {thing}"
    return _find_elsewhere(wrong)


def _same(one: FloatArray, other: FloatArray) -> bool:
    return bool((np.abs(one - other) <= SAME * np.maximum(np.abs(other), 1e-12)).all())


def _name_ratio(evidence: Evidence, wrong: Places, ratio: FloatArray, thing: str) -> str:
    """The factor between the wrong numbers and the right ones, where it has a name."""
    if _same(ratio, np.full_like(ratio, ratio[0])) and (len(ratio) > 1):
        value = float(ratio[0])
        if abs(value + 1) < SAME:
            return f"there the {thing} has the other sign"
        return f"there the {thing} is {value:.6g} times the right one"
    step = wrong.features.get("step")
    if step is not None and (step > 1).any() and (ratio > 0).all():
        with np.errstate(all="ignore"):
            base = ratio[step > 1] ** (1 / (step[step > 1] - 1))
        if _same(base, np.full_like(base, base[0])) and abs(base[0] - 1) > SAME and len(base) > 1:
            return f"there the {thing} is {base[0]:.6g} to the power (t − 1) times the right one"
    for words, quantity in _list_quantities(evidence, wrong):
        with np.errstate(all="ignore"):
            for how, expected in (
                (f"times {words}", quantity),
                (f"divided by {words}", 1 / quantity),
                (f"times minus {words}", -quantity),
            ):
                if np.isfinite(expected).all() and _same(ratio, expected):
                    return f"there the {thing} is the right one {how}"
    return ""


def _list_quantities(evidence: Evidence, wrong: Places) -> Iterator[tuple[str, FloatArray]]:
    """Quantities of the cases and places that a factor may be."""
    features = {
        "the number of the step": "step",
        "the number of tensors": "tensors",
        "the size of the tensor": "size",
        "the learning rate": "rate",
        "the number of rows": "rows of the input",
        "the gradient": "gradient",
        "the parameter": "parameter",
        **{f"the input {n[6:]}": n for n in wrong.features if n.startswith("input ")},
    }
    found = {
        words: wrong.features[name] for words, name in features.items() if name in wrong.features
    }
    numbers = [case.numbers() for case in evidence.cases]
    for name in evidence.page.parameters:
        given = [numbers[i].get(name) for i in wrong.case.tolist()]
        if all(isinstance(value, float) for value in given):
            found[name] = np.array(given, dtype=np.float64)
    for words, values in found.items():
        yield words, values
        yield f"(1 − {words})", 1 - values
        yield f"the square of {words}", values**2
        with np.errstate(all="ignore"):
            yield f"the root of {words}", np.sqrt(values)
        if words == "the number of rows":
            yield (
                "n/(n − 1), n the number of rows",
                values / np.where(values == 1, np.nan, values - 1),
            )


def _find_digits(evidence: Evidence, wrong: Places) -> str:
    """Whether the numbers have a narrower type's digits."""
    for name, kind in TYPES.items():
        if kind.precision >= TYPES[evidence.kind].precision:
            continue
        with np.errstate(all="ignore"):
            error = np.abs(wrong.got - wrong.right) / np.maximum(np.abs(wrong.right), 1e-300)
        if np.median(error) < 64 * kind.roundoff and error.max() < 4096 * kind.roundoff:
            return f"there the digits are {name}'s"
    return ""


def _find_elsewhere(wrong: Places) -> str:
    """Whether the wrong numbers are right ones that belong elsewhere."""
    for case in dict.fromkeys(wrong.case.tolist()):
        own = wrong.at(wrong.case == case)
        if len(own.got) > 1 and not _same(np.sort(own.got), np.sort(own.right)):
            return ""
    return "there the right numbers stand in another order" if len(wrong.got) > 2 else ""
