"""Random expressions, to compare enclosed arithmetic with Arb and with what implementations may round."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, field

import ml_dtypes
import numpy as np

from trainspec.conformance.arithmetic.enclosed import (
    Enclosed,
    Roundings,
    enclose_constants,
    enclose_exact,
)
from trainspec.conformance.arithmetic.enclosed_functions import ENCLOSED_FUNCTIONS
from trainspec.conformance.arithmetic.interval import (
    Interval,
    UnboundedError,
    enclose,
    enclose_constant,
    rounding_as,
)
from trainspec.conformance.arithmetic.interval_functions import INTERVAL_FUNCTIONS
from trainspec.conformance.basics.float_types import TYPES

ROUNDINGS = Roundings(tuple(TYPES.values()))
ARITY = {
    "exp": 1,
    "log": 1,
    "tanh": 1,
    "neg": 1,
    "abs": 1,
    "sqrt": 1,
    "sign": 1,
    "pow": 1,
    "lerp": 3,
    "where": 4,
}
#: How often each operation is drawn, in hundredths.
WEIGHTS = {
    "+": 17, "-": 17, "*": 18, "/": 12, "sqrt": 6, "abs": 4, "max": 4, "min": 3, "where": 4,
    "lerp": 3, "pow": 3, "sign": 1, "neg": 2, "exp": 2, "log": 2, "tanh": 2,
}  # fmt: skip
CONSTANTS = (0.1, 0.9, 0.999, 1e-8, 0.5, 2.0, 3.7)
WIDE = np.longdouble


@dataclass
class Tally:
    """What was compared, and what was wrong."""

    numbers: int = 0
    certified: int = 0
    wrong: list = field(default_factory=list)
    rounded: int = 0
    outside: list = field(default_factory=list)


def draw_numbers(draws, size):
    """Numbers of many kinds: with few digits, near one, tiny, huge, zero."""
    kind = draws.integers(0, 6)
    normal = draws.standard_normal(size)
    values = (
        normal,
        normal * 10.0 ** draws.integers(-12, 12, size),
        draws.integers(-8, 9, size) / 8,
        1 + normal * 2.0 ** -draws.integers(1, 50, size),
        np.abs(normal) * 10.0 ** draws.integers(-30, 3, size),
        np.round(normal * 16) / 16,
    )[kind]
    short = values.astype(ml_dtypes.bfloat16).astype(np.float64)
    return (short if draws.random() < 0.6 else values) + 0.0


def draw_expression(draws, depth):
    if depth == 0 or draws.random() < 0.12:
        if draws.random() < 0.8:
            return "input", int(draws.integers(0, 4))
        return "constant", float(draws.choice(CONSTANTS))
    name = str(draws.choice(list(WEIGHTS), p=np.array([*WEIGHTS.values()]) / 100))
    parts = [draw_expression(draws, depth - 1) for _ in range(ARITY.get(name, 2))]
    return name, parts, int(draws.integers(2, 6))


def evaluate(expression, inputs, functions, constant):
    if expression[0] == "input":
        return inputs[expression[1]]
    if expression[0] == "constant":
        return constant(expression[1])
    name, parts, power = expression
    a = [evaluate(part, inputs, functions, constant) for part in parts]
    match name:
        case "+":
            return a[0] + a[1]
        case "-":
            return a[0] - a[1]
        case "*":
            return a[0] * a[1]
        case "/":
            return a[0] / a[1]
        case "neg":
            return -a[0]
        case "pow":
            return a[0] ** power
        case "where":
            return functions["where"](functions["greater"](a[0], a[1]), a[2], a[3])
        case "max" | "min":
            return functions[f"{name}imum"](*a)
        case _:
            return functions[name](*a)


def round_at_random(draws, roundoff, usual):
    """Evaluation in a type that rounds as badly as it may, in long doubles.

    `usual` is set to False where an infinity or NaN is met on the way: their signs depend on signs
    of zeros, which nobody follows.
    """

    def lose(value):
        value = np.asarray(value, WIDE)
        return value * (1 + roundoff * draws.choice([-1, 1, 0.3], size=value.shape))

    def add(a, b):
        return np.where((a == 0) | (b == 0), a + b, lose(a + b))

    def walk(expression, inputs):
        value = step(expression, inputs)
        usual[...] &= np.isfinite(value)
        return value

    do = {
        "+": add,
        "-": lambda a, b: add(a, -b),
        "*": lambda a, b: lose(a * b),
        "/": lambda a, b: lose(a / b),
        "sqrt": lambda a: lose(np.sqrt(a)),
        "exp": lambda a: lose(np.exp(a)),
        "log": lambda a: lose(np.log(a)),
        "tanh": lambda a: lose(np.tanh(a)),
        "lerp": lambda a, b, weight: add(a, lose(weight * add(b, -a))),
        "where": lambda a, b, yes, no: np.where(a > b, yes, no),
        "max": np.maximum,
        "min": np.minimum,
        "neg": np.negative,
        "abs": np.abs,
        "sign": np.sign,
    }

    def step(expression, inputs):
        if expression[0] == "input":
            return inputs[expression[1]].astype(WIDE)
        if expression[0] == "constant":
            value = expression[1]
            return WIDE(value) if value in (0.5, 2.0) else lose(WIDE(value))
        name, parts, power = expression
        a = [walk(part, inputs) for part in parts]
        return lose(a[0] ** power) if name == "pow" else do[name](*a)

    return walk


def find_truth(expression, inputs):
    """The float64 nearest to the true value, by Arb with as many bits as it takes."""
    exact = [enclose(float(x)) for x in inputs]
    for bits in (320, 5000):
        with rounding_as(None, bits), np.errstate(all="ignore"):
            try:
                found = evaluate(expression, exact, INTERVAL_FUNCTIONS, enclose_constant)
                return found.nearest() if isinstance(found, Interval) else float(found)
            except UnboundedError:
                return None
            except ArithmeticError:
                continue
    return None


def compare(draws, tally, size=24, every=6):
    """One expression over many inputs: values with Arb's, bounds with bad rounding."""
    inputs = [draw_numbers(draws, size) for _ in range(4)]
    expression = draw_expression(draws, int(draws.integers(2, 6)))
    enclosed = [enclose_exact(ROUNDINGS, x) for x in inputs]
    found = evaluate(
        expression, enclosed, ENCLOSED_FUNCTIONS, lambda c: enclose_constants(ROUNDINGS, c)
    )
    if not isinstance(found, Enclosed) or found.shape != (size,):
        return  # constants alone
    values, certain = found.nearest()
    bounds = np.broadcast_to(found.bounds(), (len(TYPES), size))
    for index in range(0, size, every):
        tally.numbers += 1
        if not certain[index]:
            continue
        own = [x[index] for x in inputs]
        truth = find_truth(expression, own)
        if truth is None:
            continue
        tally.certified += 1
        if truth != values[index] and not (math.isnan(truth) and math.isnan(values[index])):
            tally.wrong.append((expression, own, truth, values[index]))
    for kind, allowed in zip(TYPES.values(), bounds):
        if kind.name == "float64":
            continue  # a long double sees too little of it
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            usual = np.ones(size, bool)
            got = round_at_random(draws, WIDE(kind.roundoff), usual)(expression, inputs)
            far = np.abs(got - values) - np.abs(values) * 2.0**-52
        judged = certain & np.isfinite(values) & np.isfinite(allowed) & usual
        tally.rounded += int(judged.sum())
        for index in np.flatnonzero(judged & (far > allowed * (1 + 1e-12))):
            tally.outside.append((kind.name, expression, [x[index] for x in inputs]))
