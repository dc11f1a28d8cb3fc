"""How wrong numbers depend on the right ones: `numbers with their features -> words`.

A factor and what it equals, a number that is added, a narrower type's digits, other elements'
values, nothing at all.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from msgspec.structs import replace

from trainspec.conformance.basics.float_types import TYPES, FloatArray
from trainspec.conformance.diagnosis.departure_where import find_where
from trainspec.conformance.diagnosis.evidence import Evidence
from trainspec.conformance.diagnosis.places import Places

#: So many numbers must agree before a pattern is named that one number may have by chance.
FEW = 3
#: Small errors may have any reason: so many must be of one size before they are called digits.
MANY = 8
#: Two numbers are the same if they agree to so much. That chooses words, never a verdict.
SAME = 1e-6


def find_how(evidence: Evidence, wrong: Places) -> str:
    """How the wrong numbers depend on the right ones, in words; empty if nothing is found."""
    if not len(wrong.got):
        return ""
    lost = np.isnan(wrong.got)
    if lost.any():
        where = "" if lost.all() else find_where(replace(wrong, good=~lost), "NaN")
        return where or ("there it is NaN" if lost.all() else f"{int(lost.sum())} of them are NaN")
    if np.isnan(wrong.start).any():
        return ""  # the step before was not asked for
    if not np.isfinite(wrong.got).any():
        return "there it is infinite"
    return _find_input(wrong) or _find_dependence(evidence, wrong)


def _find_input(wrong: Places) -> str:
    """The input that the wrong numbers are, unchanged."""
    for name, values in wrong.features.items():
        if name.startswith("input ") and len(wrong.got) > 1 and np.array_equal(wrong.got, values):
            return f"there it is the {name} as it is"
    return ""


def _find_dependence(evidence: Evidence, wrong: Places) -> str:
    """How finite numbers depend on the right ones."""
    got, right = wrong.got - wrong.start, wrong.right - wrong.start
    thing = "step" if evidence.page.is_update_rule else "value"
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
        if np.abs(ratio - 1).max() < SAME:
            return f"there only digits far behind differ, by {np.abs(ratio - 1).max():.1g} of it"
    bound = _find_bound(wrong.at(usable))
    if bound:
        return f"there the result is {bound:.6g} or minus that, as if it were clipped"
    zero = np.isfinite(got) & (right == 0)
    if (got[zero] != 0).any() and (got[usable] == 0).all():
        return "there it is 0 where it should not be, and the other way round"
    # What multiplies a number leaves a 0 as it is.
    named = "" if (got[zero] != 0).any() else _name_ratio(evidence, wrong.at(usable), ratio, thing)
    if named:
        return named
    if np.abs(ratio - 1).max() < 2.0**-7 and len(ratio) >= FEW:
        percent = 100 * np.abs(ratio - 1).max()
        return f"there the {thing} is within {percent:.2g} % of the right one"
    gap = got[usable] - right[usable]
    if len(gap) > 1 and _same(gap, np.full_like(gap, gap[0])):
        return f"there {gap[0]:.6g} is added to the {thing}"
    return _find_elsewhere(wrong)


def _find_bound(wrong: Places) -> float:
    """The size that several larger numbers are cut to; 0 if there is none."""
    size, right = np.abs(wrong.got), np.abs(wrong.right)
    if len(size) < FEW or not size[0] or not _same(size, np.full_like(size, size[0])):
        return 0.0
    signs = (np.sign(wrong.got) == np.sign(wrong.right)).all()
    several = len(set(right.tolist())) > 1
    return float(size[0]) if signs and several and (right > size).all() else 0.0


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
        # Several steps, and the first one as well, must agree.
        steps = len(set(step[step > 1].tolist())) > 1 and _same(ratio[step == 1], np.ones(1))
        if steps and _same(base, np.full_like(base, base[0])) and abs(base[0] - 1) > SAME:
            return f"there the {thing} is {base[0]:.6g} to the power (t − 1) times the right one"
    for words, quantity in _list_quantities(evidence, wrong):
        with np.errstate(all="ignore"):
            for how, expected in (
                (f"times {words}", quantity),
                (f"divided by {words}", 1 / quantity),
                (f"times minus {words}", -quantity),
            ):
                # A quantity that never changes may be the factor by chance.
                varied = np.isfinite(expected).all() and np.ptp(expected) > 0
                if varied and _same(ratio, expected):
                    return f"there the {thing} is the right one {how}"
    middle = float(np.median(ratio))
    same = np.abs(ratio - middle) <= SAME * abs(middle)
    if len(ratio) >= MANY and 0.75 * len(ratio) < same.sum() < len(ratio):
        share = f"in {int(same.sum())} of {len(ratio)} places"
        return f"there the {thing} is {middle:.6g} times the right one {share}"
    return ""


def _list_quantities(evidence: Evidence, wrong: Places) -> Iterator[tuple[str, FloatArray]]:
    """Quantities of the cases and places that a factor may be."""
    features = {
        "the number of the step": "step",
        "the number of tensors": "tensors",
        "the size of the tensor": "size",
        "the learning rate": "rate",
        "the number of rows": "rows of the input",
        "the number of values": "values of the input",
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
        if words in ("the number of rows", "the number of values"):
            yield (
                f"n/(n − 1), n {words}",
                values / np.where(values == 1, np.nan, values - 1),
            )


def _find_digits(evidence: Evidence, wrong: Places) -> str:
    """Whether the numbers have a narrower type's digits."""
    for name, kind in TYPES.items():
        if kind.precision >= TYPES[evidence.kind].precision:
            continue
        with np.errstate(all="ignore"):
            error = np.abs(wrong.got - wrong.right) / np.maximum(np.abs(wrong.right), 1e-300)
            own = np.array_equal(wrong.got.astype(kind.dtype).astype(np.float64), wrong.got)
        # A few numbers may be off by that much for any reason, and by less for better ones.
        middle = np.median(error)
        if not own and (len(error) < MANY or not kind.roundoff / 16 < middle < 4 * kind.roundoff):
            continue
        if error.max() < 64 * kind.roundoff:
            # The shortest types are so coarse that only digits which are theirs prove them.
            if name != "float32" and not own:
                continue
            return f"there the digits are {name}'s"
    return ""


def _find_elsewhere(wrong: Places) -> str:
    """Whether the wrong numbers are right ones that belong elsewhere."""
    for case in dict.fromkeys(wrong.case.tolist()):
        own = wrong.at(wrong.case == case)
        if len(own.got) < 2 or not _same(np.sort(own.got), np.sort(own.right)):
            return ""
    return "there the right numbers stand in another order" if len(wrong.got) > 2 else ""
