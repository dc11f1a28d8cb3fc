"""What random draws are, where they are not what they should be: `draws -> diagnosis`.

Every form of the page gives a distribution, and so does every formula that libraries use for the
deviation of initial weights. Those that the draws cannot be told from are named.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from trainspec.conformance.basics.names import display_form, finding_of, join_form
from trainspec.conformance.cases.result import Result
from trainspec.conformance.checking.distributions import (
    Distribution,
    make_distribution,
    normal_table,
)
from trainspec.conformance.checking.random_draws import Drawn
from trainspec.conformance.checking.random_tests import (
    ALPHA,
    INDEPENDENCE,
    judge_distribution,
    normal_tail,
)
from trainspec.conformance.diagnosis.diagnose import Diagnosis, diagnose
from trainspec.conformance.diagnosis.matching import make_form
from trainspec.conformance.diagnosis.wording import NO_FORM, describe_form
from trainspec.conformance.pages.forms import compose_rule, list_single
from trainspec.conformance.pages.parts import NORMAL

#: The deviation of a normal distribution that is cut at two of its deviations.
CUT = 0.87962566103423978
#: What stands over the fan in the formulas for the variance.
NUMERATORS = {"1/3": 1 / 3, "1/2": 0.5, "1": 1.0, "2": 2.0, "3": 3.0, "4": 4.0, "6": 6.0}


class Candidate(Struct, frozen=True):
    """A distribution for every request, with its name and words; `edits` make it of the page."""

    name: str
    text: str
    edits: tuple[str, ...]
    distributions: Sequence[Distribution]


#: What a dependence means, by the name of the finding; others say what was seen.
DEPENDENCE = {
    "same-seed": "the same seed gives other values: the seed is not used",
    "other-seed": "different seeds give the same values: the seed is not used, or not all of it",
    "second-call": "the second call of one object draws the same mask as the first",
}


def diagnose_draws(results: Sequence[Result]) -> Diagnosis | None:
    """Why the draws of one offering fail, from the results of all requests.

    None where nothing was drawn.
    """
    found, dependent = _diagnose(results)
    if not dependent:
        return _say_what_fails(found, results)
    drawn = {id(r.drawn) for r in results if r.drawn is not None}
    failing = {finding_of(r.case.name) for r in results if r.drawn and r.outcome.fails}
    if found is None or not failing - dependent.keys():
        return Diagnosis(next(iter(dependent)), _say(dependent), len(drawn), len(drawn))
    return replace(found, text=f"{_say(dependent)}; {found.text}")


def _say_what_fails(found: Diagnosis | None, results: Sequence[Result]) -> Diagnosis | None:
    """The diagnosis; of values that follow the form that is declared, what is wrong with them."""
    failing = [r for r in results if r.drawn is not None and r.outcome.fails]
    if found is None or not failing or not found.form or found.constants:
        return found
    name = display_form(failing[0].case.form)
    if display_form(join_form(found.edits)) != name or found.form != name:
        return found
    text = f"the values are distributed as those of the {name} form, but: {failing[0].message}"
    return replace(found, text=text)


def identify_draws(results: Sequence[Result]) -> Diagnosis | None:
    """Which form the drawn values have, whether or not they depend on each other.

    None where nothing was drawn.
    """
    found, dependent = _diagnose(results)
    if found is None or not dependent:
        return found
    return replace(found, text=f"{found.text}; {_say(dependent)}")


def _diagnose(results: Sequence[Result]) -> tuple[Diagnosis | None, dict[str, str]]:
    """What the values are, and how they depend on each other, by the name of the finding."""
    drawn = list({id(r.drawn): r.drawn for r in results if r.drawn is not None}.values())
    if not drawn:
        return None, {}
    failing = [finding_of(r.case.name) for r in results if r.drawn and r.outcome.fails]
    dependent = {name: "" for name in failing if name.startswith(INDEPENDENCE)}
    for r in results:
        name = finding_of(r.case.name)
        if name in dependent and not dependent[name]:
            dependent[name] = DEPENDENCE.get(name, r.message)
    return _diagnose_values(drawn, results, failing), dependent


def _say(dependent: Mapping[str, str]) -> str:
    return "; ".join(list(dependent.values())[:2])


def _diagnose_values(
    drawn: Sequence[Drawn], results: Sequence[Result], failing: Sequence[str]
) -> Diagnosis | None:
    """What the values are, apart from their independence."""
    if drawn[0].rule.draws.distribution == NORMAL:
        return _diagnose_weights(drawn)
    whole = diagnose([r for r in results if r.answer is not None])
    if "rate" not in failing:
        return whole
    shares = [(1 - one.rule.kept_share(), [array.ravel() for array in one.arrays]) for one in drawn]
    kept = ", ".join(
        f"{np.mean(np.concatenate(arrays)):.3g} of the units at a ratio of {ratio:g}"
        for ratio, arrays in shares
    )
    fits = [edits for edits in list_single(drawn[0].rule.page.technique) if _keeps_so(drawn, edits)]
    if fits:
        named = describe_form(drawn[0].rule.page, make_form(drawn[0].rule.page, fits[0]))
        return Diagnosis(fits[0][0], f"{named}; it keeps {kept}", 1, 1, fits[0])
    return Diagnosis("", f"it keeps {kept}", 0, len(drawn), nearest=whole.form if whole else "")


def _keeps_so(drawn: Sequence[Drawn], edits: tuple[str, ...]) -> bool:
    """Whether a form keeps as many units as were kept."""
    for one in drawn:
        share = one.rule.kept_share(compose_rule(one.rule.page.technique, edits))
        kept = np.concatenate([array.ravel() for array in one.arrays])
        spread = math.sqrt(share * (1 - share) / kept.size)
        if not spread or normal_tail((kept.mean() - share) / spread) < ALPHA:
            return False
    return True


def _diagnose_weights(drawn: Sequence[Drawn]) -> Diagnosis | None:
    """Which forms, or which formulas, the draws cannot be told from; None for no numbers."""
    page = drawn[0].rule.page
    samples = [np.concatenate([array.ravel() for array in one.arrays]) for one in drawn]
    if not all(np.isfinite(sample).all() and sample.any() for sample in samples):
        return None
    page_forms = list(_list_forms(drawn))
    published = [c for c in page_forms if all(name in page.variants for name in c.edits)]
    errors = [c for c in page_forms if c not in published]
    for tier in (published, errors, _list_formulas(drawn), _list_constants(drawn, samples)):
        fits = [candidate for candidate in tier if _fits(candidate, samples)]
        if fits:
            first, n = fits[0], len(samples)
            text = "; or: ".join(dict.fromkeys(candidate.text for candidate in fits))
            return Diagnosis(first.name, text, n, n, first.edits, exact=True)
    return Diagnosis("", f"{NO_FORM}: {_measure(samples, page.name)}", 0, len(samples))


def _fits(candidate: Candidate, samples: Sequence[np.ndarray]) -> bool:
    """Whether no sample can be told from the candidate."""
    pairs = zip(samples, candidate.distributions)
    return all(f.p >= ALPHA for sample, asked in pairs for f in judge_distribution(sample, asked))


def _list_forms(drawn: Sequence[Drawn]) -> Iterator[Candidate]:
    """The forms of the page: canonical, variants, then errors."""
    page = drawn[0].rule.page
    seen: set[str] = set()
    for edits in [(), *list_single(page.technique)]:
        rule = compose_rule(page.technique, edits)
        form = make_form(page, edits)
        for again in (True, False):
            made = [
                make_distribution(page, rule, one.rule.draws.request, again=again) for one in drawn
            ]
            key = repr([(d.square, d.fourth, d.mean, len(d.values)) for d in made])
            if key not in seen and all(d.square > 0 for d in made):
                seen.add(key)
                yield Candidate(display_form(form.name), describe_form(page, form), edits, made)


def _list_formulas(drawn: Sequence[Drawn]) -> Iterator[Candidate]:
    """Every formula for a deviation, in every usual distribution."""
    names = [name for name in drawn[0].rule.draws.request if name in drawn[0].rule.page.parameters]
    below: dict[str, list[float]] = {
        name: [float(one.rule.draws.request[name]) for one in drawn] for name in names
    }
    for a, b in itertools.combinations(names, 2):
        pairs = list(zip(below[a], below[b]))
        below[f"({a} + {b})"] = [x + y for x, y in pairs]
        below[f"({a} · {b})"] = [x * y for x, y in pairs]
    for (top, factor), (name, sizes) in itertools.product(NUMERATORS.items(), below.items()):
        deviations = [math.sqrt(factor / size) for size in sizes]
        yield from _in_every_shape(f"√({top} / {name})", deviations)
        yield from _in_every_shape(f"{top} / {name}", [factor / size for size in sizes])


def _list_constants(drawn: Sequence[Drawn], samples: Sequence[np.ndarray]) -> Iterator[Candidate]:
    """A deviation that is the same whatever is asked for, and a multiple of the right one."""
    page = drawn[0].rule.page
    measured = [float(np.sqrt(np.mean(sample**2))) for sample in samples]
    if len(samples) > 1:
        value = float(f"{measured[0]:.2g}")
        yield from _in_every_shape(f"{value:g}, whatever is asked for", [value] * len(samples))
    asked = [
        make_distribution(page, page.rule_of_form(one.rule.form), one.rule.draws.request)
        for one in drawn
    ]
    factor = float(f"{measured[0] / asked[0].deviation:.2g}")
    right = [factor * distribution.deviation for distribution in asked]
    yield from _in_every_shape(f"{factor:g} times the right one", right)


def _in_every_shape(formula: str, deviations: Sequence[float]) -> Iterator[Candidate]:
    for shape, (unit, scale) in _unit_shapes().items():
        made = [unit.times(deviation * scale) for deviation in deviations]
        text = f"the values are {shape} with the standard deviation {formula}"
        if scale != 1:
            text = f"the values are {shape}: the standard deviation would be {formula} without that"
        yield Candidate(f"deviation {formula}, {shape}", text, (), made)


@cache
def _unit_shapes() -> dict[str, tuple[Distribution, float]]:
    """The usual distributions with a deviation of 1, and what is left of the nominal deviation."""
    z, weights = normal_table()
    inside = abs(z) < 2
    cut = Distribution.of(z[inside] / CUT, weights[inside])
    even = np.linspace(-1, 1, 20001)
    return {
        "normal": (Distribution.of(z, weights, is_normal=True), 1.0),
        "uniform": (Distribution.of(even * math.sqrt(3), np.ones_like(even)), 1.0),
        "truncated at two deviations and corrected for it": (cut, 1.0),
        "truncated at two deviations and not corrected for it": (cut, CUT),
    }


def _measure(samples: Sequence[np.ndarray], name: str) -> str:
    """What is measured, where nothing explains it."""
    parts = [f"{np.std(sample):.4g} around a mean of {np.mean(sample):.2g}" for sample in samples]
    closest = min(
        _unit_shapes().items(),
        key=lambda item: item[1][0].distance((samples[0] - samples[0].mean()) / samples[0].std()),
    )
    return (
        f"the standard deviation of {name}'s draws is {' and '.join(parts)}; "
        f"the closest usual distribution is {closest[0]}"
    )
