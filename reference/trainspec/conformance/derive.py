"""Deriving golden values from a spec page: `page text -> golden file`.

Every expected value is the page's rule in interval arithmetic, rounded once to float64. Every
tolerance is the radius that the same rule has in the arithmetic of a type, times `ORDERS`.
Nothing here reads the reference, an earlier golden file, or a float computation.
"""

from __future__ import annotations

import decimal
import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import yaml

from trainspec.conformance import ball, inputs
from trainspec.conformance.ball import Ball, UnboundedError
from trainspec.conformance.evaluate import evaluated
from trainspec.conformance.nest import array, leaves, mapped, spelled
from trainspec.conformance.page import DECAY, CaseText, Page, PageError
from trainspec.conformance.rule import Rule
from trainspec.conformance.types import TYPES, FloatType

#: Tolerance over radius: lets other orders of operation differ by as many roundings again.
ORDERS = 2.0
#: A case serves a type only while its tolerance is under this part of its largest value.
CAP = 2.0**-3
#: A case tells two forms apart only if they are this many tolerances from each other.
TELLING = 100.0

#: Named errors are not held against cases of more steps than this: they show long before.
LONG = 100

LEVELS = ("core", "numerics", "edge", "statistics")
_WORDS = {"level", "clauses", "link", "types", "keep"}


@dataclass(frozen=True)
class Problem:
    """A case made ready: what the rule is run on."""

    id: str
    inputs: dict[str, Any]
    hyperparameters: dict[str, Any]
    keep: list[int] | None
    types: list[str] | None  # served whatever their range, and then exactly


@dataclass(frozen=True)
class Outcome:
    """What a rule gives: its leaves as true values, and for each type the radius of each."""

    values: list[Ball]
    radii: dict[str, list[float]]
    form: dict[str, Any]


def golden(page: Page, progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """The content of the golden file of a page.

    Raises `PageError` where a case does not say what it must, `ArithmeticError` where a value
    cannot be rounded with certainty.
    """
    cases = []
    for text in page.cases:
        progress(f"{page.name}/{text.name}")
        try:
            cases.append(_case(page, text))
        except ArithmeticError as error:
            raise PageError(f"{page.name}/{text.name}: {error}") from None
    cases += _rejections(page)
    for case in cases:
        for clause in case["clauses"]:
            if clause not in page.clauses:
                raise PageError(f"{case['id']}: {page.technique} has no clause {clause}")
    return {
        "technique": page.technique,
        "operation": page.name,
        "hyperparameters": list(page.parameters),
        "cases": cases,
    }


def problem(page: Page, text: CaseText) -> tuple[Problem, dict[str, Any]]:
    """The case's inputs, and what is left of its YAML: level, clauses, link."""
    name = f"{page.name}/{text.name}"
    given = yaml.safe_load(text.yaml)
    if page.inputs:
        made, steps = inputs.function(name, given, page.inputs), None
    else:
        made, steps = inputs.update(name, given)
    about = {word: given.pop(word) for word in list(given) if word in _WORDS}
    missing = page.parameters.keys() - given.keys()
    unknown = given.keys() - page.parameters.keys()
    if missing or unknown:
        raise PageError(f"{name}: missing {sorted(missing)}, unknown {sorted(unknown)}")
    rate = given.get("learning_rate")
    if steps is not None and not isinstance(rate, list):
        given["learning_rate"] = [rate] * steps
    hyperparameters = {key: _floats(value) for key, value in given.items()}
    ready = Problem(name, made, hyperparameters, about.pop("keep", None), about.pop("types", None))
    return ready, about


def _floats(value: Any) -> Any:
    if isinstance(value, list):
        return [_floats(v) for v in value]
    try:
        return float(value)  # YAML takes 1e-8 for a word
    except ValueError:
        return value  # the name of an update rule


def _case(page: Page, text: CaseText) -> dict[str, Any]:
    ready, about = problem(page, text)
    if about.get("level") not in LEVELS:
        raise PageError(f"{ready.id}: level must be one of {', '.join(LEVELS)}")
    canonical = outcome(page, page.rule, ready)
    _certify_gradients(page, ready)
    served = {kind: TYPES[kind] for kind in canonical.radii}
    variants = {}
    margins: dict[str, dict[str, Any]] = {kind: {} for kind in canonical.radii}
    for name, rule in page.rules.items():
        if not name:
            continue
        published = name in page.variants
        if not published and _steps(ready) > LONG:
            continue
        try:
            other = outcome(page, rule, ready, served if published else {})
        except ArithmeticError as error:
            if published:
                raise PageError(f"{ready.id}, {name}: {error}") from None
            continue  # an error that has no certain value here is told apart elsewhere
        for kind, radii in canonical.radii.items():
            apart = distance(canonical.values, other.values, radii, other.radii.get(kind))
            margins[kind][name] = _two_digits(apart, up=False)
        if published:
            variants[name] = _entry(page, rule, other, canonical.form)
    return {
        "id": ready.id,
        "level": about["level"],
        "requirement": _requirement(page, about["clauses"]),
        "clauses": about["clauses"],
        "why": text.why.strip(),
        **({"link": about["link"]} if "link" in about else {}),
        "inputs": mapped(
            lambda t: {"shape": t["shape"], "data": [spelled(v) for v in t["data"]]}, ready.inputs
        ),
        "hyperparameters": ready.hyperparameters,
        "outputs": canonical.form,
        **({"steps": _steps(ready)} if _steps(ready) else {}),
        **({"keep": ready.keep} if ready.keep else {}),
        **_stored(canonical),
        "margins": margins,
        "variants": variants,
    }


def variant(page: Page, rule: Rule, text: CaseText, kinds: Mapping[str, FloatType]) -> Any:
    """What a case's golden entry holds for a variant whose rule is `rule`, in the types `kinds`.

    Raises `PageError` where its values cannot be rounded with certainty.
    """
    ready, _ = problem(page, text)
    try:
        return _entry(page, rule, outcome(page, rule, ready, kinds), None)
    except ArithmeticError as error:
        raise PageError(f"{ready.id}: {error}") from None


def _entry(page: Page, rule: Rule, other: Outcome, form: Any) -> dict[str, Any]:
    extra = dict.fromkeys(sorted(page.extra(rule)), DECAY)
    return {
        **({"hyperparameters": extra} if extra else {}),
        **({"outputs": other.form} if other.form != form else {}),
        **_stored(other),
    }


def _stored(result: Outcome) -> dict[str, Any]:
    values = [spelled(value.nearest()) for value in result.values]
    return {
        "expected": values,
        "tolerance": {
            kind: [_two_digits(ORDERS * r, up=True) for r in radii]
            for kind, radii in result.radii.items()
        },
    }


def _steps(ready: Problem) -> int:
    """How many steps the outputs hold, or 0 where there are none."""
    if "params" in ready.inputs:
        return len(ready.inputs["grads"])
    return max((len(v) for v in ready.inputs.values() if isinstance(v, list)), default=0)


def _requirement(page: Page, clauses: list[str]) -> str:
    words = [page.clauses[c].requirement for c in clauses if c in page.clauses]
    return "MUST" if "MUST" in words or not words else words[0]


def outcome(
    page: Page, rule: Rule, ready: Problem, kinds: Mapping[str, FloatType] = TYPES
) -> Outcome:
    """Run `rule` on a case without rounding, and in each type that the case serves."""
    values, form = _true(page, rule, ready)
    radii: dict[str, list[float]] = {}
    for name, kind in kinds.items():
        if ready.types is not None:
            # Such a case says that nothing may change: a form serves it if it says so too.
            if name in ready.types and _unchanged(ready, values):
                radii[name] = [0.0] * len(values)
        elif _representable(ready.inputs, kind):
            found = _radii(page, rule, ready, kind, values)
            if found is not None:
                radii[name] = found
    return Outcome(values, radii, form)


def _true(page: Page, rule: Rule, ready: Problem) -> tuple[list[Ball], dict[str, Any]]:
    """The true values, with as many bits as it takes to round each of them with certainty.

    Raises ArithmeticError where `ball.MOST_BITS` do not suffice.
    """
    bits = ball.BITS
    while True:
        try:
            with ball.arithmetic(None, bits):
                values, form = _run(page, rule, ready)
                for value in values:
                    value.nearest()
                return values, form
        except ArithmeticError:
            bits *= 4
            if bits > ball.MOST_BITS:
                raise


def _unchanged(ready: Problem, values: list[Ball]) -> bool:
    start = [number for t in ready.inputs.get("params", ()) for number in t["data"]]
    return [v.nearest() for v in values] == start * (len(values) // max(len(start), 1))


def _radii(
    page: Page, rule: Rule, ready: Problem, kind: FloatType, values: list[Ball]
) -> list[float] | None:
    """The radius of every value in the arithmetic of `kind`, or None if it does not serve."""
    try:
        with ball.arithmetic(kind):
            rounded, form = _run(page, rule, ready)
    except UnboundedError:
        return None
    radii = [_radius(r, v) for r, v in zip(rounded, values)]
    sizes = [0.0 if isinstance(v.x, float) else abs(v.nearest()) for v in values]
    for part in _parts(ready, form):
        # An output that is zero throughout is measured by the others.
        size = max(sizes[part], default=0.0) or max(sizes, default=0.0)
        if max(radii[part], default=0.0) * ORDERS > CAP * size:
            radii[part] = [math.inf] * len(radii[part])  # this output is not judged in this type
    return None if radii and min(radii) == math.inf else radii


def _parts(ready: Problem, form: Mapping[str, Any]) -> Iterator[slice]:
    """Where the numbers of each output, in training of each step, lie among all numbers."""
    times = len(ready.keep) if ready.keep else max(_steps(ready), 1)
    parts = times if "update_rule" in ready.hyperparameters else 1
    start = 0
    for shapes in form.values():
        nested = bool(shapes) and isinstance(shapes[0], list)
        size = times * sum(math.prod(s) for s in (shapes if nested else [shapes])) // parts
        for _ in range(parts):
            yield slice(start, start + size)
            start += size


def _radius(rounded: Ball, true: Ball) -> float:
    return 0.0 if isinstance(true.x, float) else rounded.radius(true.x.mid())


def _run(page: Page, rule: Rule, ready: Problem) -> tuple[list[Ball], dict[str, Any]]:
    """The numbers that a rule gives, in order, and the shapes that they come in."""
    arrays = mapped(lambda t: ball.balls(array(t, np.float64)), ready.inputs)
    named = {
        **{name: _lifted(value) for name, value in ready.hyperparameters.items()},
        **{name: ball.hyperparameter(DECAY) for name in page.extra(rule)},
    }
    outputs = evaluated(page.technique, page.outputs, rule, arrays, named, ball.FUNCTIONS)
    if ready.keep is not None:
        outputs = {name: [steps[t - 1] for t in ready.keep] for name, steps in outputs.items()}
    form = mapped(lambda leaf: list(np.shape(leaf)), outputs)
    if _steps(ready):
        form = {name: steps[0] for name, steps in form.items()}
    flat = [x for _, leaf in leaves(outputs) for x in np.asarray(leaf, dtype=object).ravel()]
    return [ball.number(x) for x in flat], form


def _lifted(value: Any) -> Any:
    if isinstance(value, str):
        return value
    return [_lifted(v) for v in value] if isinstance(value, list) else ball.hyperparameter(value)


#: Gradients are held to differences of the forward rule over this distance, to these digits.
NUDGE_BITS, GRADIENT_BITS = 100, 90


def _certify_gradients(page: Page, ready: Problem) -> None:
    """Hold every output ``dx`` to the derivative of the forward outputs with respect to ``x``.

    The derivative is of the sum of ``dy * y`` where ``dy`` is an input, else of the first output
    that is one number.
    Where the two one-sided differences part, the rule has a kink and a clause decides.
    Raises `PageError` for a gradient that is not the derivative.
    """
    wanted = [name for name in page.outputs if name[0] == "d" and name[1:] in page.inputs]
    if not wanted or any(isinstance(value, list) for value in ready.inputs.values()):
        return
    upstream = [name for name in page.inputs if name[0] == "d" and name[1:] in page.outputs]

    with ball.arithmetic(None):
        arrays = mapped(lambda t: ball.balls(array(t, np.float64)), ready.inputs)
        named = {name: _lifted(value) for name, value in ready.hyperparameters.items()}

        def outputs(inputs: dict[str, Any]) -> dict[str, Any]:
            return evaluated(page.technique, page.outputs, page.rule, inputs, named, ball.FUNCTIONS)

        def objective(inputs: dict[str, Any]) -> Any:
            found = outputs(inputs)
            if not upstream:
                return next(ball.number(v).x for v in found.values() if np.shape(v) == ())
            terms = (np.sum(inputs[d] * found[d[1:]]) for d in upstream)
            return sum((ball.number(term).x for term in terms), ball.number(0).x)

        given = outputs(arrays)
        values = [
            ball.number(x).x
            for leaf in given.values()
            for x in np.asarray(leaf, dtype=object).ravel()
        ]
        if any(isinstance(x, float) for x in values):
            return  # infinities and NaN have no differences
        nudge = ball.number(2.0**-NUDGE_BITS)
        centre = objective(arrays)
        size = max((abs(float(v.mid())) for v in values), default=1.0) + 1.0
        for name in wanted:
            gradient = np.asarray(given[name], dtype=object)
            for index in np.ndindex(gradient.shape):
                sides = []
                for step in (nudge, -nudge):
                    moved = np.array(arrays[name[1:]], dtype=object)
                    moved[index] = moved[index] + step
                    sides.append((objective({**arrays, name[1:]: moved}) - centre) / step.x)
                # One-sided differences agree to the nudge's size unless there is a kink.
                apart = abs(float((sides[0] - sides[1]).mid()))
                if apart > size * 2.0**-40:
                    continue
                middle = (sides[0] + sides[1]) / 2
                off = abs(float((ball.number(gradient[index]).x - middle).mid()))
                if off > size * 2.0**-GRADIENT_BITS * 2.0**16:
                    raise PageError(
                        f"{ready.id}: {name}{list(index)} is {ball.number(gradient[index])}, "
                        f"the derivative of the forward rule is {middle}"
                    )


def _representable(nest: Any, kind: FloatType) -> bool:
    for _, t in leaves(nest):
        exact = array(t, np.float64)
        with np.errstate(all="ignore"):
            if not np.array_equal(exact.astype(kind.dtype).astype(np.float64), exact, True):
                return False
    return True


def distance(
    one: list[Ball], other: list[Ball], radii: list[float], others: list[float] | None = None
) -> float:
    """The margin: largest distance of two outcomes, in tolerances of the less certain one."""
    if len(one) != len(other):
        return math.inf
    largest = 0.0
    for index, (a, b) in enumerate(zip(one, other)):
        if radii[index] == math.inf or (others and others[index] == math.inf):
            continue
        if isinstance(a.x, float) or isinstance(b.x, float):
            same = isinstance(a.x, float) and isinstance(b.x, float) and repr(a.x) == repr(b.x)
            largest = largest if same else math.inf
            continue
        apart = float((a.x - b.x).abs_lower())
        tolerance = ORDERS * max(radii[index], others[index] if others else 0.0)
        largest = max(largest, apart / tolerance if tolerance else (math.inf if apart else 0.0))
    return largest


def pairs(page: Page, golden: dict[str, Any], kind: str) -> Iterator[tuple[str, str, float]]:
    """Every two forms that must be told apart, with the largest margin of any case in `kind`.

    Variants from each other and from the canonical form (named ""), errors from the latter.
    """
    cases = [case for case in golden["cases"] if kind in case.get("margins", {})]
    for name in page.edits:
        margins = [float(c["margins"][kind][name]) for c in cases if name in c["margins"][kind]]
        yield "", name, max(margins, default=0.0)
    for one, other in itertools.combinations(page.variants, 2):
        yield one, other, max((_stored_margin(c, one, other, kind) for c in cases), default=0.0)


def _stored_margin(case: dict[str, Any], one: str, other: str, kind: str) -> float:
    a, b = case["variants"][one], case["variants"][other]
    if kind not in a["tolerance"] or kind not in b["tolerance"]:
        return 0.0
    if len(a["expected"]) != len(b["expected"]):
        return math.inf
    largest = 0.0
    for x, y, *around in zip(
        a["expected"], b["expected"], a["tolerance"][kind], b["tolerance"][kind]
    ):
        if "Infinity" in around:
            continue
        if isinstance(x, str) or isinstance(y, str):
            largest = largest if x == y else math.inf
        elif x != y:
            largest = max(largest, abs(x - y) / max(around) if max(around) else math.inf)
    return largest


def _two_digits(value: float, up: bool) -> Any:
    """`value` to two significant digits, rounded up or down; a string where it is infinite."""
    if not math.isfinite(value) or value == 0:
        return spelled(value) if value else 0
    toward = decimal.ROUND_CEILING if up else decimal.ROUND_FLOOR
    return float(decimal.Context(prec=2, rounding=toward).create_decimal_from_float(value))


def _rejections(page: Page) -> Iterator[dict[str, Any]]:
    """A case for each hyperparameter outside its domain, straight from the parameter table."""
    clause = next((c.id for c in page.clauses.values() if "SHOULD be rejected" in c.text), None)
    if clause is None:
        return
    base, _ = problem(page, page.cases[0])
    for parameter in page.parameters.values():
        if not parameter.numeric:
            continue
        low, low_allowed, high, high_allowed = parameter.bounds
        outside = {"nan": math.nan}
        if math.isfinite(low):
            outside |= {"below": low - 0.5} if low_allowed else {"lowest": low}
        if math.isfinite(high):
            outside |= {"above": high + 0.5} if high_allowed else {"highest": high}
        given = base.hyperparameters[parameter.name]
        for word, value in outside.items():
            wrong: Any = spelled(value)
            if isinstance(given, list):
                wrong = [wrong] * len(given)
            yield {
                "id": f"{page.name}/rejects-{parameter.name.replace('_', '-')}-{word}",
                "level": "edge",
                "requirement": page.clauses[clause].requirement,
                "clauses": [clause],
                "why": f"{parameter.name} = {value:g} is outside {parameter.domain}.",
                "inputs": base.inputs,
                "hyperparameters": base.hyperparameters | {parameter.name: wrong},
                "rejects": parameter.name,
            }
