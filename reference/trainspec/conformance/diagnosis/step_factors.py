"""Steps that are right but for a factor: a schedule, a trust ratio, a norm, a kind of tensor.

The rule is run step by step with the learning rate left open: the answers say by which factor the
step of each tensor is multiplied. What the factors depend on is then looked for in all cases.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from msgspec import Struct

from trainspec.conformance.arithmetic.float64 import FLOAT64_FUNCTIONS
from trainspec.conformance.basics.float_types import TYPES, FloatArray
from trainspec.conformance.basics.tensors import map_tensors, to_array
from trainspec.conformance.cases.case import Case
from trainspec.conformance.diagnosis.evidence import NEAR, Evidence
from trainspec.conformance.pages.forms import Form
from trainspec.conformance.pages.rule import Rule, execute_lines

#: What a factor may depend on, by name.
Features = dict[str, np.float64]
#: So many factors, of so many numbers, must be known before anything is said of them.
FEW, MANY = 6, 24
#: The most cases that are looked at, and the most steps of each.
MOST_CASES, MOST_STEPS = 14, 12


class Factor(Struct, frozen=True):
    """The factor of one tensor's step: `value`, known to within `error`, and what it may be of."""

    value: float
    error: float
    step: int
    features: Features


def find_step_factors(evidence: Evidence, form: Form) -> str | None:
    """In words, what the factors of a form's steps depend on; empty where there is no answer.

    None where they are all one constant: then other searches say what it is.
    """
    chosen = [
        i
        for i in evidence.short
        if evidence.ordinary(i) and evidence.cases[i].keep is None and evidence.cases[i].steps
    ][:MOST_CASES]
    factors: list[Factor] = []
    numbers = 0
    for index in chosen:
        found = _solve_case(evidence, index, form)
        if found is None:
            return ""
        factors += found[0]
        numbers += found[1]
    if len(factors) < FEW or numbers < MANY:
        return ""
    one = min(factors, key=lambda f: f.error).value
    if _agree(factors, [one] * len(factors)):
        return None
    with np.errstate(all="ignore"):
        return next(filter(None, (describe(factors) for describe in _DESCRIPTIONS)), "")


def _solve_case(evidence: Evidence, index: int, form: Form) -> tuple[list[Factor], int] | None:
    """The factors of a case, and how many numbers they explain; None where they do not."""
    case, answer = evidence.cases[index], evidence.answers[index]
    if answer.shape != case.expected.shape:
        return None
    inputs = map_tensors(lambda t: to_array(t, np.float64), case.inputs)
    params, rates = inputs["params"], case.numbers()["learning_rate"]
    steps = len(inputs["grads"])
    allowed = evidence.allowed(index, form.edits).reshape(steps, -1)
    answers = answer.reshape(steps, -1)
    factors, numbers, start = [], 0, 0
    for k, W in enumerate(params):
        part = slice(start, start + W.size)
        start += W.size
        found = _solve_tensor(
            evidence, case, form.rule, k, inputs, rates, answers[:, part], allowed[:, part]
        )
        if found is None:
            return None
        factors += [Factor(*one, t, own) for t, one, own in found[0]]
        numbers += found[1]
    return factors, numbers


def _solve_tensor(
    evidence: Evidence,
    case: Case,
    rule: Rule,
    k: int,
    inputs: Any,
    rates: Sequence[float],
    answers: FloatArray,
    allowed: FloatArray,
) -> tuple[list[tuple[int, tuple[float, float], Features]], int] | None:
    """Step, factor and features for every step of a tensor that moves, and the numbers met."""
    W, grads = inputs["params"][k], inputs["grads"]
    fixed = {**FLOAT64_FUNCTIONS, **case.numbers(), "tensors": len(inputs["params"]), "tensor": k}
    state: dict[str, Any] = {}
    found, numbers = [], 0
    for t in range(1, min(len(grads), MOST_STEPS) + 1):
        if grads[t - 1][k] is None or not W.size:
            return [], 0
        one, none = (
            _step(rule, {**fixed, **state, "W": W, "g": grads[t - 1][k], "t": t}, rate, not state)
            for rate in (rates[t - 1], 0.0)
        )
        if one is None or none is None:
            return None
        moved = np.ravel(one["W"] - none["W"])
        target, still = answers[t - 1] - np.ravel(none["W"]), np.ravel(none["W"])
        roundoff = TYPES[evidence.kind].roundoff
        slack = NEAR * np.maximum(allowed[t - 1], 4 * roundoff * np.abs(still))
        if not np.isfinite(moved).all() or not np.isfinite(target).all():
            return None
        best = int(np.argmax(np.abs(moved) / slack))
        if moved[best] == 0:
            if (np.abs(target) > slack).any():
                return None
            factor = 1.0
        else:
            factor = float(target[best] / moved[best])
            # The step's own rounding counts as often as the factor says.
            error = float(slack[best] / abs(moved[best])) * max(1.0, abs(factor))
            spare = slack * max(1.0, abs(factor)) + np.abs(moved) * error
            if (np.abs(target - factor * moved) > spare).any():
                return None
            if error < 0.01 * max(1.0, abs(factor)):
                own = _list_features(W, grads[t - 1], k, moved / (rates[t - 1] or 1.0), t)
                found.append((t, (factor, error), own))
                numbers += len(moved)
        last = _step(
            rule,
            {**fixed, **state, "W": W, "g": grads[t - 1][k], "t": t},
            factor * rates[t - 1],
            not state,
        )
        if last is None:
            return None
        state = {name: last[name] for name in rule.state}
        W = answers[t - 1].reshape(np.shape(W))
    return found, numbers


def _step(rule: Rule, names: dict[str, Any], rate: float, first: bool) -> dict[str, Any] | None:
    """The names after one step with a learning rate; None where it cannot be made."""
    names = {**names, "learning_rate": rate}
    start, body = rule.code
    try:
        if first:
            execute_lines(start, names)
        execute_lines(body, names)
    except (ArithmeticError, LookupError, NameError, TypeError, ValueError):
        return None
    return names


def _norm(values: Any) -> float:
    return float(np.sqrt(np.sum(np.square(values))))


def _list_features(W: Any, grads: Sequence[Any], k: int, direction: FloatArray, t: int) -> Features:
    """What a factor may depend on, by name."""
    known = [g for g in grads if g is not None]
    features = {
        "the norm of the tensor's gradient": _norm(grads[k]),
        "the norm of all gradients together": _norm([_norm(g) for g in known]),
        "the largest gradient of the tensor": np.max(np.abs(grads[k])),
        "the norm of the parameter": _norm(W),
        "the norm of the step's direction": _norm(direction),
        "the number of elements": np.size(W),
        "the number of tensors": len(grads),
        "the number of rows": np.shape(W)[0] if np.ndim(W) else 1,
        "dimensions": np.ndim(W),
        "tensor": k,
        "tensors": len(grads),
        "t": t,
    }
    return {name: np.float64(value) for name, value in features.items()}


def _agree(factors: Sequence[Factor], values: Sequence[float]) -> bool:
    """Whether the factors are these values, as far as they are known."""
    return all(
        abs(f.value - v) <= f.error * max(1.0, abs(v)) + 1e-9 * abs(v)
        for f, v in zip(factors, values)
    )


def _times(value: float) -> str:
    return "not made at all" if value == 0 else f"{value:.6g} times the right one"


def _describe_schedule(factors: Sequence[Factor]) -> str:
    """A factor that depends on the number of the step alone."""
    by_step: dict[int, float] = {}
    for factor in sorted(factors, key=lambda f: f.error):
        by_step.setdefault(factor.step, factor.value)
    if len(by_step) < 3 or not _agree(factors, [by_step[f.step] for f in factors]):
        return ""
    steps = sorted(by_step)
    shown = ", ".join(f"{by_step[t]:.4g}" for t in steps[:6])
    formula = _name_schedule([(np.float64(t), np.float64(by_step[t])) for t in steps])
    return (
        f"the learning rate is multiplied by {formula or 'a factor that depends on the step alone'}"
        f": {shown} at steps {steps[0]}, {', '.join(map(str, steps[1:6]))}"
    )


def _name_schedule(points: Sequence[tuple[np.float64, np.float64]]) -> str:
    """A formula for a schedule with one constant, read off the point that tells most."""
    for words, solve, formula in _SCHEDULES:
        for t, value in points[:3]:
            with np.errstate(all="ignore"):
                constant = solve(t, value)
            if constant is None or not np.isfinite(constant):
                continue
            if all(abs(formula(s, constant) - v) <= 1e-5 * max(abs(v), 1e-3) for s, v in points):
                return words.format(f"{constant:.6g}")
    return ""


_Solve = Callable[[np.float64, np.float64], Any]
#: Schedules: in words, the constant that a point shows, and the factor of a step.
_SCHEDULES: tuple[tuple[str, _Solve, Callable[[np.float64, Any], Any]], ...] = (
    ("min(1, t / {})", lambda t, v: t / v if 0 < v < 1 else None, lambda t, c: min(1.0, t / c)),
    ("min(1, (t − 1) / {})", lambda t, v: (t - 1) / v if 0 < v < 1 else None,
     lambda t, c: min(1.0, (t - 1) / c)),
    ("1 / (1 + {} (t − 1))", lambda t, v: (1 / v - 1) / (t - 1) if t > 1 and v else None,
     lambda t, c: 1 / (1 + c * (t - 1))),
    ("1 / (1 + {} t)", lambda t, v: (1 / v - 1) / t if v else None, lambda t, c: 1 / (1 + c * t)),
    ("{} to the power t", lambda t, v: v ** (1 / t) if v > 0 else None, lambda t, c: c**t),
    ("{} to the power (t − 1)", lambda t, v: v ** (1 / (t - 1)) if t > 1 and v > 0 else None,
     lambda t, c: c ** (t - 1)),
    ("{} / √t", lambda t, v: v * t**0.5, lambda t, c: c / t**0.5),
    ("{} / t", lambda t, v: v * t, lambda t, c: c / t),
    ("{} t", lambda t, v: v / t, lambda t, c: c * t),
)  # fmt: skip


def _describe_quantity(factors: Sequence[Factor]) -> str:
    """A factor that is a norm or a size, a quotient of two, or a limit on one."""
    names = [name for name in factors[0].features if name.startswith("the ")]
    for over, under in (*((n, "") for n in names), *(("", n) for n in names),
                        *itertools.permutations(names, 2)):  # fmt: skip
        words = _fit_quotient(factors, over, under)
        if words:
            return words
    for name in names:
        # A limit: what is over it is scaled down to it.
        cut = [f for f in factors if f.value < 1 - 1e-6 - f.error]
        if not 1 < len(cut) < len(factors):
            return ""
        bound = min(cut, key=lambda f: f.error)
        limit = bound.value * bound.features[name]
        if _agree(factors, [min(1.0, limit / (f.features[name] or 1e-300)) for f in factors]):
            return f"the step is scaled down so that {name} is at most {limit:.6g}"
    return ""


def _fit_quotient(factors: Sequence[Factor], over: str, under: str) -> str:
    """The words for a factor c A / (B + e), where a constant c and a small e make it so.

    A tensor for which A or B is 0 may have a factor of its own.
    """
    numbers = [
        (f, f.features.get(over, np.float64(1)), f.features.get(under, np.float64(1)))
        for f in factors
    ]
    used = [(f, a, b) for f, a, b in numbers if a > 0 and b > 0]
    quotients = np.array([a / b for _, a, b in used])
    if 2 * len(used) < len(factors) or np.ptp(quotients) < 1e-3 * quotients.max():
        return ""
    # f (B + e) = c A, from all of them at once, each weighed by how well it is known.
    rows = np.array([(a, -f.value if under else 0.0) for f, a, _ in used])
    right = np.array([f.value * b for f, _, b in used])
    weight = np.array([1 / (f.error * b + 1e-12 * abs(f.value) * b + 1e-300) for f, _, b in used])
    weighed = rows * weight[:, None]
    size = np.maximum(np.abs(weighed).max(0), 1e-300)
    c, e = np.linalg.lstsq(weighed / size, right * weight, rcond=None)[0] / size
    if not 0 <= e < 0.01 * max(b for _, _, b in used):
        e = 0.0
        c = float(np.average(right / rows[:, 0], weights=weight))
    # Constants that somebody wrote down have few digits.
    for c, e in ((float(f"{c:.6g}"), float(f"{e:.2g}")), (c, e)):  # noqa: B020
        if _agree([f for f, _, _ in used], [c * a / (b + e) for _, a, b in used]):
            break
    else:
        return ""
    words = over or "1"
    if abs(c - 1) > 1e-6:
        words = f"{c:.6g} {'times ' if over else ''}{over}".strip()
    if under:
        words += f" / ({under} + {e:.3g})" if e > 1e-12 else f" / {under}"
    return f"the step of a tensor is multiplied by {words}"


def _describe_kind(factors: Sequence[Factor]) -> str:
    """A factor that some tensors have and others do not."""
    for words, holds in _KINDS:
        inside = [f for f in factors if holds(f.features)]
        outside = [f for f in factors if not holds(f.features)]
        if len(inside) < 2 or len(outside) < 2 or not _agree(outside, [1.0] * len(outside)):
            continue
        value = min(inside, key=lambda f: f.error).value
        if abs(value - 1) > 1e-6 and _agree(inside, [value] * len(inside)):
            return f"{words} the step is {_times(value)}, and right elsewhere"
    return ""


#: Kinds of tensors, in words.
_KINDS: tuple[tuple[str, Callable[[Features], Any]], ...] = (
    ("in 0-d tensors", lambda f: f["dimensions"] == 0),
    ("in vectors", lambda f: f["dimensions"] == 1),
    ("in tensors of fewer than two dimensions", lambda f: f["dimensions"] < 2),
    ("in matrices", lambda f: f["dimensions"] == 2),
    ("in tensors of three dimensions or more", lambda f: f["dimensions"] > 2),
    ("in the first tensor", lambda f: f["tensor"] == 0),
    ("in every tensor but the first", lambda f: f["tensor"] > 0),
    ("in the last tensor", lambda f: f["tensor"] == f["tensors"] - 1),
    ("in the last of several tensors",
     lambda f: f["tensor"] == f["tensors"] - 1 and f["tensors"] > 1),
    ("where there are several tensors", lambda f: f["tensors"] > 1),
    ("at the first step", lambda f: f["t"] == 1),
    ("at every step but the first", lambda f: f["t"] > 1),
)  # fmt: skip

_DESCRIPTIONS = (_describe_kind, _describe_schedule, _describe_quantity)
