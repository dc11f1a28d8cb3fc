"""Certified end points: float paths lie within the tolerances, and the tolerances are sharp."""

from __future__ import annotations

import json

import mpmath
import numpy as np
import pytest

from trainspec.conformance.basics.paths import golden_path
from trainspec.conformance.derivation.end_points import RULES, START, STEPS, format_end_points
from trainspec.conformance.derivation.golden_files import PATHS
from trainspec.optimizers import adagrad, adam, momentum, rmsprop, sgd

STORED = json.loads(golden_path(PATHS).read_text("utf-8"))
MODULES = {"sgd": sgd, "momentum": momentum, "adagrad": adagrad, "rmsprop": rmsprop, "adam": adam}


def walk(rule, dtype):
    module, place = MODULES[rule], [np.array(value, dtype) for value in START]
    states = [module.init(w) for w in place]
    for _ in range(STEPS):
        grads = [place[0] / dtype(10), dtype(2) * place[1]]
        moved = [module.step(w, g, s, **RULES[rule]) for w, g, s in zip(place, grads, states)]
        place, states = [w for w, _ in moved], [s for _, s in moved]
    return [float(w) for w in place]


@pytest.mark.parametrize("kind", ["float64", "float32"])
@pytest.mark.parametrize("rule", RULES)
def test_the_reference_s_paths_end_within_the_tolerance(rule, kind):
    certified = STORED["end_points"][rule]["canonical"]
    end = walk(rule, np.dtype(kind).type)
    off = np.abs(np.subtract(end, [certified["x"], certified["y"]]))
    allowed = np.array(certified["tolerance"][kind])
    assert (off <= allowed).all()
    assert (allowed < 1e4 * np.finfo(kind).eps * np.maximum(np.abs(end), 1)).all()


def test_momentum_s_end_is_that_of_another_arithmetic():
    """The same recursion with 60 digits of mpmath."""
    with mpmath.workdps(60):
        rate, rho = mpmath.mpf(RULES["momentum"]["learning_rate"]), mpmath.mpf(0.9)
        ends = []
        for start, slope in ((START[0], mpmath.mpf(1) / 10), (START[1], 2)):
            w, v = mpmath.mpf(start), mpmath.mpf(0)
            for _ in range(STEPS):
                v = rho * v - rate * slope * w
                w += v
            ends.append(float(w))
    certified = STORED["end_points"]["momentum"]["canonical"]
    assert ends == [certified["x"], certified["y"]]


@pytest.mark.slow
def test_the_file_is_what_is_derived():
    assert golden_path(PATHS).read_text("utf-8") == format_end_points()
